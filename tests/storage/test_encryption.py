"""What lies in the files, under which keys, and what happens where they are not the right ones."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, func, select, update

from core.documents import Document, DocumentStatus, QueuedFile
from core.errors import ConfigurationError, NotFound, StorageDamaged, VaultChanged
from core.messages import DAMAGED, Question
from core.ports import TranscriptFilter
from core.vault import Masking, VaultEntry
from storage.attachments import SqlAttachmentStore
from storage.cipher import Cipher
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.queue import SqlIngestQueue
from storage.secrets import GivenKey, KeyFile
from storage.subjects import SqlSubjects
from storage.tables import attachment, conversation, document_blob, key_ring, subject, turn, vault
from storage.transcripts import SqlTranscriptReader
from tests.storage.rooms import CANARIES, NAME, PHONE, RECORD, fill
from tests.support.keys import MASTER
from tests.support.traces import found_in

OWNER = "chat:canary-visitor"
DATA = "原件金丝雀".encode()


async def plant(db: Database) -> str:
    begun = await fill(db)
    document = Document("d1", "shop", "a.md", 3, "ab", DocumentStatus.READY, 0, datetime.now(UTC))
    await SqlDocumentStore(db).put(document, (), DATA)
    queued = QueuedFile("q1", "b1", "shop", 0, "b.md", 3, "cd", datetime.now(UTC))
    await SqlIngestQueue(db).put(queued, DATA)
    return begun.conversation_id


async def test_no_canary_lies_in_any_file(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url, KeyFile(tmp_path / "master.key"))
    await db.start()
    await plant(db)
    while_open = await asyncio.to_thread(found_in, tmp_path, [*CANARIES, DATA.decode()])
    names = {path.name for path in await asyncio.to_thread(lambda: list(tmp_path.iterdir()))}
    await db.aclose()
    assert {"xiaoq.db", "xiaoq.db-wal", "xiaoq.db-shm"} <= names
    assert while_open == []
    assert await asyncio.to_thread(found_in, tmp_path, [*CANARIES, DATA.decode()]) == []


async def test_everything_reads_back_for_its_owner(db: Database) -> None:
    here = await plant(db)
    log, files = SqlConversationLog(db), SqlAttachmentStore(db)
    (stored,) = await log.turns(here, OWNER)
    assert stored.question == "问题金丝雀,请打 138 0013 8000"
    assert stored.record.answer == "我们会打 138 0013 8000。"
    assert stored.record.sources[0].text == "来源金丝雀 138 0013 8000"
    assert stored.feedback_comment == "评语金丝雀"
    assert (await log.conversations(OWNER))[0].title == "问题金丝雀,请打 138 0013 8000"
    assert (await files.list(here, OWNER))[0].name == "文件金丝雀.pdf"
    assert (await files.chunks(here, OWNER))[0].text == "正文金丝雀 [EMAIL_1]"
    assert await log.vault(here, OWNER) == [NAME, PHONE]
    assert await SqlDocumentStore(db).raw("shop", "d1") == DATA
    assert await SqlIngestQueue(db).data("q1") == DATA


async def test_the_model_and_operators_see_placeholders(db: Database) -> None:
    here = await plant(db)
    log, reader = SqlConversationLog(db), SqlTranscriptReader(db)
    later = await log.begin(Question("还有吗?", OWNER, "chat", "r-2", conversation_id=here), "shop")
    assert later.known == [NAME, PHONE]
    said = [one.content for one in await log.history(here, OWNER, later.id)]
    assert said == ["问题金丝雀,请打 [PHONE_1]", RECORD.answer]
    first = (await reader.conversation(here))[0]
    assert (first.question, first.record) == ("问题金丝雀,请打 [PHONE_1]", RECORD)
    (summary,) = await reader.conversations(TranscriptFilter())
    assert summary.title == "问题金丝雀,请打 [PHONE_1]"
    assert summary.owner == await reader.owner(later.id) == db.pseudonyms.owner(OWNER)
    assert (await reader.conversation(here, plain=True))[0].record.answer == "我们会打 138 0013 8000。"
    assert [one.id for one in await reader.turns(TranscriptFilter(text="[phone_1]"))] == [first.id]
    assert await reader.turns(TranscriptFilter(text="138 0013")) == []
    assert len(await reader.conversations(TranscriptFilter(text="金丝雀"))) == 1
    assert await reader.conversations(TranscriptFilter(text="13800138000")) == []


async def test_what_was_never_masked_is_hidden_from_operators_and_the_model(db: Database) -> None:
    def hide(text: str, entries: object) -> str:
        return text.replace("138", "[PHONE]")

    log, reader = SqlConversationLog(db, hide), SqlTranscriptReader(db, hide)
    begun = await log.begin(Question("call 138", OWNER, "chat", "r-1"), "shop")
    assert (await reader.turns(TranscriptFilter()))[0].question == "call [PHONE]"
    assert (await reader.conversations(TranscriptFilter()))[0].title == "call [PHONE]"
    assert (await log.turns(begun.conversation_id, OWNER))[0].question == "call 138"
    await log.mask(begun.id, OWNER, lambda known: Masking("call 138"))
    assert (await reader.turns(TranscriptFilter()))[0].question == "call 138", "masking found nothing in it"


async def test_placeholders_are_numbered_once_however_many_ask_at_once(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(Question("0", OWNER, "chat", "r-0"), "shop")
    here = begun.conversation_id
    turns = [
        await log.begin(Question(str(one), OWNER, "chat", "r", conversation_id=here), "shop")
        for one in range(1, 9)
    ]

    def work(number: int):  # type: ignore[no-untyped-def]
        def masked(known: list[VaultEntry]) -> Masking:
            name = f"[PHONE_{len(known) + 1}]"
            return Masking(name, (VaultEntry(name, "phone", str(number), str(number)),))

        return masked

    await asyncio.gather(*(log.mask(one.id, OWNER, work(number)) for number, one in enumerate(turns)))
    entries = await log.vault(here, OWNER)
    assert [one.placeholder for one in entries] == [f"[PHONE_{number}]" for number in range(1, 9)]
    assert {one.value for one in entries} == {str(number) for number in range(8)}
    files = SqlAttachmentStore(db)
    for taken in (VaultEntry("[PHONE_1]", "phone", "new", "new"), VaultEntry("[PHONE_9]", "phone", "3", "3")):
        with pytest.raises(VaultChanged):
            await files.put(OWNER, _file(here), (), [taken])
    assert await files.list(here, OWNER) == []
    with pytest.raises(NotFound):
        await log.mask(begun.id, "chat:other", work(9))


def _file(here: str):  # type: ignore[no-untyped-def]
    from core.documents import Attachment

    return Attachment("f9", here, "a.pdf", 1, 0, datetime.now(UTC))


@pytest.mark.parametrize(
    ("owner", "door"), [("chat:0a1b", "chat:~"), ("key:k-1/李雷", "key:k-1/~"), ("local:/li", "local:/~")]
)
async def test_owners_are_pseudonyms(db: Database, owner: str, door: str) -> None:
    named = db.pseudonyms.owner(owner)
    assert named.startswith(door)
    assert len(named) == len(door) + 32
    assert db.pseudonyms.owner(named) == named
    begun = await SqlConversationLog(db).begin(Question("q", owner, "chat", "r"), "shop")
    assert len(await SqlConversationLog(db).turns(begun.conversation_id, named)) == 1
    assert await db.read(lambda connection: connection.scalar(select(conversation.c.owner))) == named


@pytest.mark.parametrize("owner", ["console:operator", "key:k-1/", "local:/", "console:li/lei"])
async def test_who_names_no_customer_stays(db: Database, owner: str) -> None:
    assert db.pseudonyms.owner(owner) == owner


async def test_a_flipped_or_moved_text_is_told_and_spares_the_others(db: Database) -> None:
    log, reader = SqlConversationLog(db), SqlTranscriptReader(db)
    bad, good, moved = [await fill(db, f"chat:{one}") for one in "abc"]

    def flip(connection: Connection) -> None:
        stored = bytes(connection.scalar(select(turn.c.question).where(turn.c.id == bad.id)) or b"")
        flipped = stored[:-1] + bytes([stored[-1] ^ 1])
        connection.execute(update(turn).where(turn.c.id == bad.id).values(question=flipped))
        answer = connection.scalar(select(turn.c.answer).where(turn.c.id == good.id))
        connection.execute(update(turn).where(turn.c.id == moved.id).values(answer=answer))

    await db.write(flip)
    turns = {one.id: one for one in await reader.turns(TranscriptFilter())}
    assert turns[bad.id].damaged is False, "operators read the masked text, which is whole"
    assert turns[moved.id].damaged is True
    assert turns[moved.id].question == turns[moved.id].record.answer == DAMAGED
    assert turns[good.id].question == "问题金丝雀,请打 [PHONE_1]"
    (own,) = await log.turns(bad.conversation_id, "chat:a")
    assert (own.damaged, own.question) == (True, DAMAGED)
    assert (await log.turns(good.conversation_id, "chat:b"))[0].damaged is False


async def test_a_damaged_vault_document_or_file_is_named(db: Database) -> None:
    here = await plant(db)
    log = SqlConversationLog(db)

    def blank(connection: Connection) -> None:
        for table, column in ((vault, "content"), (document_blob, "data"), (attachment, "content")):
            connection.execute(update(table).values({column: b"\x01" + bytes(40)}))

    await db.write(blank)
    for call in (
        log.vault(here, OWNER),
        SqlDocumentStore(db).raw("shop", "d1"),
        SqlAttachmentStore(db).chunks(here, OWNER),
    ):
        with pytest.raises(StorageDamaged):
            await call
    assert (await SqlAttachmentStore(db).list(here, OWNER))[0].name == DAMAGED
    assert (await log.turns(here, OWNER))[0].record.answer == "我们会打 [PHONE_1]。"


async def test_a_wrong_or_missing_master_key_does_not_start(url: str, tmp_path: Path) -> None:
    db = Database(url, MASTER)
    await db.start()
    await plant(db)
    await db.aclose()
    for key, told in (
        (GivenKey(bytes(32)), "another master key"),
        (KeyFile(tmp_path / "nowhere" / "master.key"), "missing"),
    ):
        other = Database(url, key)
        with pytest.raises(ConfigurationError, match=told):
            await other.start()
        await other.aclose()
    assert not (tmp_path / "nowhere").exists(), "no new key is made for an old database"
    again = Database(url, MASTER)
    await again.start()
    assert len(await SqlConversationLog(again).conversations(OWNER)) == 1
    await again.aclose()


async def test_a_changed_key_ring_does_not_start(sqlite_url: str, tmp_path: Path) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    await db.aclose()
    with closing(sqlite3.connect(tmp_path / "xiaoq.db")) as raw:
        raw.execute("DELETE FROM key_ring WHERE name = 'audit'")
        raw.commit()
    other = Database(sqlite_url, MASTER)
    with pytest.raises(ConfigurationError):
        await other.start()
    await other.aclose()


async def test_keys_go_with_the_last_conversation(db: Database) -> None:
    log = SqlConversationLog(db)
    first, second = await fill(db), await fill(db)
    await log.forget(first.conversation_id, OWNER)
    assert await count(db, subject) == 1
    await log.forget(second.conversation_id, OWNER)
    assert (await count(db, subject), await count(db, vault)) == (0, 0)
    assert len((await log.begin(Question("again", OWNER, "chat", "r"), "shop")).id) > 1


@pytest.mark.parametrize("where", ["here", "beside"])
async def test_who_was_erased_and_asks_again_has_another_key(url: str, where: str) -> None:
    """A process remembers whose keys are stored: not when they were destroyed since, by itself or by another."""
    here, beside = Database(url, MASTER), Database(url, MASTER)
    await here.start()
    await beside.start()
    log, question = SqlConversationLog(here), Question("q", OWNER, "chat", "r")
    for _ in range(3):  # made, read, remembered
        begun = await log.begin(question, "shop")
    old = await wrapped(here)
    assert await SqlSubjects(here if where == "here" else beside).erase(OWNER)
    again = await log.begin(question, "shop")
    new = await wrapped(here)
    assert len(old) == len(new) == 1
    assert old != new
    (read,) = await SqlConversationLog(beside).turns(again.conversation_id, OWNER)
    assert (read.question, read.id != begun.id) == ("q", True)
    await beside.aclose()
    await here.aclose()


async def wrapped(db: Database) -> list[bytes]:
    return await db.read(
        lambda connection: [bytes(one) for one in connection.scalars(select(subject.c.wrapped))]
    )


async def test_a_key_whose_making_was_undone_is_made_again(db: Database) -> None:
    log, owner = SqlConversationLog(db), db.pseudonyms.owner(OWNER)

    def undone(connection: Connection) -> None:
        for _ in range(2):
            db.keys.obtain(connection, owner, datetime.now(UTC))
        raise NotFound("This is undone.")

    with pytest.raises(NotFound):
        await db.write(undone)
    assert await wrapped(db) == []
    begun = await log.begin(Question("q", OWNER, "chat", "r"), "shop")
    assert [one.id for one in await log.turns(begun.conversation_id, OWNER)] == [begun.id]


async def count(db: Database, table: Table) -> int:
    return await db.read(lambda connection: connection.scalar(select(func.count()).select_from(table))) or 0


async def test_many_first_questions_of_one_customer_make_one_key(url: str) -> None:
    dbs = [Database(url, MASTER) for _ in range(2)]
    for db in dbs:
        await db.start()
    asked = [
        SqlConversationLog(db).begin(Question("q", OWNER, "chat", "r"), "shop")
        for db in dbs
        for _ in range(10)
    ]
    begun = await asyncio.gather(*asked)
    turns = await SqlTranscriptReader(dbs[0]).turns(TranscriptFilter())
    assert {one.id for one in turns} == {one.id for one in begun}
    assert not any(one.damaged for one in turns)
    assert await count(dbs[0], subject) == 1
    for db in dbs:
        await db.aclose()


def test_a_ciphertext_opens_at_its_place_only() -> None:
    cipher = Cipher(bytes(32))
    sealed = cipher.seal_text("一", "turn.question", "t1", "c1")
    assert cipher.open_text(sealed, "turn.question", "t1", "c1") == "一"
    assert cipher.seal_text("一", "turn.question", "t1", "c1") != sealed
    for wrong in (("turn.question", "t2", "c1"), ("turn.answer", "t1", "c1"), ("turn.question", "t1c1")):
        with pytest.raises(StorageDamaged):
            cipher.open_text(sealed, *wrong)
    for broken in (b"", b"\x01", b"\x02" + sealed[1:], sealed[:-1]):
        with pytest.raises(StorageDamaged):
            cipher.open(broken, "turn.question", "t1", "c1")


async def test_the_ring_holds_nothing_readable(db: Database) -> None:
    rows = await db.read(lambda connection: connection.execute(select(key_ring)).all())
    assert {row.name for row in rows} == {"kek", "api-keys", "sessions", "subjects", "audit", "documents"}
    secrets = [db.secret(name) for name in ("api-keys", "sessions", "subjects", "audit", "documents")]
    assert len(set(secrets)) == 5
    assert not any(secret in bytes(row.wrapped) for secret in secrets for row in rows)
