"""Lines, documents, keys, the master key and retention."""

import base64
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.documents import Chunk, Document, DocumentStatus
from core.errors import ConfigurationError
from core.messages import BusinessLine, Question
from core.ports import ConversationLog, DocumentStore, KeyStore, LineStore, TranscriptReader
from core.settings import Settings
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.keys import SqlKeyStore
from storage.lines import SqlLineStore
from storage.retention import purge
from storage.secrets import derive, load_master_key
from storage.transcripts import SqlTranscriptReader

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANUAL = Document("d1", "shop", "手册.md", 3, "ab", DocumentStatus.READY, 1, NOW)
PIECE = Chunk(
    "c1",
    "shop",
    "d1",
    "手册.md",
    0,
    "退货",
    "Returns",
    "七天内可退。",
    "faq",
    ("能退吗",),
    "zh",
    date(2026, 1, 1),
    date(2026, 12, 31),
)


async def test_every_store_is_its_port(db: Database) -> None:
    """The annotations are the test: the type checker reads them."""
    log: ConversationLog = SqlConversationLog(db)
    reader: TranscriptReader = SqlTranscriptReader(db)
    documents: DocumentStore = SqlDocumentStore(db)
    lines: LineStore = SqlLineStore(db)
    keys: KeyStore = SqlKeyStore(db, b"s" * 32)
    assert all((log, reader, documents, lines, keys))


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


async def test_a_document_is_replaced_whole_and_its_base_grows(db: Database) -> None:
    store = SqlDocumentStore(db)
    assert await store.version("shop") == 0
    await store.put(replace(MANUAL, status=DocumentStatus.PENDING), [], b"abc")
    assert await store.chunks("shop") == []
    await store.put(MANUAL, [PIECE], None)
    assert await store.raw("shop", "d1") == b"abc"
    assert await store.chunks("shop") == [PIECE]
    assert await store.find_by_hash("shop", "ab") == await store.get("shop", "d1") == MANUAL
    await store.put(replace(MANUAL, sha256="cd"), [], None)
    assert await store.raw("shop", "d1") is None
    assert await store.version("shop") == 3
    assert await store.get("bank", "d1") is None
    assert await store.delete("bank", "d1") is False
    assert await store.delete("shop", "d1") is True
    assert (await store.list("shop"), await store.bases(), await store.version("shop")) == ([], ["shop"], 4)


async def test_a_key_is_found_until_revoked_and_never_stored(db: Database, tmp_path: Path) -> None:
    keys = SqlKeyStore(db, b"s" * 32)
    assert await keys.any() is False
    key, text = await keys.create("crm", "caller", "shop")
    assert text.startswith("xq-")
    assert len(text) == 46
    assert await keys.find(text) == key
    noted = (await keys.list())[0].last_used_at
    assert noted is not None
    await keys.find(text)
    assert (await keys.list())[0].last_used_at == noted
    assert await keys.find(text[:-1] + "\ud800") is None
    assert await SqlKeyStore(db, b"t" * 32).find(text) is None
    assert await keys.revoke(key.id) is True
    assert await keys.revoke(key.id) is False
    assert await keys.find(text) is None
    assert await keys.any() is True
    files = _bytes_of_all(tmp_path)
    assert len(files) >= 2
    assert not any(text.encode() in content for content in files)


def test_the_master_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path / "new"})
    key = load_master_key(settings)
    file = tmp_path / "new" / "master.key"
    assert (len(key), file.stat().st_mode & 0o777) == (32, 0o600)
    assert load_master_key(settings) == key
    assert [path.name for path in file.parent.iterdir()] == ["master.key"]
    assert derive(key, "a") != derive(key, "b")
    file.write_text("short")
    with pytest.raises(ConfigurationError):
        load_master_key(settings)
    given = SecretStr(base64.urlsafe_b64encode(key).decode())
    assert load_master_key(Settings.model_validate({"master_key": given, "data_dir": tmp_path})) == key


async def test_retention_erases_only_what_is_too_old(db: Database) -> None:
    log = SqlConversationLog(db)
    for _ in range(3):
        await log.begin(Question("q", "chat:me", "chat", "r"), "shop")
    now = datetime.now(UTC)
    assert await purge(db, 0, now + timedelta(days=999)) == 0
    assert await purge(db, 30, now + timedelta(days=29)) == 0
    assert await purge(db, 30, now + timedelta(days=31)) == 3
    assert await log.conversations("chat:me") == []


def _bytes_of_all(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()]
