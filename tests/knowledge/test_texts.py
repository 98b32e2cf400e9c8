"""Chunks that are kept in memory: never longer than their base is as it was, never more than fit."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from core.documents import Chunk
from core.errors import StorageUnavailable
from knowledge.texts import Texts
from tests.knowledge.chunks import SHOP, MemoryStore, chunk


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class _Store(MemoryStore):
    """Says nothing of changes, as where another process makes them, unless `ours`."""

    ours = False
    versions = 0
    away = False

    def changes(self, base: str) -> int:
        return super().changes(base) if self.ours else 0

    async def version(self, base: str) -> int:
        self.versions += 1
        if self.away:
            raise StorageUnavailable("The database cannot be reached.")
        return await super().version(base)

    async def read(self, base: str, rows: Sequence[int]) -> Sequence[Chunk]:
        chunks = await super().read(base, rows)
        await asyncio.sleep(0)
        return chunks


async def _kept(store: _Store, **options: object) -> tuple[Texts, _Clock, list[int]]:
    clock = _Clock()
    texts = Texts(store, clock=clock, **options)  # type: ignore[arg-type]
    rows = list(await store.rows("shop"))
    await texts.current(["shop"])
    await texts.read("shop", rows, lambda _: True)
    return texts, clock, rows


async def test_what_was_read_is_there_and_what_is_not_good_is_not() -> None:
    store = _Store(shop=SHOP)
    texts, _, rows = await _kept(store)
    assert [texts.get("shop", row) for row in rows] == list(await store.read("shop", rows))
    assert texts.get("bank", rows[0]) is None
    other = Texts(store)
    assert await other.read("shop", rows, lambda one: one.language == "zh")
    assert sum(other.get("shop", row) is not None for row in rows) == 3


async def test_a_change_by_this_process_takes_effect_at_once() -> None:
    store = _Store(shop=SHOP)
    store.ours = True
    texts, _, rows = await _kept(store)
    store.put_chunks("shop", SHOP[1:])
    await texts.current(["shop"])
    assert all(texts.get("shop", row) is None for row in rows)
    assert texts.size == 0


async def test_what_was_read_while_the_base_changed_is_not_kept() -> None:
    store = _Store(shop=SHOP)
    store.ours = True
    texts, _, rows = await _kept(store)
    store.put_chunks("shop", [replace(SHOP[0], location="elsewhere"), *SHOP[1:]])
    reading = asyncio.create_task(texts.read("shop", rows, lambda _: True))
    await asyncio.sleep(0)
    store.put_chunks("shop", SHOP[1:])
    assert await reading
    assert texts.get("shop", rows[0]) is None


async def test_a_change_by_another_process_is_seen_within_five_seconds() -> None:
    store = _Store(shop=SHOP)
    texts, clock, rows = await _kept(store)
    store.put_chunks("shop", SHOP[1:])
    clock.now = 1.9
    await texts.current(["shop"])
    assert (store.versions, texts.get("shop", rows[0]) is None) == (1, False)
    clock.now = 2.1
    await texts.current(["shop"])  # does not wait for it
    assert store.versions == 1
    await asyncio.sleep(0.01)
    assert (store.versions, texts.get("shop", rows[0])) == (2, None)


async def test_after_a_pause_nothing_is_given_before_the_store_was_asked() -> None:
    store = _Store(shop=SHOP)
    texts, clock, rows = await _kept(store)
    store.put_chunks("shop", SHOP[1:])
    clock.now = 60.0
    await texts.current(["shop"])
    assert texts.get("shop", rows[0]) is None


async def test_without_the_store_nothing_is_trusted() -> None:
    store = _Store(shop=SHOP)
    texts, clock, _ = await _kept(store)
    store.away, clock.now = True, 3.0
    await texts.current(["shop"])
    await asyncio.sleep(0.01)
    with pytest.raises(StorageUnavailable):
        await texts.current(["shop"])
    await texts.aclose()


async def test_memory_is_bounded_and_the_oldest_go_first() -> None:
    store = _Store(shop=[chunk(n, f"{n} " + "x" * 1000) for n in range(50)])
    texts, _, rows = await _kept(store, most=20_000)
    assert texts.size <= 20_000
    there = [texts.get("shop", row) is not None for row in rows]
    assert 5 < sum(there) < 20
    assert there == sorted(there)
