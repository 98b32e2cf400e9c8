"""Keys between the database and the calls: what is remembered, for how long, and what is written beside them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.limits import Limits
from core.ports import ApiKey, KeyTerms
from storage.database import Database
from storage.key_cache import KNOWN_SECONDS, MOST_KNOWN, MOST_UNKNOWN, UNKNOWN_SECONDS, KeyCache
from storage.key_use import NOTED_EVERY
from storage.keys import SqlKeyStore
from tests.support.keys import MASTER

TERMS = KeyTerms(
    datetime(2030, 1, 1, tzinfo=UTC), ("chat", "models"), Limits(requests_per_minute=3, token_budget=1_000)
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def listed(keys: SqlKeyStore, wanted: Callable[[ApiKey], bool]) -> ApiKey:
    """The only key, once what is written beside the calls makes it what is wanted."""
    async with asyncio.timeout(30):
        while not wanted(key := (await keys.list())[0]):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.05)
    return key


async def test_terms_are_kept_and_changed(db: Database) -> None:
    keys = SqlKeyStore(db)
    key, text = await keys.create("crm", "caller", "shop", TERMS)
    assert (await keys.list())[0] == key == await keys.find(text)
    other = KeyTerms(limits=Limits(streams=2))
    assert await keys.change(key.id, other) is True
    found = await keys.find(text)
    assert found is not None
    assert found.terms == other
    await keys.revoke(key.id)
    assert await keys.change(key.id, TERMS) is False
    await keys.aclose()


async def test_another_process_is_heard_within_seconds(db: Database) -> None:
    clock = Clock()
    here, there = SqlKeyStore(db, clock), SqlKeyStore(db)
    assert await here.any() is False
    key, text = await there.create("crm", "caller")
    clock.now += UNKNOWN_SECONDS + 0.01
    assert await here.any() is True
    assert await here.find(text) is not None
    await there.revoke(key.id)
    clock.now += KNOWN_SECONDS - 0.01
    assert await here.find(text) is not None
    # The clock stands still: only a reading beside the calls can bring it.
    async with asyncio.timeout(30):
        while await here.find(text) is not None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    await here.aclose()


async def test_a_warm_key_waits_for_no_database(sqlite_url: str) -> None:
    db = Database(sqlite_url, MASTER)
    await db.start()
    keys = SqlKeyStore(db)
    _, text = await keys.create("crm", "caller")
    assert await keys.find(text) is not None
    assert await keys.find("xq-nobody") is None
    found = [keys.find(text), keys.find("xq-nobody")]
    for each in found:
        with pytest.raises(StopIteration):  # a coroutine that ends at once has waited for nothing
            each.send(None)
    await keys.aclose()
    await db.aclose()


async def test_what_is_remembered_is_bounded() -> None:
    key = ApiKey("key-1", "crm", "caller", None, datetime.now(UTC), None, None)

    async def load(digest: bytes) -> ApiKey | None:
        return key if digest.startswith(b"known") else None

    cache = KeyCache(load)
    for number in range(MOST_UNKNOWN + 500):
        await cache.get(b"stranger %d" % number)
    for number in range(MOST_KNOWN + 500):
        await cache.get(b"known %d" % number)
    assert (len(cache._known), len(cache._unknown), len(cache._loading)) == (MOST_KNOWN, MOST_UNKNOWN, 0)


async def test_what_is_read_while_a_key_is_revoked_is_not_kept() -> None:
    key = ApiKey("key-1", "crm", "caller", None, datetime.now(UTC), None, None)
    answers: list[ApiKey | None] = [key, None]
    release = asyncio.Event()

    async def load(digest: bytes) -> ApiKey | None:
        answer = answers.pop(0)
        await release.wait()
        return answer

    cache = KeyCache(load)
    reading = asyncio.create_task(cache.get(b"digest"))
    await asyncio.sleep(0.01)
    cache.drop()
    release.set()
    assert await reading == key
    assert await cache.get(b"digest") is None


async def test_use_is_noted_once_a_minute_beside_the_calls(db: Database) -> None:
    clock = Clock()
    keys = SqlKeyStore(db, clock)
    _, text = await keys.create("crm", "caller")
    before = datetime.now(UTC)
    await keys.find(text)
    after = datetime.now(UTC)
    assert (await keys.list())[0].last_used_at is None
    noted = (await listed(keys, lambda key: key.last_used_at is not None)).last_used_at
    assert noted is not None
    assert before <= noted <= after, "when it was used, not when that was written"
    await keys.find(text)
    await keys.aclose()
    assert (await keys.list())[0].last_used_at == noted
    clock.now += NOTED_EVERY
    await keys.find(text)
    await keys.aclose()
    assert (await keys.list())[0].last_used_at != noted


async def test_what_is_spent_adds_up_over_processes(db: Database) -> None:
    clock = Clock()
    here, there = SqlKeyStore(db, clock), SqlKeyStore(db)
    key, text = await here.create("crm", "caller", None, TERMS)
    await here.find(text)
    for tokens in (300, 200):
        here.spend(key.id, tokens)
    assert here.spent(key.id) == 500
    await there.find(text)
    there.spend(key.id, 70)
    await there.aclose()
    assert (await listed(here, lambda key: key.tokens_used >= 570)).tokens_used == 570
    clock.now += KNOWN_SECONDS
    await here.find(text)
    assert here.spent(key.id) == 570
    here.spend(key.id, 1)
    await here.aclose()
    assert (await here.list())[0].tokens_used == 571


async def test_keys_of_before_have_no_terms(sqlite_url: str, tmp_path: Path) -> None:
    from tests.storage.frozen import fill

    fill(sqlite_url, "0003")
    db = Database(sqlite_url, MASTER)
    await db.start()
    keys = SqlKeyStore(db)
    assert {(key.terms, key.tokens_used) for key in await keys.list()} == {(KeyTerms(), 0)}
    await db.aclose()
