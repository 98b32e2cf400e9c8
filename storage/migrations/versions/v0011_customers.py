"""Customers have a row for each owner they ask as, in the place of an index of all conversations.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner"], ["subject.owner"], name=op.f("fk_customer_subject"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("owner", "hash", name=op.f("pk_customer")),
    )
    op.create_index(op.f("ix_customer_hash"), "customer", ["hash"])
    op.execute(
        "INSERT INTO customer (owner, hash) SELECT DISTINCT owner, customer_hash FROM conversation"
        " WHERE customer_hash IS NOT NULL"
    )
    op.drop_index(op.f("ix_conversation_customer_hash"), "conversation")
