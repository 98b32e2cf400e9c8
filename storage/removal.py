"""Deletes conversations with all that hangs on them, out of the seals' total, and keys that are used no more.

Knows no reason why: owners, retention and erasure have theirs.
"""

from sqlalchemy import ColumnElement, Connection, delete, select

from storage import customers
from storage.database import Database
from storage.slices import slices
from storage.tables import conversation


def remove(
    connection: Connection, db: Database, theirs: ColumnElement[bool], at_most: int | None = None
) -> tuple[int, int]:
    """In a write: delete the conversations that the condition takes; gives how many, and how many keys went."""
    query = (
        select(conversation.c.id, conversation.c.owner, conversation.c.customer_hash, conversation.c.seal)
        .where(theirs)
        .order_by(conversation.c.id)
        .limit(at_most)
        .with_for_update()
    )
    found = connection.execute(query).all()
    for some in slices([row.id for row in found]):
        connection.execute(delete(conversation).where(conversation.c.id.in_(some)))
    db.seals.dropped(connection, (row.seal for row in found))
    db.removed.note([row.id for row in found])
    gone = db.keys.drop_unused(connection, sorted({row.owner for row in found}))
    customers.drop_unused(connection, {(row.owner, row.customer_hash) for row in found})
    return len(found), gone
