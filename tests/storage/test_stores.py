"""Lines, documents, keys, the master key and retention."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import ConfigurationError
from core.golden import GoldenQuestion, GoldenStore
from core.messages import BusinessLine, Question
from core.ports import (
    AttachmentStore,
    ConversationLog,
    DocumentStore,
    IngestQueue,
    KeyStore,
    LineStore,
    TranscriptReader,
)
from core.settings import Settings
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.golden import SqlGoldenStore
from storage.keys import SqlKeyStore
from storage.lines import SqlLineStore
from storage.queue import SqlIngestQueue
from storage.retention import purge
from storage.secrets import derive, master_key
from storage.transcripts import SqlTranscriptReader
from tests.support.keys import MASTER

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def test_every_store_is_its_port(db: Database) -> None:
    """The annotations are the test: the type checker reads them."""
    log: ConversationLog = SqlConversationLog(db)
    reader: TranscriptReader = SqlTranscriptReader(db)
    documents: DocumentStore = SqlDocumentStore(db)
    queue: IngestQueue = SqlIngestQueue(db)
    golden: GoldenStore = SqlGoldenStore(db)
    attachments: AttachmentStore = SqlAttachmentStore(db)
    lines: LineStore = SqlLineStore(db)
    keys: KeyStore = SqlKeyStore(db)
    assert all((log, reader, documents, queue, golden, attachments, lines, keys))


async def test_a_line_is_put_changed_and_kept_in_order(db: Database) -> None:
    lines = SqlLineStore(db)
    shop = BusinessLine("shop", {"zh": "商城"}, ("shop", "shared"), suggestions={"zh": ("运费多少?",)})
    await lines.put(shop)
    await lines.put(BusinessLine("bank", {"en": "Bank"}, ("bank",)))
    changed = replace(shop, persona="Be brief.", archived=True)
    await lines.put(changed)
    assert await lines.get("shop") == changed
    assert await lines.get("none") is None
    assert [one.id for one in await lines.all()] == ["shop", "bank"]


async def test_a_golden_question_is_replaced_by_the_same_question_of_its_line(db: Database) -> None:
    store: GoldenStore = SqlGoldenStore(db)
    first = GoldenQuestion(
        "g1", "shop", "能退吗?", "shop", "d1", "手册.md", "第 3 页", "c1", "七天。", NOW, "alice"
    )
    other = replace(first, id="g2", line="bank")
    for one in (first, other, replace(first, id="g3", question="多久?", created_at=NOW + timedelta(hours=1))):
        await store.put(one)
    moved = replace(first, id="g4", passage_id="c2", created_at=NOW + timedelta(hours=2))
    await store.put(moved)
    assert [one.id for one in await store.list("shop")] == ["g4", "g3"]
    assert await store.list("bank") == [other]
    edited = replace(moved, question="可以退吗?")
    await store.put(edited)
    assert (await store.list("shop"))[0] == edited
    assert await store.delete("bank", "g4") is False
    assert await store.delete("shop", "g4") is True
    assert [one.id for one in await store.list("shop")] == ["g3"]


async def test_a_key_is_found_until_revoked(db: Database) -> None:
    keys = SqlKeyStore(db)
    assert await keys.any() is False
    key, text = await keys.create("crm", "caller", "shop")
    assert text.startswith("xq-")
    assert len(text) == 46
    assert await keys.find(text) == key
    assert await keys.find(text[:-1] + "\ud800") is None
    assert await keys.revoke(key.id) is True
    assert await keys.revoke(key.id) is False
    assert await keys.find(text) is None
    assert await keys.any() is True


async def test_a_keys_text_is_in_no_file(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    keys = SqlKeyStore(db)
    _, text = await keys.create("crm", "caller", "shop")
    await keys.find(text)
    files = _bytes_of_all(tmp_path)
    await db.aclose()
    assert len(files) >= 2
    assert not any(text.encode() in content for content in files)


def test_the_master_key_is_made_once_and_private(tmp_path: Path) -> None:
    kept = master_key(Settings.model_validate({"data_dir": tmp_path / "new"}))
    file = tmp_path / "new" / "master.key"
    assert kept.read() is None
    key = kept.make()
    assert (len(key), file.stat().st_mode & 0o777) == (32, 0o600)
    assert (kept.read(), kept.make()) == (key, key)
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]
    assert derive(key, "a") != derive(key, "b")
    file.write_text("short")
    with pytest.raises(ConfigurationError):
        kept.read()
    given = SecretStr(base64.urlsafe_b64encode(key).decode())
    assert master_key(Settings.model_validate({"master_key": given, "data_dir": tmp_path})).read() == key


async def test_retention_erases_only_what_is_too_old(db: Database) -> None:
    log = SqlConversationLog(db)
    for _ in range(3):
        await log.begin(Question("q", "chat:me", "chat", "r"), "shop")
    now = datetime.now(UTC)
    assert (await purge(db, 0, now + timedelta(days=999)))["conversation"] == 0
    assert (await purge(db, 30, now + timedelta(days=29)))["conversation"] == 0
    assert (await purge(db, 30, now + timedelta(days=31)))["conversation"] == 3
    assert await log.conversations("chat:me") == []


def _bytes_of_all(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]
