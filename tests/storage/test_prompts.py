"""Versions of prompts: what is frozen stays, numbers are given once, rolling back finds the way; on both databases."""

import asyncio
import time
from dataclasses import replace

import pytest

from core.errors import Conflict, NotFound
from core.messages import BusinessLine
from core.prompts import NO_PARAMETERS, Parameters, PromptStore
from storage.database import Database
from storage.lines import SqlLineStore
from storage.prompts import SqlPromptStore
from tests.support.keys import MASTER

WARM = Parameters(temperature=0.2, max_tokens=256)


async def shop(db: Database) -> tuple[SqlLineStore, SqlPromptStore]:
    lines = SqlLineStore(db)
    await lines.put(BusinessLine("shop", {"zh": "商城"}, ("shop",)))
    return lines, SqlPromptStore(db, lines.forget)


async def test_the_store_is_its_port_and_gives_back_what_was_put(db: Database) -> None:
    _, made = await shop(db)
    store: PromptStore = made
    first = await store.add("shop", {"zh": "你好"}, WARM, note="第一版", author="key:1")
    second = await store.add("shop", {"en": "Hi"}, parent=1)
    assert (first.version, first.status, first.parameters, first.note, first.author) == (
        1, "draft", WARM, "第一版", "key:1",
    )  # fmt: skip
    assert (second.version, second.parent, second.parameters) == (2, 1, NO_PARAMETERS)
    assert [one.version for one in await store.list("shop")] == [2, 1]
    assert await store.get("shop", 1) == first
    assert await store.get("shop", 3) is None
    with pytest.raises(NotFound):
        await store.add("nowhere", {"zh": "x"})
    with pytest.raises(NotFound):
        await store.add("shop", {"zh": "x"}, parent=9)


async def test_a_draft_changes_and_what_was_put_forward_or_published_does_not(db: Database) -> None:
    _, store = await shop(db)
    for text in ("a", "b", "c"):
        await store.add("shop", {"en": text})
    changed = await store.change("shop", 1, {"en": "A"}, WARM, "why")
    assert (changed.texts, changed.parameters, changed.note) == ({"en": "A"}, WARM, "why")
    again = await store.change("shop", 1, {"en": "AA"}, WARM, "", read_at=changed.updated_at)
    assert again.texts == {"en": "AA"}
    with pytest.raises(Conflict) as refused:
        await store.change("shop", 1, {"en": "B"}, WARM, "", read_at=changed.updated_at)
    assert refused.value.param == "read_at"
    assert await store.get("shop", 1) == again
    assert (await store.set_status("shop", 1, "candidate")).status == "candidate"
    await store.publish("shop", 2)
    await store.set_status("shop", 3, "retired")
    for version in (1, 2, 3):
        with pytest.raises(Conflict):
            await store.change("shop", version, {"en": "x"}, NO_PARAMETERS, "")
    for version, status in ((2, "retired"), (2, "draft"), (1, "draft"), (3, "candidate"), (1, "published")):
        with pytest.raises(Conflict):
            await store.set_status("shop", version, status)  # type: ignore[arg-type]
    with pytest.raises(Conflict):
        await store.publish("shop", 3)
    with pytest.raises(NotFound):
        await store.publish("shop", 9)


async def test_the_line_brings_what_is_published_at_once(db: Database) -> None:
    lines, store = await shop(db)
    await store.add("shop", {"en": "a"})
    before = await lines.get("shop")
    assert before is not None
    assert before.prompt is None
    published = await store.publish("shop", 1)
    assert published.published_at is not None
    line = await lines.get("shop")
    assert line is not None
    assert line.prompt == published
    assert await store.live("shop") == 1
    await lines.put(before)  # whoever saves the line as they read it takes no prompt back
    assert await store.live("shop") == 1
    assert await store.publish("shop", 1) == published


async def test_rolling_back_goes_the_way_that_was_come(db: Database) -> None:
    _, store = await shop(db)
    for text in ("1", "2", "3", "4"):
        await store.add("shop", {"en": text})
    with pytest.raises(Conflict):
        await store.roll_back("shop")
    for version in (1, 2, 3):
        await store.publish("shop", version)
    assert await store.roll_back("shop") == 2
    await store.publish("shop", 4)  # after 3 was taken back, 2 is what 4 follows
    assert [await store.roll_back("shop") for _ in range(3)] == [2, 1, None]
    assert await store.live("shop") is None
    with pytest.raises(Conflict):
        await store.roll_back("shop")


async def test_two_who_roll_back_the_same_version_go_back_once(db: Database) -> None:
    _, store = await shop(db)
    for version in (1, 2, 3):
        await store.add("shop", {"en": str(version)})
        await store.publish("shop", version)
    tries = await asyncio.gather(*(store.roll_back("shop", over=3) for _ in range(2)), return_exceptions=True)
    assert [each for each in tries if isinstance(each, int)] == [2]
    assert [type(each) for each in tries if not isinstance(each, int)] == [Conflict]
    assert await store.live("shop") == 2


async def test_a_version_that_was_published_again_does_not_send_rolling_back_round_in_a_circle(
    db: Database,
) -> None:
    _, store = await shop(db)
    for text in ("1", "2"):
        await store.add("shop", {"en": text})
    for version in (1, 2, 1):
        await store.publish("shop", version)
    assert await store.roll_back("shop") == 2
    assert await store.roll_back("shop") == 1
    first = await store.get("shop", 1)
    assert first is not None
    assert first.follows is None, "what the page says that the next step back leads to"
    assert await store.roll_back("shop") is None
    await store.publish("shop", 2)
    assert await store.roll_back("shop") is None


async def test_a_published_version_is_read_once(db: Database) -> None:
    _, store = await shop(db)
    await store.add("shop", {"en": "a"})
    draft = await store.get("shop", 1)
    assert draft is not None
    assert draft is not await store.get("shop", 1)
    await store.publish("shop", 1)
    published = await store.get("shop", 1)
    assert published is not None
    assert published.status == "published"
    assert published is await store.get("shop", 1)


async def test_writers_of_two_processes_never_get_the_same_number(db: Database, url: str) -> None:
    _, store = await shop(db)
    other = Database(url, MASTER)
    await other.start()
    try:
        elsewhere = SqlPromptStore(other, SqlLineStore(other).forget)
        made = await asyncio.gather(
            *((store if n % 2 else elsewhere).add("shop", {"en": str(n)}) for n in range(40))
        )
        assert sorted(one.version for one in made) == list(range(1, 41))
        assert {one.texts["en"] for one in await store.list("shop")} == {str(n) for n in range(40)}
        await asyncio.gather(*(each.publish("shop", n) for n, each in enumerate((store, elsewhere) * 5, 1)))
        assert [one.follows for one in await store.list("shop")].count(None) == 31
    finally:
        await other.aclose()


async def test_a_line_in_use_is_read_again_beside_the_questions(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.lines.KNOWN_SECONDS", 1000.0)
    lines, _ = await shop(db)
    before = await lines.get("shop")
    assert before is not None
    await SqlLineStore(db).put(replace(before, persona="elsewhere"))  # another process
    assert lines.at_hand("shop") is before
    lines._known["shop"] = (time.monotonic() - 600, before)
    assert lines.at_hand("shop") is before, "nobody waits for it"
    async with asyncio.timeout(10):
        while (found := lines.at_hand("shop")) is before:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    assert found is not None
    assert found.persona == "elsewhere"
    assert not lines._reading
