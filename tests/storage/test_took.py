"""What a turn took is one text, the same however it was taken, and a turn reads whatever stands in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from core.messages import Question
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.tables import timing, turn
from storage.took import read, written
from storage.verify import SqlSeals
from tests.storage.rooms import RECORD


@given(timings=st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers(0, 2**53)))
def test_the_same_times_are_one_text_that_reads_as_they_were(timings: dict[str, int]) -> None:
    text = written(timings)
    assert text == written(dict(reversed(timings.items())))
    assert (text is None) is (not timings)
    assert text is None or read("turn-1", text) == timings


def test_it_is_short_and_in_order() -> None:
    assert written({"total": 0, "first_token": 0, "saved": 800}) == '{"first_token":0,"saved":800,"total":0}'


@pytest.mark.parametrize(
    "text", ["", "nothing", "[1]", '{"total":"long"}', '{"total":true}', '{"total":1.5}']
)
async def test_a_turn_whose_times_were_changed_reads_without_them(db: Database, text: str) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(Question("how long?", "chat:a", "chat", "r-1"), "shop")
    await log.finish(begun.id, "chat:a", RECORD)
    await db.write(lambda connection: connection.execute(update(turn).values(timings=text)).rowcount)
    (found,) = await log.turns(begun.conversation_id, "chat:a")
    assert (found.record.answer, found.record.timings, found.damaged) == (RECORD.answer, {}, False)
    assert not (await SqlSeals(db).verify()).whole


async def test_a_turn_is_its_own_row_and_no_other(db: Database) -> None:
    log = SqlConversationLog(db)
    begun = await log.begin(Question("how long?", "chat:a", "chat", "r-1"), "shop")
    await log.finish(begun.id, "chat:a", RECORD)
    count = select(func.count()).select_from(timing)
    assert await db.read(lambda connection: connection.scalar(count)) == 0
    assert await db.read(lambda connection: connection.scalar(select(turn.c.timings))) == '{"total":40}'
