"""Word lists and their hits, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from core.messages import Question
from core.words import WordHit, WordList, WordStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.retention import purge
from storage.words import SqlWordStore

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
RUDE = WordList("a1", "Rude", "abuse", "replace", ("笨蛋", "fool"), replacement="…", homophones=True)
HIT = WordHit(NOW, "shop", None, "input", "a1", "Rude", "abuse", "replace", 2)


async def test_the_store_is_its_port(db: Database) -> None:
    store: WordStore = SqlWordStore(db)
    assert await store.version() == 0


async def test_a_list_is_put_changed_and_deleted_and_the_version_grows(db: Database) -> None:
    store = SqlWordStore(db)
    await store.put(RUDE)
    kept = await store.get("a1")
    assert kept is not None
    assert replace(kept, updated_at=None) == replace(RUDE, count=2)
    assert kept.updated_at is not None
    first = await store.version()
    await store.put(replace(RUDE, words=("fool",), enabled=False))
    second = await store.version()
    changed = await store.get("a1")
    assert changed is not None
    assert (changed.words, changed.count, changed.enabled) == (("fool",), 1, False)
    assert await store.delete("a1")
    assert not await store.delete("a1")
    assert 0 < first < second < await store.version()
    assert await store.get("a1") is None


async def test_lists_come_by_line_and_name_and_bring_their_words_where_asked(db: Database) -> None:
    store = SqlWordStore(db)
    for list_id, line, name in (("1", "shop", "B"), ("2", None, "Z"), ("3", "bank", "C"), ("4", "shop", "A")):
        await store.put(replace(RUDE, id=list_id, line=line, name=name))
    assert [words.id for words in await store.lists()] == ["2", "3", "4", "1"]
    assert [(words.words, words.count) for words in await store.lists()] == [((), 2)] * 4
    assert {words.words for words in await store.lists(words=True)} == {("笨蛋", "fool")}


async def test_hits_come_newest_first_by_time_and_line(db: Database) -> None:
    store = SqlWordStore(db)
    later = replace(HIT, at=NOW + timedelta(hours=1), line="bank", direction="output")
    await store.note([HIT, later])
    await store.note([])
    assert await store.hits() == [later, HIT]
    assert await store.hits(since=NOW + timedelta(minutes=1)) == [later]
    assert await store.hits(until=NOW + timedelta(minutes=1)) == [HIT]
    assert await store.hits(line="shop") == [HIT]


async def test_hits_go_with_their_turn_and_never_come_after_it(db: Database) -> None:
    store, log = SqlWordStore(db), SqlConversationLog(db)
    turn = await log.begin(Question(text="笨蛋", owner="o", channel="api", request_id="r"), "shop")
    young = replace(HIT, at=datetime.now(UTC) + timedelta(days=2))
    await store.note([replace(HIT, turn_id=turn.id), HIT, young])
    assert len(await store.hits()) == 3
    await purge(db, 1, datetime.now(UTC) + timedelta(days=2))
    assert await store.hits() == [young], "of no turn, but as old as the others"
    await store.note([replace(HIT, turn_id=turn.id)])
    assert await store.hits() == [young]
