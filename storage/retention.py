"""Erases what is older than it may be kept: conversations, ended batches. Knows no clock and no schedule."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from storage.database import Database
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
    expired = (
        select(conversation.c.id, conversation.c.owner)
        .where(conversation.c.updated_at < oldest)
        .order_by(conversation.c.id)
        .limit(_AT_ONCE)
    )

    def write(connection: Connection) -> int:
        found = connection.execute(expired).all()
        of_them = conversation.c.id.in_([row.id for row in found])
        gone = connection.execute(delete(conversation).where(of_them, conversation.c.updated_at < oldest))
        db.keys.drop_unused(connection, sorted({row.owner for row in found}))
        return gone.rowcount

    erased = 0
    while some := await db.write(write):
        erased += some
    return erased
