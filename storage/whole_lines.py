"""A business line that comes in one piece: the line, its words, its golden questions and its prompt, or nothing of it.

Reads nothing back; each part has its own store for that.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict
from core.whole import WholeLine
from storage.database import Database
from storage.lines import put_line
from storage.shapes import written
from storage.tables import golden as golden_table
from storage.tables import line as line_table
from storage.tables import prompt_version
from storage.words import put_list


class SqlWholeLines:
    """core.whole.WholeLineStore in a database. `changed` hears of the line that was added."""

    def __init__(self, db: Database, changed: Callable[[str], None]) -> None:
        self._db = db
        self._changed = changed

    async def add(self, whole: WholeLine, author: str) -> None:
        """See the port. One transaction."""
        taken = Conflict(f"There is a business line '{whole.line.id}' already.", param="id")

        def write(connection: Connection) -> None:
            if connection.scalar(select(line_table.c.id).where(line_table.c.id == whole.line.id)) is not None:
                raise taken
            put_line(connection, whole.line)
            for words in whole.word_lists:
                put_list(connection, words)
            if whole.golden:
                rows = [{**asdict(one), "expected": written(one.expected)} for one in whole.golden]
                connection.execute(insert(golden_table), rows)
            if whole.texts:
                _put_draft(connection, whole, author)

        try:
            await self._db.write(write)
        except IntegrityError:  # two at once, or a question that stands there twice
            raise taken from None
        self._changed(whole.line.id)


def _put_draft(connection: Connection, whole: WholeLine, author: str) -> None:
    now = datetime.now(UTC)
    values = {
        "line": whole.line.id,
        "version": 1,
        "texts": dict(whole.texts),
        "parameters": written(whole.parameters),
        "status": "draft",
        "note": whole.note,
        "author": author,
        "parent": None,
        "created_at": now,
        "updated_at": now,
        "published_at": None,
    }
    connection.execute(insert(prompt_version).values(**values))
