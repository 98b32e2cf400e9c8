"""What turns took, step by step: as a text in the turn's own row, or as the rows that earlier versions wrote of it.

Knows no turn but by its id.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection, select

from storage.slices import slices
from storage.tables import timing

log = structlog.get_logger()


def written(timings: Mapping[str, int]) -> str | None:
    """For `turn.timings`: the same text for the same times, in whatever order they were taken. None where there are none."""
    return orjson.dumps(dict(timings), option=orjson.OPT_SORT_KEYS).decode() if timings else None


def read(turn_id: str, text: str) -> dict[str, int]:
    """What `written` wrote. What somebody else put there is logged and says nothing."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and all(type(took) is int for took in found.values()):
        return found
    log.error("row_damaged", table="turn", id=turn_id, column="timings")
    return {}


def read_all(connection: Connection, rows: Sequence[Any]) -> dict[str, dict[str, int]]:
    """By id, what these rows of `turn` took. Those that took nothing yet are left out."""
    took = {row.id: read(row.id, row.timings) for row in rows if row.timings is not None}
    return took | _as_rows(connection, [row.id for row in rows if row.timings is None])


def _as_rows(connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for some in slices(ids):
        for row in connection.execute(select(timing).where(timing.c.turn_id.in_(some))):
            found[row.turn_id][row.step] = row.milliseconds
    return found
