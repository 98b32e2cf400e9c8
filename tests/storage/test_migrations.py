"""From every release to this one: the rows stay, and the tables end up as storage/tables.py has them."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from langchain_core.documents import Document as Section
from sqlalchemy import Connection, func, select, text

from core.documents import Chunk
from core.errors import StorageUnavailable
from core.messages import TurnStatus
from core.ports import TranscriptFilter
from knowledge.splitting import chunks_of
from storage.attachments import SqlAttachmentStore
from storage.connections import make_engine, parse_url
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.migrate import MIGRATIONS, newest
from storage.prompts import SqlPromptStore
from storage.queue import SqlIngestQueue
from storage.secrets import derive
from storage.tables import api_key, metadata
from storage.transcripts import SqlTranscriptReader
from storage.verify import SqlSeals
from tests.storage.frozen import REVISIONS, fill
from tests.support.keys import MASTER
from tests.support.traces import found_in

ROOT = Path(__file__).parents[2]

NEW_SINCE_0007 = {
    "golden_proposal", "prompt_version", "experiment", "evaluation", "evaluation_result", "refused_answer",
}  # fmt: skip
NEW_SINCE_0003 = NEW_SINCE_0007 | {
    "account", "session", "word_list", "word_version", "word_hit", "audit", "vault",
}  # fmt: skip
NEW_SINCE = NEW_SINCE_0003 | {"queued_file", "golden", "attachment", "attachment_chunk"}
NEW_SINCE |= {"customer"}  # nobody was named by those who called


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
    db = Database(url, MASTER)
    await db.start()
    cut_off, answered = await SqlTranscriptReader(db).turns(TranscriptFilter())
    counts = await db.read(
        lambda connection: {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }
    )
    different = await db.read(differences)
    seals = await SqlSeals(db).verify()
    await db.aclose()
    assert (cut_off.question, cut_off.record.status) == ("And when?", TurnStatus.INTERRUPTED)
    assert answered.record.answer == "付款后 48 小时内发货。"
    assert (len(answered.record.sources), answered.feedback_comment) == (2, "too long")
    assert answered.record.timings == {"total": 40, "retrieve": 12}
    assert (cut_off.record.timings, seals.whole) == ({}, True)
    new = {"timing"} if revision == "0009" else set()
    new |= NEW_SINCE if revision < "0003" else NEW_SINCE_0003
    assert {name for name, count in counts.items() if count == 0} == new
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
    db = Database(url, MASTER)
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
    "import asyncio, sys\nfrom storage.database import Database\nfrom tests.support.keys import MASTER\n"
    "asyncio.run(Database(sys.argv[1], MASTER).start())"
)


def test_processes_that_start_at_once_migrate_once(url: str) -> None:
    children = [subprocess.Popen([sys.executable, "-c", START, url], cwd=ROOT) for _ in range(3)]
    assert [child.wait(90) for child in children] == [0, 0, 0]


OPENED_AGAIN = """
import asyncio, sys
from storage.database import Database
from tests.support.keys import MASTER

async def opened():
    db = Database(sys.argv[1], MASTER)
    await db.start()
    await db.aclose()

asyncio.run(opened())
print("alembic" in sys.modules)
"""


def test_what_has_nothing_to_migrate_starts_without_alembic(url: str) -> None:
    again = [
        subprocess.check_output([sys.executable, "-c", OPENED_AGAIN, url], cwd=ROOT, text=True).strip()
        for _ in range(2)
    ]
    assert again == ["True", "False"]


def test_the_newest_revision_is_where_alembic_ends() -> None:
    assert newest() == ScriptDirectory(str(MIGRATIONS)).get_current_head()


async def test_a_database_of_a_newer_xiaoq_is_left_alone(url: str) -> None:
    db = Database(url, MASTER)
    await db.start()
    await db.write(
        lambda connection: (
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'").rowcount
        )
    )
    await db.aclose()
    again = Database(url, MASTER)
    with pytest.raises(StorageUnavailable, match="newer"):
        await again.start()
    await again.aclose()


async def test_what_was_stored_plainly_is_encrypted_and_reads_as_before(url: str) -> None:
    fill(url, "0003")
    db = Database(url, MASTER)
    await db.start()
    log, files = SqlConversationLog(db), SqlAttachmentStore(db)
    (mine,) = await log.conversations("key:key-1/c-7")
    (visitors,) = await log.conversations("chat:0123456789abcdef0123456789abcdef")
    turns = await log.turns(mine.id, "key:key-1/c-7")
    (file,) = await files.list(visitors.id, "chat:0123456789abcdef0123456789abcdef")
    (chunk,) = await files.chunks(visitors.id, "chat:0123456789abcdef0123456789abcdef")
    raw = await SqlDocumentStore(db).raw("shop", "d1")
    queued = await SqlIngestQueue(db).data("q1")
    await db.aclose()
    assert (mine.title, mine.owner.startswith("key:key-1/~")) == ("我的订单为什么还没发货?", True)
    assert turns[0].question == "我的订单为什么还没发货?"
    assert turns[0].record.sources[0].text
    assert (file.name, file.notes) == ("合同.pdf", ("Page 2 is only a scan.",))
    assert (chunk.document, chunk.title, chunk.text, chunk.match) == (
        "合同.pdf",
        "第一条",
        "甲方付款。",
        ("付款",),
    )
    assert (raw, queued) == (b"abc", b"abc")


async def test_encrypting_leaves_no_plain_text_in_the_files(sqlite_url: str, tmp_path: Path) -> None:
    fill(sqlite_url, "0003")
    db = Database(sqlite_url, MASTER)
    await db.start()
    plain = [
        "我的订单为什么还没发货",
        "too long",
        "甲方付款",
        "合同.pdf",
        "key:key-1/c-7",
        "0123456789abcdef",
    ]
    left = await asyncio.to_thread(found_in, tmp_path, [*plain, "七天内可退"])
    await db.aclose()
    assert left == [("xiaoq.db", "七天内可退")], "knowledge stays readable, nothing else does"


async def test_api_keys_of_an_older_release_live_on(url: str) -> None:
    fill(url, "0003")
    db = Database(url, MASTER)
    await db.start()
    digest = await db.read(lambda connection: connection.scalar(select(api_key.c.digest)))
    assert db.secret("api-keys") == derive(MASTER.read(), "api-keys")
    assert db.secret("audit") != derive(MASTER.read(), "audit")
    await db.aclose()
    assert digest is not None


@pytest.mark.parametrize(
    ("live", "follows", "back"),
    [(2, {1: None, 2: 1}, [1, None]), (1, {1: 2, 2: 1}, [2, None]), (3, {1: 2, 2: 1, 3: 1}, [1, 2, None])],
    ids=["as it was", "round in a circle", "to a circle"],
)
async def test_rolling_back_finds_its_way_from_what_an_older_version_kept(
    url: str, live: int, follows: Mapping[int, int | None], back: Sequence[int | None]
) -> None:
    fill(url, "0009")
    engine = make_engine(parse_url(url), "test")
    with engine.begin() as older:
        older.execute(text("DELETE FROM prompt_version"))
        older.execute(text("UPDATE line SET live_prompt = :live").bindparams(live=live))
        for version, before in follows.items():
            one = text(
                "INSERT INTO prompt_version (line, version, texts, parameters, status, note, author, created_at,"
                " updated_at, follows) VALUES ('shop', :version, '{}', '{}', 'published', '', '',"
                " '2026-11-23 11:40:56', '2026-11-23 11:40:56', :follows)"
            )
            older.execute(one.bindparams(version=version, follows=before))
    engine.dispose()
    db = Database(url, MASTER)
    await db.start()
    store = SqlPromptStore(db, lambda _: None)
    assert [await store.roll_back("shop") for _ in back] == back
    await db.aclose()
