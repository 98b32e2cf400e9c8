"""Business lines, as the manager keeps them. Knows no starter line; those are put here like any other."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from core.messages import BusinessLine
from storage.database import Database
from storage.tables import line as line_table
from storage.upsert import upsert

KNOWN_SECONDS = 1.0
"""How long a line that was read is taken to be as it was: another process may change it."""
_MOST_KNOWN = 1000


class SqlLineStore:
    """core.ports.LineStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, BusinessLine]] = {}
        self._changes = 0

    async def all(self) -> Sequence[BusinessLine]:
        """Every line, archived ones too, in the order in which they were made."""
        query = select(line_table).order_by(line_table.c.created_at, line_table.c.id)
        return await self._db.read(lambda connection: [_line(row) for row in connection.execute(query)])

    async def get(self, line: str) -> BusinessLine | None:
        """See the port. What this process puts is seen at once, what another puts within KNOWN_SECONDS."""
        read_at, known = self._known.get(line, (0.0, None))
        if known is not None and time.monotonic() - read_at < KNOWN_SECONDS:
            return known
        read_at, changes = time.monotonic(), self._changes
        if known is not None:
            self._known[line] = (read_at, known)  # whoever asks meanwhile is content with what was known
        query = select(line_table).where(line_table.c.id == line)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        found = _line(row)
        if changes == self._changes:  # else it was read before a change that is done by now
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[line] = (read_at, found)
        return found

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
        self._changes += 1
        self._known.pop(line.id, None)


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
