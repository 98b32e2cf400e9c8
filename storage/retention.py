"""Erases conversations that are older than they may be kept. Knows no clock and no schedule."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from storage.database import Database
from storage.tables import conversation

_AT_ONCE = 200
"""Conversations erased in one write, so that questions need not wait for a long one."""


async def purge(db: Database, days: int, now: datetime) -> int:
    """Erase conversations untouched for `days` days before `now` (aware); 0 days keeps everything.

    Returns how many were erased.
    """
    if days <= 0:
        return 0
    oldest = now - timedelta(days=days)
    expired = select(conversation.c.id).where(conversation.c.updated_at < oldest).limit(_AT_ONCE)

    def write(connection: Connection) -> int:
        return connection.execute(delete(conversation).where(conversation.c.id.in_(expired))).rowcount

    erased = 0
    while some := await db.write(write):
        erased += some
    return erased
