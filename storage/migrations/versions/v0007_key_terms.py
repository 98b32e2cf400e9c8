"""Terms of API keys: when they expire, what they may call, how much of it, and what they have used.

Revision ID: 0007
Revises: 0006
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LIMITS = (
    "requests_per_minute",
    "requests_per_day",
    "tokens_per_minute",
    "tokens_per_day",
    "streams",
    "token_budget",
)


def upgrade() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("scopes", sa.Text(), nullable=False, server_default=""),
        *(sa.Column(name, sa.BigInteger(), nullable=True) for name in _LIMITS),
        sa.Column("tokens_used", sa.BigInteger(), nullable=False, server_default="0"),
    )
    for column in columns:
        op.add_column("api_key", column)
