"""The lexicon follows the lists: at once where they are changed here, within seconds where elsewhere."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

import pytest

from core.errors import StorageUnavailable
from core.words import WordHit, WordList
from pipelines.words.live import Words
from tests.pipelines.words.lists import BLOCK, FLAG


class Shelf:
    """A store in memory that can be out of reach."""

    def __init__(self, *lists: WordList) -> None:
        self.kept = list(lists)
        self.number = 1
        self.reachable = True
        self.reads = 0

    async def version(self) -> int:
        if not self.reachable:
            raise StorageUnavailable("The database is out of reach.")
        return self.number

    async def lists(self, *, words: bool = False) -> Sequence[WordList]:
        self.reads += 1
        return list(self.kept)

    async def get(self, list_id: str) -> WordList | None:
        return next((words for words in self.kept if words.id == list_id), None)

    async def put(self, words: WordList) -> None:
        self.kept.append(words)
        self.number += 1

    async def delete(self, list_id: str) -> bool:
        raise NotImplementedError

    async def note(self, hits: Sequence[WordHit]) -> None:
        raise NotImplementedError

    async def hits(
        self, since: datetime | None = None, until: datetime | None = None, line: str | None = None
    ) -> Sequence[WordHit]:
        raise NotImplementedError


async def outcome(words: Words, text: str) -> str:
    return (await words.lexicon()).screen(text, "shop").action


async def test_a_change_made_here_holds_at_once() -> None:
    store = Shelf(BLOCK)
    words = Words(store)
    assert await outcome(words, "传奇") == "pass"
    await store.put(FLAG)
    await words.refresh()
    assert await outcome(words, "传奇") == "flag"
    await words.aclose()


async def test_a_change_made_elsewhere_holds_soon() -> None:
    store = Shelf(BLOCK)
    words = Words(store, look_seconds=0.01)
    assert await outcome(words, "传奇") == "pass"
    await store.put(FLAG)
    for _ in range(100):
        await asyncio.sleep(0.02)
        if await outcome(words, "传奇") == "flag":
            break
    assert await outcome(words, "传奇") == "flag"
    await words.aclose()


async def test_lists_that_did_not_change_are_read_once() -> None:
    store = Shelf(BLOCK)
    words = Words(store)
    await asyncio.gather(*(words.lexicon() for _ in range(20)))
    await words.refresh()
    assert store.reads == 1


async def test_old_lists_hold_while_the_store_is_out_of_reach() -> None:
    store = Shelf(BLOCK)
    words = Words(store, look_seconds=0.01)
    assert await outcome(words, "六合彩") == "block"
    store.reachable = False
    await asyncio.sleep(0.02)
    assert await outcome(words, "六合彩") == "block"
    await asyncio.sleep(0.02)
    assert await outcome(words, "六合彩") == "block"
    await words.aclose()


async def test_lists_that_were_never_read_are_an_error() -> None:
    store = Shelf(BLOCK)
    store.reachable = False
    with pytest.raises(StorageUnavailable):
        await Words(store).lexicon()
