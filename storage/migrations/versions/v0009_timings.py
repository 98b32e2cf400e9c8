"""What a turn took, step by step, in the turn's own row.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The rows of `timing` stay where they are: each of their turns would have to be sealed anew.

    NULL adds nothing to a turn's seal.
    """
    op.add_column("turn", sa.Column("timings", sa.Text(), nullable=True))
