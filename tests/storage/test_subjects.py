"""A customer's rights: all of theirs and none of another's, and nothing left once they are erased."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.custody import Subjects
from core.errors import NotFound
from core.messages import Question
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.subjects import SqlSubjects
from storage.tables import metadata
from storage.transcripts import SqlTranscriptReader
from tests.storage.rooms import NAME, PHONE, as_before_0009, fill
from tests.support.keys import MASTER

KEY_OWNER = "key:k-1/li"


_COUNTED = ("subject", "conversation", "turn", "source", "timing", "vault", "attachment_chunk")


async def counts(db: Database) -> dict[str, int]:
    return await db.read(
        lambda connection: {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }
    )


async def test_a_customer_is_found_by_each_of_their_names(db: Database) -> None:
    subjects: Subjects = SqlSubjects(db)
    names = db.pseudonyms
    await fill(db, KEY_OWNER, "li")
    await fill(db, "key:k-2/li", "li")
    await fill(db, "key:k-1/han", "han")
    await SqlConversationLog(db).begin(Question("q", "chat:0a1b", "chat", "r"), "shop")
    assert await subjects.owners("li") == sorted(names.owner(one) for one in (KEY_OWNER, "key:k-2/li"))
    assert await subjects.owners("han") == [names.owner("key:k-1/han")]
    for named in ("chat:0a1b", names.owner("chat:0a1b")):
        assert await subjects.owners(named) == [names.owner("chat:0a1b")]
    for unknown in ("nobody", "chat:other", "%", "", "~", "key:k-1/"):
        assert await subjects.owners(unknown) == []


async def test_an_export_holds_all_of_theirs_in_their_own_words_and_nothing_else(db: Database) -> None:
    subjects = SqlSubjects(db)
    mine = await fill(db, KEY_OWNER, "li")
    await fill(db, "key:k-1/han", "han")
    log = SqlConversationLog(db)
    here = mine.conversation_id
    again = await log.begin(
        Question("anew", KEY_OWNER, "api", "r", conversation_id=here, replaces=mine.id), "shop"
    )
    data = await subjects.export("li")
    (one,) = data.conversations
    assert (one.id, one.customer, one.line) == (here, "li", "shop")
    assert [each.id for each in one.turns] == [mine.id, again.id], "what was set aside is kept, too"
    assert one.turns[0].question == "问题金丝雀,请打 138 0013 8000"
    assert one.turns[0].feedback_comment == "评语金丝雀"
    assert one.turns[0].record.timings == {"total": 40}
    assert one.turns[0].record.sources[0].text == "来源金丝雀 138 0013 8000"
    assert one.attachments[0].name == "文件金丝雀.pdf"
    assert one.attachment_texts[0].text == "正文金丝雀 Canary@Example.com"
    assert one.vault == [NAME, PHONE]
    with pytest.raises(NotFound):
        await subjects.export("nobody")


async def test_erasing_leaves_no_row_of_theirs_and_every_row_of_others(db: Database) -> None:
    swept: list[bool] = []

    async def after() -> None:
        swept.append(True)

    subjects = SqlSubjects(db, after)
    await fill(db, "key:k-1/han", "han")
    before = await counts(db)
    await as_before_0009(db, (await fill(db, KEY_OWNER, "li")).id, KEY_OWNER)
    await fill(db, KEY_OWNER, "li")
    told = await subjects.counts("li")
    gone = await subjects.erase("li")
    assert {**told, "subject": 1} == gone
    assert set((await subjects.counts("li")).values()) == {0}
    assert await counts(db) == before
    assert {name: gone[name] for name in _COUNTED} == {
        "subject": 1, "conversation": 2, "turn": 2, "source": 1, "timing": 1, "vault": 4, "attachment_chunk": 2,
    }  # fmt: skip
    assert swept == [True]
    assert set((await subjects.erase("li")).values()) == {0}
    assert len((await subjects.export("han")).conversations) == 1


async def test_of_an_owner_that_many_share_only_their_own_goes(db: Database) -> None:
    log = SqlConversationLog(db)
    for customer in ("li", "han"):
        await log.begin(Question("q", "key:k-1/", "api", "r", customer=customer), "shop")
    subjects = SqlSubjects(db)
    assert (await subjects.erase("li"))["conversation"] == 1
    assert await subjects.owners("han") == ["key:k-1/"]


async def test_an_erased_key_is_in_no_file_and_refused_by_every_process(
    sqlite_url: str, tmp_path: Path
) -> None:
    db, beside = Database(sqlite_url, MASTER), Database(sqlite_url, MASTER)
    await db.start()
    await beside.start()
    begun = await fill(db, KEY_OWNER, "li")
    assert (await SqlTranscriptReader(beside).conversation(begun.conversation_id))[0].damaged is False
    with closing(sqlite3.connect(tmp_path / "xiaoq.db")) as raw:
        (wrapped,) = raw.execute("SELECT wrapped FROM subject").fetchone()
        (question,) = raw.execute("SELECT question FROM turn").fetchone()
    await SqlSubjects(db).erase("li")
    files = await asyncio.to_thread(
        lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    )
    with pytest.raises(NotFound):
        await SqlTranscriptReader(beside).conversation(begun.conversation_id)
    await beside.aclose()
    await db.aclose()
    assert wrapped not in files
    assert question not in files
