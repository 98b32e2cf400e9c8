"""A conversation with everything in it that a customer may leave behind."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, update

from core.documents import Attachment, Chunk
from core.messages import Mode, Question, Source, StoredTurn, TurnRecord, TurnStatus
from core.vault import Masking, VaultEntry
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.ownership import hold_turn
from storage.tables import timing, turn
from storage.took import read

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
    """Keep what a turn took as earlier versions did: a row of `timing` for each step."""

    def write(connection: Connection) -> None:
        before, asked = hold_turn(connection, turn_id, db.pseudonyms.owner(owner))
        steps = [
            {"turn_id": turn_id, "step": step, "milliseconds": took}
            for step, took in read(turn_id, asked.timings).items()
        ]
        connection.execute(update(turn).where(turn.c.id == turn_id).values(timings=None))
        connection.execute(insert(timing), steps)
        delta = db.seals.member(turn, {**asked._mapping, "timings": None})
        delta += sum(db.seals.members(timing, steps)) - db.seals.member(turn, asked._mapping)
        db.seals.change(connection, before, delta)

    await db.write(write)


CANARIES = [
    "canary-visitor", "canary-customer", "问题金丝雀", "138 0013 8000", "13800138000", "canary-source.md",
    "标题金丝雀", "来源金丝雀", "评语金丝雀", "文件金丝雀", "注意金丝雀", "章节金丝雀", "正文金丝雀", "别名金丝雀",
    "Canary@Example.com", "canary@example.com", "打 [PHONE_1]",
]  # fmt: skip
