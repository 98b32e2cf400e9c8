"""Erases what is older than it may be kept: conversations, ended batches. Knows no clock and no schedule."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from storage.database import Database
from storage.removal import remove
from storage.tables import conversation, queued_file

_AT_ONCE = 200
"""Conversations erased in one write, so that questions need not wait for a long one."""


_QUEUE_DAYS = 30
"""How long a batch can be looked up after it ended."""


async def purge(db: Database, days: int, now: datetime) -> int:
    """Erase conversations untouched for `days` days before `now` (aware); 0 days keeps them all.

    Returns how many were erased. What hangs on them goes too, and the keys of owners who have none left; batches that ended go after a month in any case.
    """
    ended = delete(queued_file).where(
        queued_file.c.status != "waiting", queued_file.c.queued_at < now - timedelta(days=_QUEUE_DAYS)
    )
    await db.write(lambda connection: connection.execute(ended).rowcount)
    if days <= 0:
        return 0
    oldest = now - timedelta(days=days)
    expired = conversation.c.updated_at < oldest
    erased = 0
    while some := await db.write(lambda connection: remove(connection, db, expired, _AT_ONCE)[0]):
        erased += some
    return erased
