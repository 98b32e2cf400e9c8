"""From the hits in a text to what is kept of them: a number for each list, and none of the words.

It knows no store.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from core.words import Direction, WordHit
from pipelines.words.verdict import Hit


def tally(
    hits: Iterable[Hit], *, line: str, turn_id: str | None, direction: Direction, at: datetime
) -> list[WordHit]:
    """One entry a list, in the order in which the lists were first hit. `at` is UTC."""
    counted = Counter((hit.list_id, hit.list_name, hit.category, hit.action) for hit in hits)
    return [
        WordHit(at, line, turn_id, direction, list_id, name, category, action, number)
        for (list_id, name, category, action), number in counted.items()
    ]
