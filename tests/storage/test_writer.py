"""How many writes share a transaction: many where nobody waits, fewer where somebody does; and what it asks the file once."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, insert, text

from storage import writer
from storage.database import Database
from storage.driver import data_version, file_of
from storage.tables import base_version
from storage.writer import BESIDE, GROUP, MANY, OWED_GROUP
from tests.storage.rooms import writer_held
from tests.support.keys import MASTER


class Batches:
    """Notes how many went with each transaction."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.lost: list[Exception] = []

    def __call__(self, connection: Connection, numbers: Sequence[int]) -> list[int]:
        self.sizes.append(len(numbers))
        rows = [{"base": f"b{number}", "version": number} for number in numbers]
        connection.execute(insert(base_version), rows)
        return list(numbers)

    def owe(self, db: Database, numbers: range) -> None:
        for number in numbers:
            db.owe(self, number, lambda _, error: self.lost.append(error))


async def stored(db: Database) -> int:
    found = await db.read(lambda connection: connection.scalar(text("SELECT count(*) FROM base_version")))
    assert isinstance(found, int)
    return found


async def test_what_nobody_waits_for_goes_together(db: Database) -> None:
    batches = Batches()
    batches.owe(db, range(OWED_GROUP + 90))
    assert await stored(db) == OWED_GROUP + 90
    assert batches.sizes == [OWED_GROUP, 90]
    assert not batches.lost


async def test_who_waits_finds_little_beside_their_write(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A disk under load takes longer for a commit than what is of late otherwise.
    monkeypatch.setattr(writer, "OF_LATE_SECONDS", 60.0)
    batches = Batches()
    async with writer_held(db):
        batches.owe(db, range(1000))
        waited = [asyncio.ensure_future(db.write_batch(batches, 1000 + number)) for number in range(MANY)]
        await asyncio.sleep(0.05)
    assert await asyncio.gather(*waited) == [1000 + number for number in range(MANY)]
    assert await stored(db) == 1000 + MANY
    first, second, *_ = batches.sizes
    assert first == BESIDE + MANY
    assert second <= BESIDE  # soon after somebody waited
    assert max(batches.sizes) <= OWED_GROUP
    assert not batches.lost


async def test_those_who_wait_share_one_transaction(db: Database) -> None:
    batches = Batches()
    async with writer_held(db):
        waited = [asyncio.ensure_future(db.write_batch(batches, number)) for number in range(GROUP + 40)]
        await asyncio.sleep(0.05)
        batches.owe(db, range(1000, 1050))  # no room beside those who wait
    assert await asyncio.gather(*waited) == list(range(GROUP + 40))
    assert await stored(db) == GROUP + 40 + 50
    assert batches.sizes == [GROUP, 40 + 50]


async def test_a_transaction_asks_once_whether_others_wrote(sqlite_url: str) -> None:
    one, other = Database(sqlite_url, MASTER), Database(sqlite_url, MASTER)
    await one.start()
    await other.start()

    def asked(connection: Connection) -> tuple[list[int | None], int]:
        file, statements = file_of(connection), list[str]()
        assert file is not None
        file.set_trace_callback(statements.append)
        versions = [data_version(connection) for _ in range(3)]
        file.set_trace_callback(None)
        return versions, len(statements)

    before, statements = await one.write(asked)
    assert statements == 1
    assert (await one.write(asked))[0] == before
    await other.write(
        lambda connection: connection.execute(insert(base_version), [{"base": "b", "version": 1}])
    )
    after, statements = await one.write(asked)
    assert statements == 1
    assert len(set(after)) == 1
    assert after != before
    await one.aclose()
    await other.aclose()
