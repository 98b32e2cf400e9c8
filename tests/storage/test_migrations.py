"""From every release to this one: the rows stay, and the tables end up as storage/tables.py has them."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from langchain_core.documents import Document as Section
from sqlalchemy import Connection, func, select

from core.documents import Chunk
from core.errors import StorageUnavailable
from core.messages import TurnStatus
from core.ports import TranscriptFilter
from knowledge.splitting import chunks_of
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.tables import metadata
from storage.transcripts import SqlTranscriptReader
from tests.storage.frozen import REVISIONS, fill

ROOT = Path(__file__).parents[2]

NEW_SINCE = {
    "queued_file", "golden", "attachment", "attachment_chunk",
    "account", "session", "word_list", "word_version", "word_hit", "audit",
}  # fmt: skip


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_object": _ours})
    return list(compare_metadata(context, metadata))


def _ours(_item: object, name: str | None, *_more: object) -> bool:
    return name != "chunk_vector"  # PostgreSQL's alone: storage/vectors.py


async def test_tables_py_is_what_the_migrations_make(db: Database) -> None:
    assert await db.read(differences) == []


@pytest.mark.parametrize("revision", REVISIONS)
async def test_an_older_database_keeps_its_rows_through_every_migration(url: str, revision: str) -> None:
    fill(url, revision)
    db = Database(url)
    await db.start()
    cut_off, answered = await SqlTranscriptReader(db).turns(TranscriptFilter())
    counts = await db.read(
        lambda connection: {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }
    )
    different = await db.read(differences)
    await db.aclose()
    assert (cut_off.question, cut_off.record.status) == ("And when?", TurnStatus.INTERRUPTED)
    assert answered.record.answer == "付款后 48 小时内发货。"
    assert (len(answered.record.sources), answered.feedback_comment) == (2, "too long")
    assert {name for name, count in counts.items() if count == 0} == NEW_SINCE
    assert different == []


def read_again(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The chunks that reading such a file makes today."""
    parts = [
        Section(
            page_content=one.text,
            metadata={"kind": one.kind, "title": one.title, "match": one.match, "language": one.language}
            | {"location": one.location},
        )
        for one in chunks
    ]
    return list(chunks_of(parts, "bank", "d2", "rates.md"))


async def test_chunks_get_rows_and_ids_that_follow_from_what_they_say(url: str) -> None:
    fill(url, "0002")
    db = Database(url)
    await db.start()
    store = SqlDocumentStore(db)
    rates = await store.read("bank", await store.rows("bank"))
    (returns,) = await store.read("shop", await store.rows("shop"))
    versions = [await store.version(base) for base in ("bank", "shop")]
    document = await store.get("bank", "d3")
    turns = await SqlTranscriptReader(db).turns(TranscriptFilter())
    await db.aclose()
    assert [one.row for one in rates] == [1, 2, 3]
    assert [one.id for one in rates] == [one.id for one in read_again(rates)], (
        "another upload would change them"
    )
    assert rates[1].id == f"{rates[0].id}-2"
    assert (rates[2].match, rates[2].valid_until) == (("怎么开户?", "如何开户"), date(2026, 12, 31))
    assert (returns.row, returns.match, returns.status, returns.owner) == (4, ("能退吗",), "approved", "")
    assert versions == [5, 2], "an index made before must learn that the rows are new"
    assert document is not None
    assert (document.notes, document.columns, document.error) == ((), {}, "The file is only a scan.")
    assert [source.base for turn in turns for source in turn.record.sources] == ["shop", ""]


START = (
    "import asyncio, sys\nfrom storage.database import Database\nasyncio.run(Database(sys.argv[1]).start())"
)


def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    children = [subprocess.Popen([sys.executable, "-c", START, url], cwd=ROOT) for _ in range(3)]
    assert [child.wait(30) for child in children] == [0, 0, 0]


async def test_a_database_of_a_newer_xiaoq_is_left_alone(url: str) -> None:
    db = Database(url)
    await db.start()
    await db.write(
        lambda connection: (
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'").rowcount
        )
    )
    await db.aclose()
    again = Database(url)
    with pytest.raises(StorageUnavailable, match="newer"):
        await again.start()
    await again.aclose()
