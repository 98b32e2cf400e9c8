"""Business lines, as the manager keeps them. Knows no starter line; those are put here like any other."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from core.messages import BusinessLine
from storage.database import Database
from storage.tables import line as line_table
from storage.upsert import upsert


class SqlLineStore:
    """core.ports.LineStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[BusinessLine]:
        """Every line, archived ones too, in the order in which they were made."""
        query = select(line_table).order_by(line_table.c.created_at, line_table.c.id)
        return await self._db.read(lambda connection: [_line(row) for row in connection.execute(query)])

    async def get(self, line: str) -> BusinessLine | None:
        query = select(line_table).where(line_table.c.id == line)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        return _line(row) if row is not None else None

    async def put(self, line: BusinessLine) -> None:
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "id": line.id,
            "names": dict(line.names),
            "bases": list(line.bases),
            "persona": line.persona,
            "greeting": dict(line.greeting),
            "suggestions": {key: list(some) for key, some in line.suggestions.items()},
            "contact": dict(line.contact),
            "archived": line.archived,
            "created_at": now,
            "updated_at": now,
        }
        await self._db.write(lambda connection: upsert(connection, line_table, values, keep=("created_at",)))


def _line(row: Row[Any]) -> BusinessLine:
    return BusinessLine(
        id=row.id,
        names=row.names,
        bases=tuple(row.bases),
        persona=row.persona,
        greeting=row.greeting,
        suggestions={key: tuple(some) for key, some in row.suggestions.items()},
        contact=row.contact,
        archived=row.archived,
    )
