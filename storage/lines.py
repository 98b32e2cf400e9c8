"""Business lines, as the manager keeps them. Knows no starter line; those are put here like any other."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from core.messages import BusinessLine
from storage.database import Database
from storage.tables import line
from storage.upsert import upsert


class SqlLineStore:
    """core.ports.LineStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self) -> Sequence[BusinessLine]:
        """Every line, archived ones too, in the order in which they were made."""
        query = select(line).order_by(line.c.created_at, line.c.id)
        return await self._db.read(lambda connection: [_line(row) for row in connection.execute(query)])

    async def get(self, line_id: str) -> BusinessLine | None:
        query = select(line).where(line.c.id == line_id)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        return _line(row) if row is not None else None

    async def put(self, business_line: BusinessLine) -> None:
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "id": business_line.id,
            "names": dict(business_line.names),
            "bases": list(business_line.bases),
            "persona": business_line.persona,
            "greeting": dict(business_line.greeting),
            "suggestions": {key: list(some) for key, some in business_line.suggestions.items()},
            "contact": dict(business_line.contact),
            "archived": business_line.archived,
            "created_at": now,
            "updated_at": now,
        }
        await self._db.write(lambda connection: upsert(connection, line, values, keep=("created_at",)))


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
