"""Files laid into conversations: their owner's alone, and gone with the conversation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from core.documents import Attachment, Chunk
from core.errors import NotFound
from core.messages import Question
from core.ports import AttachmentStore
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.retention import purge
from storage.tables import attachment, attachment_chunk

ME, OTHER = "chat:me", "chat:other"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PAGES = [
    Chunk("x", "", "f1", "合同.pdf", 0, "第一条", "第 1 页", "甲方付款。", page=1, language="zh"),
    Chunk("y", "", "f1", "合同.pdf", 1, "Fees", "Sheet1!A1:B2", "a | b", "table", ("fees\0",), "en"),
]


def file(conversation_id: str, id_: str = "f1", seconds: int = 0) -> Attachment:
    added = NOW + timedelta(seconds=seconds)
    return Attachment(id_, conversation_id, "合同.pdf", 3, 2, added, ("Page 2 is only a scan.",))


async def test_files_are_read_back_in_the_order_they_came(db: Database) -> None:
    files: AttachmentStore = SqlAttachmentStore(db)
    here = await SqlConversationLog(db).open(ME, "shop", "chat")
    later = replace(file(here, "f0", 1), chunks=0, notes=())
    await files.put(ME, later, ())
    await files.put(ME, file(here), PAGES)
    assert await files.list(here, ME) == [file(here), later]
    stored = await files.chunks(here, ME)
    expected = [replace(PAGES[0], id="f1-0"), replace(PAGES[1], id="f1-1", match=("fees\ufffd",))]
    assert stored == expected
    assert await files.delete(here, ME, "f1") is True
    assert await files.delete(here, ME, "f1") is False
    assert (await files.list(here, ME), await files.chunks(here, ME)) == ([later], [])


async def test_nobody_else_sees_or_touches_them(db: Database) -> None:
    log, files = SqlConversationLog(db), SqlAttachmentStore(db)
    here, theirs = await log.open(ME, "shop", "chat"), await log.open(OTHER, "shop", "chat")
    await files.put(ME, file(here), PAGES)
    for call in (
        files.put(OTHER, file(here, "f2"), PAGES),
        files.list(here, OTHER),
        files.chunks(here, OTHER),
        files.delete(here, OTHER, "f1"),
        files.put(ME, file("none"), ()),
        files.list("none", ME),
    ):
        with pytest.raises(NotFound):
            await call
    assert await files.delete(theirs, OTHER, "f1") is False
    assert len(await files.list(here, ME)) == 1


async def test_they_go_with_the_conversation_however_it_goes(db: Database) -> None:
    log, files = SqlConversationLog(db), SqlAttachmentStore(db)
    forgotten, expired = await log.open(ME, "shop", "chat"), await log.open(ME, "shop", "chat")
    await files.put(ME, file(forgotten), PAGES)
    await files.put(ME, file(expired, "f2"), PAGES)
    await log.forget(forgotten, ME)
    assert await count(db) == (1, 2)
    assert (await purge(db, 30, datetime.now(UTC) + timedelta(days=31)))["conversation"] == 1
    assert await count(db) == (0, 0)


async def count(db: Database) -> tuple[int, int]:
    files, pieces = (select(func.count()).select_from(table) for table in (attachment, attachment_chunk))
    return await db.read(lambda connection: (connection.scalar(files) or 0, connection.scalar(pieces) or 0))


async def test_a_conversation_can_begin_with_a_file(db: Database) -> None:
    log = SqlConversationLog(db)
    here = await log.open(ME, "shop", "chat", "c-7")
    assert await log.turns(here, ME) == []
    assert await log.conversations(ME) == [], "nothing was asked, so there is nothing to go back to"
    begun = await log.begin(Question("多少钱?", ME, "chat", "r-1", conversation_id=here), "bank")
    assert (begun.conversation_id, begun.line) == (here, "shop")
    (summary,) = await log.conversations(ME)
    assert (summary.id, summary.title, summary.turns) == (here, "多少钱?", 1)
    await log.begin(Question("还有呢?", ME, "chat", "r-2", conversation_id=here), "shop")
    assert (await log.conversations(ME))[0].title == "多少钱?"
