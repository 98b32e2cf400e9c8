"""Which knowledge bases a business line reads and writes: the one place that says so.

Does not look anything up: a line's bases stand in the line.
"""

from functools import lru_cache

from core.documents import SHARED_BASE
from core.messages import BusinessLine


def searched(line: BusinessLine) -> tuple[str, ...]:
    """The bases a question on this line is answered from: those it names, its own, and the one all share."""
    return _in_order(tuple(line.bases), owned(line))


@lru_cache(1000)
def _in_order(named: tuple[str, ...], own: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*named, own, SHARED_BASE]))


def owned(line: BusinessLine) -> str:
    """The base that uploads to this line go to."""
    return line.id
