"""Lists of sensitive words and what they hit. Knows no matching: a word is a string here."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from core.words import WordHit, WordList
from storage.database import Database
from storage.tables import turn, word_hit, word_list, word_version
from storage.upsert import upsert

_THE_ROW = 1
_AT_ONCE = 500
"""Turns asked for in one statement: SQLite bounds the number of its parameters."""


class SqlWordStore:
    """core.words.WordStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def version(self) -> int:
        query = select(word_version.c.version).where(word_version.c.id == _THE_ROW)
        return await self._db.read(lambda connection: connection.execute(query).scalar() or 0)

    async def lists(self, *, words: bool = False) -> Sequence[WordList]:
        columns = [column for column in word_list.c if words or column is not word_list.c.words]
        query = select(*columns).order_by(
            word_list.c.line.is_not(None), word_list.c.line, word_list.c.name, word_list.c.id
        )
        return await self._db.read(lambda connection: [_list(row) for row in connection.execute(query)])

    async def get(self, list_id: str) -> WordList | None:
        query = select(word_list).where(word_list.c.id == list_id)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        return _list(row) if row is not None else None

    async def put(self, words: WordList) -> None:
        await self._db.write(lambda connection: put_list(connection, words))

    async def delete(self, list_id: str) -> bool:
        statement = delete(word_list).where(word_list.c.id == list_id)

        def write(connection: Connection) -> bool:
            gone = connection.execute(statement).rowcount > 0
            if gone:
                _grow(connection)
            return gone

        return await self._db.write(write)

    async def note(self, hits: Sequence[WordHit]) -> None:
        """Hits of a turn that was erased meanwhile go with it."""
        if not hits:
            return

        def write(connection: Connection) -> None:
            here = _turns_here(connection, sorted({hit.turn_id for hit in hits if hit.turn_id is not None}))
            kept = [asdict(hit) for hit in hits if hit.turn_id is None or hit.turn_id in here]
            if kept:
                connection.execute(insert(word_hit), kept)

        await self._db.write(write)

    async def hits(
        self, since: datetime | None = None, until: datetime | None = None, line: str | None = None
    ) -> Sequence[WordHit]:
        query = select(word_hit).order_by(word_hit.c.at.desc(), word_hit.c.row.desc())
        if since is not None:
            query = query.where(word_hit.c.at >= since)
        if until is not None:
            query = query.where(word_hit.c.at < until)
        if line is not None:
            query = query.where(word_hit.c.line == line)
        return await self._db.read(lambda connection: [_hit(row) for row in connection.execute(query)])


def put_list(connection: Connection, words: WordList) -> None:
    """Insert or replace by id."""
    values = {column.name: getattr(words, column.name) for column in word_list.c}
    values |= {"words": list(words.words), "count": len(words.words), "updated_at": datetime.now(UTC)}
    upsert(connection, word_list, values)
    _grow(connection)


def _grow(connection: Connection) -> None:
    upsert(
        connection,
        word_version,
        {"id": _THE_ROW, "version": 1},
        changed={"version": word_version.c.version + 1},
    )


def _turns_here(connection: Connection, turn_ids: Sequence[str]) -> set[str]:
    here: set[str] = set()
    for at in range(0, len(turn_ids), _AT_ONCE):
        query = select(turn.c.id).where(turn.c.id.in_(turn_ids[at : at + _AT_ONCE]))
        here.update(connection.execute(query).scalars())
    return here


def _list(row: Row[Any]) -> WordList:
    values = dict(row._mapping)
    return WordList(**values | {"words": tuple(values.get("words", ()))})


def _hit(row: Row[Any]) -> WordHit:
    values = dict(row._mapping)
    del values["row"]
    return WordHit(**values)
