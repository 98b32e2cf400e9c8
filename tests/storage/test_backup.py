"""Backups: one moment's, unreadable without their keys, whole or refused, and nothing of who was erased since."""

import asyncio
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.custody import Backups
from core.documents import Document, DocumentStatus
from core.errors import ConfigurationError, Conflict, InvalidRequest, StorageDamaged, StorageUnavailable
from core.messages import BusinessLine, Question
from core.ports import TranscriptFilter
from core.words import WordList
from storage.backup import SqlBackups
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.lines import SqlLineStore
from storage.restore import restore
from storage.rotation import SqlKeyRotation
from storage.secrets import GivenKey, KeyFile
from storage.subjects import SqlSubjects
from storage.transcripts import SqlTranscriptReader
from storage.verify import SqlSeals
from storage.words import SqlWordStore
from tests.storage.rooms import CANARIES, fill
from tests.support.keys import MASTER
from tests.support.traces import found_in


def silent(done: int, total: int) -> None:
    assert 0 <= done <= total


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
async def made(db: Database, folder: Path) -> Path:
    """A backup of two customers."""
    await fill(db, "key:k/li", "canary-li")
    await fill(db, "key:k/han", "canary-han")
    backups: Backups = SqlBackups(db, MASTER, folder)
    return await backups.make(None, silent)


async def read_back(url: str) -> tuple[list[str], bool]:
    db = Database(url, MASTER)
    await db.start()
    turns = await SqlTranscriptReader(db).turns(TranscriptFilter())
    verdict = await SqlSeals(db).verify()
    await db.aclose()
    return [one.question for one in turns if not one.damaged], verdict.whole


async def test_a_backup_is_restored_and_says_nothing_by_itself(
    made: Path, folder: Path, tmp_path: Path
) -> None:
    assert sorted(os.listdir(folder)) == sorted(["keys.xqk", made.name])
    assert {(folder / name).stat().st_mode & 0o777 for name in os.listdir(folder)} == {0o600}
    assert await asyncio.to_thread(found_in, folder, [*CANARIES, "canary-li", "canary-han"]) == []
    target = f"sqlite:///{tmp_path / 'new' / 'xiaoq.db'}"
    restored = await restore(made, target, MASTER, silent)
    assert (restored.turns, restored.erased, restored.aside) == (2, 0, None)
    questions, whole = await read_back(target)
    assert (questions, whole) == (["问题金丝雀,请打 [PHONE_1]"] * 2, True)


async def test_versions_go_on_beyond_what_they_had_come_to(
    db: Database, folder: Path, tmp_path: Path
) -> None:
    """Else the next document would be version 3 as the one was that the restore undid, to the index and to cached answers."""

    async def changed(at: Database) -> tuple[int, int, int]:
        lines, words, documents = SqlLineStore(at), SqlWordStore(at), SqlDocumentStore(at)
        await lines.put(BusinessLine("shop", {"zh": "商城"}, ("shop",)))
        await words.put(WordList("w", "w", "c", "flag", ("词",)))
        one = Document("faq", "shop", "faq.csv", 1, "0" * 64, DocumentStatus.READY, 0, datetime.now(UTC))
        await documents.put(one, [], None)
        line = await lines.get("shop")
        assert line is not None
        return line.version, await words.version(), await documents.version("shop")

    before = await changed(db)
    made = await SqlBackups(db, MASTER, folder).make(None, silent)
    since = [await changed(db) for _ in range(3)][-1]
    assert all(then < now for then, now in zip(before, since, strict=True))
    target = f"sqlite:///{tmp_path / 'new' / 'xiaoq.db'}"
    await restore(made, target, MASTER, silent)
    back = Database(target, MASTER)
    await back.start()
    try:
        after = await changed(back)
    finally:
        await back.aclose()
    assert all(then < now for then, now in zip(since, after, strict=True))


async def test_a_backup_while_questions_are_asked_is_one_moments(
    db: Database, folder: Path, tmp_path: Path
) -> None:
    stop, asked = asyncio.Event(), 0

    async def ask() -> None:
        nonlocal asked
        while not stop.is_set():
            await fill(db, f"chat:{asked}")
            asked += 1

    busy = [asyncio.create_task(ask()) for _ in range(3)]
    await asyncio.sleep(0.3)
    before = asked
    made = await SqlBackups(db, MASTER, folder).make(None, silent)
    stop.set()
    await asyncio.gather(*busy)
    target = f"sqlite:///{tmp_path / 'new.db'}"
    restored = await restore(made, target, MASTER, silent)
    assert before <= restored.turns <= asked
    assert (await read_back(target))[1]


async def test_who_was_erased_since_is_in_no_backup(
    made: Path, db: Database, folder: Path, tmp_path: Path
) -> None:
    backups = SqlBackups(db, MASTER, folder)
    await SqlSubjects(db, backups.renew_keys).erase("canary-li")
    target = f"sqlite:///{tmp_path / 'new.db'}"
    restored = await restore(made, target, MASTER, silent)
    assert (restored.turns, restored.erased) == (1, 1)
    assert await read_back(target) == (["问题金丝雀,请打 [PHONE_1]"], True)
    old = Database(target, MASTER)
    await old.start()
    assert await SqlSubjects(old).owners("canary-li") == []
    assert len(await SqlSubjects(old).owners("canary-han")) == 1
    await old.aclose()


async def test_an_older_backup_opens_after_the_master_key_changed(
    sqlite_url: str, folder: Path, tmp_path: Path
) -> None:
    file = KeyFile(tmp_path / "master.key")
    db = Database(sqlite_url, file)
    await db.start()
    await fill(db)
    backups = SqlBackups(db, file, folder)
    made = await backups.make(None, silent)
    old = file.read()
    await SqlKeyRotation(db, file).rotate(silent)
    await backups.renew_keys()
    await db.aclose()
    assert old is not None
    with pytest.raises(ConfigurationError, match="another master key"):
        await restore(made, f"sqlite:///{tmp_path / 'new.db'}", GivenKey(old), silent)
    assert (await restore(made, f"sqlite:///{tmp_path / 'new.db'}", file, silent)).turns == 1


@pytest.mark.parametrize(
    "harm", ["cut", "flip", "swap", "other", "keys flipped", "no keys", "no file", "head"]
)
async def test_a_harmed_backup_is_refused_and_nothing_is_touched(
    sqlite_url: str, tmp_path: Path, folder: Path, harm: str
) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    await fill(db)
    made = await SqlBackups(db, MASTER, folder).make(None, silent)
    await db.aclose()
    content, keys = made.read_bytes(), (folder / "keys.xqk").read_bytes()
    middle = len(content) // 2
    match harm:
        case "cut":
            made.write_bytes(content[: -len(content) // 3])
        case "flip":
            made.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
        case "swap":
            made.write_bytes(content[:100] + content[100:][::-1])
        case "other":
            made.write_bytes(b"PK\x03\x04 something else entirely")
        case "head":
            made.write_bytes(content.replace(b'"made_at": "2', b'"made_at": "3'))
        case "keys flipped":
            (folder / "keys.xqk").write_bytes(keys[:-9] + bytes([keys[-9] ^ 1]) + keys[-8:])
        case "no keys":
            (folder / "keys.xqk").unlink()
        case "no file":
            made.unlink()
    database = tmp_path / "xiaoq.db"
    before = database.read_bytes()
    with pytest.raises((StorageDamaged, InvalidRequest)) as refused:
        await restore(made, sqlite_url, MASTER, silent)
    assert refused.value.message.endswith(".")
    assert database.read_bytes() == before
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".xiaoq-") or "restore" in name]


async def test_another_master_key_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="another master key"):
        await restore(made, f"sqlite:///{tmp_path / 'new.db'}", GivenKey(bytes(32)), silent)
    assert not (tmp_path / "new.db").exists()


async def test_it_is_refused_while_an_app_is_open_and_keeps_what_was_there(
    sqlite_url: str, tmp_path: Path, folder: Path
) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    await fill(db, "chat:a")
    made = await SqlBackups(db, MASTER, folder).make(folder / "mine.xqb", silent)
    await fill(db, "chat:b")
    with pytest.raises(Conflict, match="open"):
        await restore(made, sqlite_url, MASTER, silent)
    await db.aclose()
    restored = await restore(made, sqlite_url, MASTER, silent)
    assert restored.aside is not None
    assert len((await read_back(sqlite_url))[0]) == 1
    shutil.move(restored.aside, tmp_path / "before.db")
    assert len((await read_back(f"sqlite:///{tmp_path / 'before.db'}"))[0]) == 2


@pytest.mark.service
async def test_a_backup_moves_between_the_two_databases(
    sqlite_url: str, postgres_url: str, folder: Path
) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    await fill(db, "chat:a")
    made = await SqlBackups(db, MASTER, folder).make(None, silent)
    await db.aclose()
    assert (await restore(made, postgres_url, MASTER, silent)).turns == 1
    assert await read_back(postgres_url) == (["问题金丝雀,请打 [PHONE_1]"], True)
    moved = Database(postgres_url, MASTER)
    await moved.start()
    begun = await SqlConversationLog(moved).begin(Question("on", "chat:a", "chat", "r"), "shop")
    assert begun.id
    with pytest.raises(Conflict, match="not empty"):
        await restore(made, postgres_url, MASTER, silent)
    await moved.aclose()


async def test_where_it_cannot_be_written_it_says_so(db: Database, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InvalidRequest):
        await SqlBackups(db, MASTER, None).make(tmp_path / "taken" / "x.xqb", silent)
    with pytest.raises(InvalidRequest, match="XIAOQ_BACKUP_DIR"):
        await SqlBackups(db, MASTER, None).make(None, silent)
    await SqlBackups(db, MASTER, tmp_path).renew_keys()
    assert not (tmp_path / "keys.xqk").exists(), "no backups, no keys"


async def test_a_backup_folder_out_of_reach_is_told_to_who_erases(db: Database, tmp_path: Path) -> None:
    await fill(db, "key:k/li", "li")
    backups = SqlBackups(db, MASTER, tmp_path / "unmounted")
    with pytest.raises(StorageUnavailable, match="XIAOQ_BACKUP_DIR"):
        await SqlSubjects(db, backups.renew_keys).erase("li")
    assert await SqlSubjects(db).owners("li") == []
