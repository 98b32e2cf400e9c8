"""Erases what is older than it may be kept, in every table. Knows no clock and no schedule.

The audit is not among them: it names nobody, and logs of who did what must outlast what they tell of.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from storage.database import Database
from storage.removal import remove
from storage.tables import conversation, queued_file, session, subject, word_hit

_AT_ONCE = 200
"""Conversations erased in one write, so that questions need not wait for a long one."""

_QUEUE_DAYS = 30
"""How long a batch can be looked up after it ended."""


async def nothing() -> None:
    """For where no copy is kept."""


async def purge(
    db: Database, days: int, now: datetime, after: Callable[[], Awaitable[None]] = nothing
) -> Mapping[str, int]:
    """Erase conversations untouched for `days` days before `now` (aware); 0 days keeps them all.

    What hangs on them goes too, and the keys of owners who have none left. Hits of words that hang on no turn go
    at the same age. Batches that ended go after a month in any case, sessions when they have expired. Gives how
    many rows of which table; when this returns, nothing of them is in the database's files. `after` is called where
    conversations went: copies are to follow.
    """
    month = now - timedelta(days=_QUEUE_DAYS)
    ended = delete(queued_file).where(queued_file.c.status != "waiting", queued_file.c.queued_at < month)
    expired = delete(session).where(session.c.expires_at <= now)
    gone = {
        "queued_file": await db.write(lambda connection: connection.execute(ended).rowcount, later=True),
        "session": await db.write(lambda connection: connection.execute(expired).rowcount, later=True),
        "conversation": 0,
        "subject": 0,
        "word_hit": 0,
    }
    if days > 0:
        await _conversations(db, now - timedelta(days=days), gone)
    gone["subject"] += await _unused_keys(db)
    if any(gone.values()):
        await asyncio.to_thread(db.sweep)
    if gone["conversation"] or gone["subject"]:
        await after()
    return gone


async def _conversations(db: Database, oldest: datetime, gone: dict[str, int]) -> None:
    old = conversation.c.updated_at < oldest

    def write(connection: Connection) -> tuple[int, int]:
        return remove(connection, db, old, _AT_ONCE)

    while (some := await db.write(write, later=True)) != (0, 0):
        gone["conversation"] += some[0]
        gone["subject"] += some[1]
    hits = delete(word_hit).where(word_hit.c.at < oldest, word_hit.c.turn_id.is_(None))
    gone["word_hit"] = await db.write(lambda connection: connection.execute(hits).rowcount, later=True)


async def _unused_keys(db: Database) -> int:
    """The keys of subjects whom no conversation is left of, whatever took the last one."""
    used = select(conversation.c.id).where(conversation.c.owner == subject.c.owner).exists()
    unused = select(subject.c.owner).where(~used).order_by(subject.c.owner).limit(_AT_ONCE)

    def write(connection: Connection) -> int:
        return db.keys.drop_unused(connection, connection.scalars(unused).all())

    gone = 0
    while some := await db.write(write, later=True):
        gone += some
    return gone
