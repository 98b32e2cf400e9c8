"""Answers that are being said, kept as far as they have come: all that grow in the same moment in one write.

Knows no answer's end. A hundred answers grow two hundred times a second, which by themselves cost as much as all their words.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, bindparam, select, update

from core.errors import StorageDamaged
from core.messages import TurnStatus
from storage import places
from storage.database import Database
from storage.fresh import apart
from storage.ownership import KEY
from storage.prepared import run_for_each
from storage.rows import sealed_text
from storage.tables import conversation, subject, turn
from storage.writer import Batch

log = structlog.get_logger()

MOMENT_SECONDS = 0.05
PATIENCE_SECONDS = 1.0
"""How long somebody who wants to know waits for a piece to be stored."""


@dataclass(frozen=True, slots=True)
class Grown:
    """An answer so far. `owner` is a pseudonym."""

    turn_id: str
    owner: str
    answer: str


class GrowingAnswers:
    """What grows while a write is under way goes with the next; of each answer the longest alone."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._grown: dict[str, Grown] = {}
        self._told: asyncio.Future[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._batch: Batch[Sequence[Grown], None] = lambda connection, grown: grow_all(connection, db, grown)

    def keep(self, one: Grown) -> "asyncio.Future[None]":
        """Tells when it is stored, or could not be within PATIENCE_SECONDS."""
        self._grown[one.turn_id] = one
        if self._told is None:
            self._told = asyncio.get_running_loop().create_future()
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep())
        return self._told

    async def _keep(self) -> None:
        while self._told is not None:
            await asyncio.sleep(MOMENT_SECONDS)
            grown, told = tuple(self._grown.values()), self._told
            self._grown, self._told = {}, None
            writing = asyncio.ensure_future(self._db.write_batch(self._batch, grown))
            await asyncio.wait([writing], timeout=PATIENCE_SECONDS)
            if not told.done():
                told.set_result(None)
            await asyncio.wait([writing])
            if (error := writing.exception()) is not None:
                log.warning("partial_not_stored", answers=len(grown), error=type(error).__name__)


def grow_all(connection: Connection, db: Database, several: Sequence[Sequence[Grown]]) -> list[None]:
    """Touches nothing that has ended, is erased or is not the owner's."""
    grown = {one.turn_id: one for some in several for one in some}
    rows = []
    for row in connection.execute(_growing, {"ids": list(grown)}):
        one = grown[row.id]
        if row.owner != one.owner:
            continue
        try:
            cipher = db.keys.of(connection, row)
        except StorageDamaged:
            log.warning("partial_not_stored", turn=row.id, error=StorageDamaged.__name__)
            continue
        sealed = sealed_text(cipher, one.answer, places.answer(row.id, row.conversation_id))
        rows.append({"the_id": row.id, "running": RUNNING, "answer": sealed})
    with apart(connection):  # what a running turn said so far is in no digest
        run_for_each(connection, _grow, rows)
    return [None] * len(several)


RUNNING = TurnStatus.RUNNING.value
_growing = (
    select(turn.c.id, turn.c.conversation_id, *KEY)
    .select_from(turn.join(conversation).join(subject))
    .where(turn.c.id.in_(bindparam("ids", expanding=True)), turn.c.status == RUNNING)
)
_grow = (
    update(turn)
    .where(turn.c.id == bindparam("the_id"), turn.c.status == bindparam("running"))
    .values(answer=bindparam("answer"))
)
