"""What a turn stands on lies sealed in its own row; what earlier versions kept in rows of their own reads beside it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select, update

from core.messages import DAMAGED, Mode, Question, Source, StoredTurn, TurnRecord, TurnStatus
from storage.cipher import Cipher
from storage.cited import in_rows, packed, read, sealed
from storage.columns import plain
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.places import sources as place
from storage.tables import source, turn
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD, as_before_0009

OWNER = "chat:a"
TWO = (
    Source("费用.md", "年费", "row 2", 0.91, "打 [PHONE_1]", "d1", "p1", "bank", 3),
    Source("b.pdf", "", "", 1.0, "text\n", "d2", "p2"),
)
TEXT = st.text(st.sampled_from('灯a\0\ud83d \n[]"é'), max_size=9)
SOURCES = st.lists(
    st.builds(Source, TEXT, TEXT, TEXT, st.floats(0, 1), TEXT, TEXT, TEXT, TEXT, st.none() | st.integers(0, 2**31)),
    max_size=4,
)  # fmt: skip


async def ended(db: Database, sources: tuple[Source, ...], here: str | None = None) -> StoredTurn:
    log = SqlConversationLog(db)
    asked = Question("on what?", OWNER, "chat", "r-1", conversation_id=here)
    begun = await log.begin(asked, "shop")
    await log.finish(begun.id, OWNER, replace(RECORD, sources=sources))
    return begun


async def stored(db: Database) -> tuple[int, list[bytes | None]]:
    """How many rows of `source` there are, and what the turns' own rows hold, the oldest first."""

    def look(connection: Connection) -> tuple[int, list[bytes | None]]:
        count = connection.scalar(select(func.count()).select_from(source)) or 0
        return count, list(connection.scalars(select(turn.c.sources).order_by(turn.c.asked_at)))

    return await db.read(look)


async def read_back(db: Database, here: str) -> list[tuple[Source, ...]]:
    return [tuple(one.record.sources) for one in await SqlConversationLog(db).turns(here, OWNER)]


@given(sources=SOURCES)
def test_sources_read_as_they_were(sources: list[Source]) -> None:
    cipher = Cipher(bytes(32))
    row = SimpleNamespace(id="turn-1", conversation_id="conv-1")
    row.sources = sealed(cipher, sources, place(row.id, row.conversation_id))
    assert packed(sources) == packed(tuple(sources))
    assert (row.sources is None) is (not sources)
    names = ("document", "title", "location", "text", "document_id", "passage_id", "base")
    expected = [replace(one, **{name: plain(getattr(one, name)) for name in names}) for one in sources]
    assert read(cipher, row, {}) == expected


async def test_a_turn_is_its_own_row_and_no_other(db: Database) -> None:
    begun = await ended(db, TWO)
    await ended(db, ())
    count, (first, second) = await stored(db)
    assert (count, second) == (0, None)
    assert first is not None
    assert "费用.md".encode() not in first
    assert await read_back(db, begun.conversation_id) == [TWO]
    assert (await SqlSeals(db).verify()).whole


async def test_rows_of_before_are_read_beside_it(db: Database) -> None:
    first = await ended(db, TWO)
    here = first.conversation_id
    await ended(db, (), here)
    await ended(db, TWO[:1], here)
    await as_before_0009(db, first.id, OWNER)
    assert (await stored(db))[0] == 2
    assert await read_back(db, here) == [TWO, (), TWO[:1]]
    assert (await SqlSeals(db).verify()).whole
    found = await db.read(lambda connection: in_rows(connection, connection.execute(select(turn)).all()))
    assert {turn_id: len(rows) for turn_id, rows in found.items()} == {first.id: 2}


@pytest.mark.parametrize("again", [(), TWO[1:]])
@pytest.mark.parametrize("before", [True, False])
async def test_who_ends_it_anew_replaces_what_it_stood_on(
    db: Database, before: bool, again: tuple[Source, ...]
) -> None:
    begun = await ended(db, TWO)
    if before:
        await as_before_0009(db, begun.id, OWNER)
    record = replace(RECORD, status=TurnStatus.STOPPED, sources=again)
    await SqlConversationLog(db).finish(begun.id, OWNER, record)
    assert await read_back(db, begun.conversation_id) == [again]
    count, (own,) = await stored(db)
    assert (count, own is None) == (0, not again)
    assert (await SqlSeals(db).verify()).whole


@pytest.mark.parametrize("content", [b"", b"x", b"\x01" + bytes(40)])
async def test_one_that_cannot_be_read_is_damaged_and_leaves_the_others(db: Database, content: bytes) -> None:
    good = await ended(db, TWO)
    bad = await ended(db, TWO, good.conversation_id)
    await put(db, bad.id, content)
    whole, broken = await SqlConversationLog(db).turns(good.conversation_id, OWNER)
    assert (whole.damaged, tuple(whole.record.sources)) == (False, TWO)
    assert (broken.damaged, broken.question, tuple(broken.record.sources)) == (True, DAMAGED, ())
    assert not (await SqlSeals(db).verify()).whole


async def test_it_opens_in_no_other_turn(db: Database) -> None:
    good = await ended(db, TWO)
    bad = await ended(db, TWO[:1], good.conversation_id)
    _, (moved, _) = await stored(db)
    await put(db, bad.id, moved)
    turns = await SqlConversationLog(db).turns(good.conversation_id, OWNER)
    assert [one.damaged for one in turns] == [False, True]


async def put(db: Database, turn_id: str, content: bytes | None) -> None:
    changed = update(turn).where(turn.c.id == turn_id).values(sources=content)
    await db.write(lambda connection: connection.execute(changed).rowcount)


@pytest.mark.parametrize("before", [True, False])
async def test_an_answer_that_stands_on_something_found_something(db: Database, before: bool) -> None:
    log = SqlConversationLog(db)
    first = await ended(db, TWO)
    if before:
        await as_before_0009(db, first.id, OWNER)
    here = first.conversation_id
    nothing = TurnRecord("Hm.", Mode.GENERATED, TurnStatus.DONE, "en", "openai")
    second = await log.begin(Question("and?", OWNER, "chat", "r-2", conversation_id=here), "shop")
    await log.finish(second.id, OWNER, nothing)
    third = await log.begin(Question("and now?", OWNER, "chat", "r-3", conversation_id=here), "shop")
    assert await log.unanswered(here, OWNER, third.id) == 1
