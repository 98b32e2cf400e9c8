"""Seals on conversations and on all that hangs on them.

Revision ID: 0006
Revises: 0005
"""

from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from storage.ring import KeyRing
from storage.seals import Seals, in_bytes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_AT_ONCE = 500

_OF_CONVERSATION = ("turn", "vault", "attachment")
_OF_TURN = ("source", "timing", "feedback")


def upgrade() -> None:
    op.create_table(
        "seal_total",
        sa.Column("writer", sa.Text(), nullable=False),
        sa.Column("amount", sa.LargeBinary(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("writer", name=op.f("pk_seal_total")),
    )
    for name in ("members", "seal"):
        op.add_column("conversation", sa.Column(name, sa.LargeBinary(32), nullable=True))
    ring: KeyRing = context.config.attributes["open_ring"]()
    _seal_all(op.get_bind(), Seals(ring))
    with op.batch_alter_table("conversation") as table:
        for name in ("members", "seal"):
            table.alter_column(name, existing_type=sa.LargeBinary(32), nullable=False)


def _seal_all(connection: sa.Connection, seals: Seals) -> None:
    metadata = sa.MetaData()
    names = ("conversation", *_OF_CONVERSATION, *_OF_TURN, "attachment_chunk")
    tables = {name: sa.Table(name, metadata, autoload_with=connection) for name in names}
    conversation, total, last = tables["conversation"], 0, ""
    while True:
        query = sa.select(conversation).where(conversation.c.id > last).order_by(conversation.c.id)
        rows = connection.execute(query.limit(_AT_ONCE)).all()
        if not rows:
            break
        members = _members(connection, seals, tables, [row.id for row in rows])
        for row in rows:
            values = {**row._mapping, "members": in_bytes(members[row.id])}
            seal = seals.conversation(values)
            total += int.from_bytes(seal)
            this = sa.update(conversation).where(conversation.c.id == row.id)
            connection.execute(this.values(members=values["members"], seal=seal))
        last = rows[-1].id
    if total:
        amount = in_bytes(total)
        table = sa.Table("seal_total", metadata, autoload_with=connection)
        digest = seals.total("migration", amount)
        connection.execute(sa.insert(table).values(writer="migration", amount=amount, digest=digest))


def _members(
    connection: sa.Connection, seals: Seals, tables: dict[str, sa.Table], ids: list[str]
) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    turn, attachment = tables["turn"], tables["attachment"]
    for name, table in tables.items():
        whose: Any
        if name in _OF_CONVERSATION:
            query, whose = sa.select(table), table.c.conversation_id
        elif name in _OF_TURN:
            query, whose = sa.select(table).join(turn, turn.c.id == table.c.turn_id), turn.c.conversation_id
        elif name == "attachment_chunk":
            query = sa.select(table).join(attachment, attachment.c.id == table.c.attachment_id)
            whose = attachment.c.conversation_id
        else:
            continue
        rows = connection.execute(query.add_columns(whose.label("whose")).where(whose.in_(ids)))
        for row in rows:
            values = {column.name: row._mapping[column.name] for column in table.c}
            found[row.whose] += seals.member(name, values)
    return found
