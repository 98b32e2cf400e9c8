"""What a turn stands on, sealed in the turn's own row.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The rows of `source` stay where they are: each of their turns would have to be sealed anew.

    NULL adds nothing to a turn's seal.
    """
    op.add_column("turn", sa.Column("sources", sa.LargeBinary(), nullable=True))
