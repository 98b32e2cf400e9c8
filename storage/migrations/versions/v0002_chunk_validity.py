"""The dates between which an FAQ pair holds; pairs stored before them hold always."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("chunk", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("chunk", sa.Column("valid_until", sa.Date(), nullable=True))
