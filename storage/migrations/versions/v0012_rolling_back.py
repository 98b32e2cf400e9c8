"""A line knows what was live on it before, one after the other: going back no longer goes round in a circle.

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Mapping

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_line = sa.table(
    "line",
    sa.column("id", sa.Text),
    sa.column("live_prompt", sa.Integer),
    sa.column("earlier_prompts", sa.JSON),
)
_version = sa.table(
    "prompt_version",
    sa.column("line", sa.Text),
    sa.column("version", sa.Integer),
    sa.column("follows", sa.Integer),
)


def upgrade() -> None:
    op.add_column("line", sa.Column("earlier_prompts", sa.JSON(), nullable=False, server_default="[]"))
    connection = op.get_bind()
    for line, live in connection.execute(
        sa.select(_line.c.id, _line.c.live_prompt).where(_line.c.live_prompt.is_not(None))
    ).all():
        versions = sa.select(_version.c.version, _version.c.follows).where(_version.c.line == line)
        follows = {row.version: row.follows for row in connection.execute(versions)}
        earlier = _before(live, follows)
        connection.execute(sa.update(_line).where(_line.c.id == line).values(earlier_prompts=earlier))


def _before(live: int, follows: Mapping[int, int | None]) -> list[int | None]:
    """What was live before, the oldest first and once each: a version that was published again led round in a circle."""
    way = list[int | None]()
    at = follows.get(live)
    while at is not None and at != live and at not in way:
        way.append(at)
        at = follows.get(at)
    return [None, *reversed(way)]
