"""A conversation with everything in it that a customer may leave behind."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text, update

from core.documents import Attachment, Chunk
from core.messages import Mode, Question, Source, StoredTurn, TurnRecord, TurnStatus
from core.vault import Masking, VaultEntry
from storage import cited, places, took
from storage.attachments import SqlAttachmentStore
from storage.cipher import Cipher
from storage.connections import make_engine, parse_url
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.ownership import hold_turn
from storage.prepared import insert_rows
from storage.tables import source, timing, turn

PHONE = VaultEntry("[PHONE_1]", "phone", "13800138000", "138 0013 8000")
NAME = VaultEntry("[EMAIL_1]", "email", "canary@example.com", "Canary@Example.com")

RECORD = TurnRecord(
    answer="我们会打 [PHONE_1]。",
    mode=Mode.GENERATED,
    status=TurnStatus.DONE,
    language="zh",
    engine="openai",
    sources=(Source("canary-source.md", "标题金丝雀", "row 2", 0.91, "来源金丝雀 [PHONE_1]", "d1", "p1"),),
    timings={"total": 40},
)


async def fill(
    db: Database, owner: str = "chat:canary-visitor", customer: str = "canary-customer", line: str = "shop"
) -> StoredTurn:
    """One conversation: a masked turn with answer, source and rating, and a file."""
    log, files = SqlConversationLog(db), SqlAttachmentStore(db)
    asked = Question(
        text="问题金丝雀,请打 138 0013 8000", owner=owner, channel="chat", request_id="r-1", customer=customer
    )
    begun = await log.begin(asked, line)
    await log.mask(begun.id, owner, lambda known: Masking("问题金丝雀,请打 [PHONE_1]", (PHONE,)))
    await log.finish(begun.id, owner, RECORD)
    await log.rate(begun.id, owner, -1, "评语金丝雀")
    attachment = Attachment(
        f"file-{begun.id}", begun.conversation_id, "文件金丝雀.pdf", 3, 1, datetime.now(UTC), ("注意金丝雀",)
    )
    chunk = Chunk("x", "", attachment.id, attachment.name, 0, "章节金丝雀", "p. 1", "正文金丝雀 [EMAIL_1]")
    await files.put(owner, attachment, [replace(chunk, match=("别名金丝雀",))], [NAME])
    return begun


async def as_before_0009(db: Database, turn_id: str, owner: str) -> None:
    """Keep what a turn took and stands on as earlier versions did: a row of `timing` for each step, one of `source` for
    each source."""

    def write(connection: Connection) -> None:
        before, asked = hold_turn(connection, turn_id, db.pseudonyms.owner(owner))
        cipher = db.keys.of(connection, before)
        steps = [
            {"turn_id": turn_id, "step": step, "milliseconds": milliseconds}
            for step, milliseconds in took.read(turn_id, asked.timings).items()
        ]
        sources = [
            source_row(cipher, turn_id, at, one) for at, one in enumerate(cited.read(cipher, asked, {}))
        ]
        bare = {"timings": None, "sources": None}
        connection.execute(update(turn).where(turn.c.id == turn_id).values(bare))
        delta = db.seals.member(turn, {**asked._mapping, **bare}) - db.seals.member(turn, asked._mapping)
        for table, rows in ((timing, steps), (source, sources)):
            insert_rows(connection, table, rows)
            delta += sum(db.seals.members(table, rows))
        db.seals.change(connection, before, delta)

    await db.write(write)


def source_row(cipher: Cipher, turn_id: str, position: int, one: Source) -> dict[str, Any]:
    """A source as versions before 0010 kept it."""
    content = places.packed(one.document, one.title, one.location, one.text)
    return {
        "turn_id": turn_id,
        "position": position,
        "content": cipher.seal(content, *places.source(turn_id, position)),
        "score": one.score,
        "document_id": one.document_id,
        "passage_id": one.passage_id,
        "base": one.base,
        "page": one.page,
    }


CANARIES = [
    "canary-visitor", "canary-customer", "问题金丝雀", "138 0013 8000", "13800138000", "canary-source.md",
    "标题金丝雀", "来源金丝雀", "评语金丝雀", "文件金丝雀", "注意金丝雀", "章节金丝雀", "正文金丝雀", "别名金丝雀",
    "Canary@Example.com", "canary@example.com", "打 [PHONE_1]",
]  # fmt: skip


@asynccontextmanager
async def writer_held(db: Database) -> AsyncIterator[None]:
    """Nothing is written meanwhile: the thread that writes is held until the end, and whoever writes is queued."""
    busy, let_go = threading.Event(), threading.Event()

    def hold(_: Connection) -> bool:
        busy.set()
        return let_go.wait(60)

    held = asyncio.create_task(db.write(hold))
    try:
        assert await asyncio.to_thread(busy.wait, 60)
        yield
    finally:
        let_go.set()
        assert await held


async def until_gone(db: Database, process: str, seconds: float = 30.0) -> None:
    """Returns once the database knows that `process` has closed it: PostgreSQL's server notices a moment later."""
    async with asyncio.timeout(seconds):
        while not await db.write(lambda connection: db.is_gone(connection, process)):  # noqa: ASYNC110 - known only when asked
            await asyncio.sleep(0.01)


async def until_closed(url: str, seconds: float = 30.0) -> None:
    """Returns once nobody has the database of this URL open: PostgreSQL's server notices a moment later that a process was
    killed, and who starts in that moment takes it for alive."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return
    engine = make_engine(parsed, "migrate")
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    try:
        with engine.connect() as connection:
            async with asyncio.timeout(seconds):
                while connection.scalar(others):
                    connection.rollback()  # what the server tells is the same for all of a transaction
                    await asyncio.sleep(0.01)
    finally:
        engine.dispose()
