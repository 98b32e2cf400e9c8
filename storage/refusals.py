"""Keys of answers that a person called wrong. Knows no answer: a key is a digest."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection, select

from storage.database import Database
from storage.tables import refused_answer, turn
from storage.upsert import upsert


class SqlRefusals:
    """core.frequent.RefusalStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, line: str, key: bytes, turn_id: str | None) -> None:
        """A turn that is gone by now leaves the refusal standing."""

        def write(connection: Connection) -> None:
            known = connection.scalar(select(turn.c.id).where(turn.c.id == turn_id)) if turn_id else None
            values = {"key": key, "line": line, "turn_id": known, "refused_at": datetime.now(UTC)}
            upsert(connection, refused_answer, values)

        await self._db.write(write)

    async def since(self, moment: datetime | None) -> Sequence[bytes]:
        query = select(refused_answer.c.key)
        if moment is not None:
            query = query.where(refused_answer.c.refused_at >= moment)
        return await self._db.read(lambda connection: connection.scalars(query).all())
