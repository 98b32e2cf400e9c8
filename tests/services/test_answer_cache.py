"""Generated answers in a real Redis: shared, sealed, and done without while it is away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.frequent import KnownAnswer
from core.messages import Source
from storage import answer_cache
from storage.answer_cache import RedisAnswers
from tests.support.redis import RunningRedis

pytestmark = pytest.mark.service

KEY = bytes(range(32))
ANSWER = KnownAnswer(
    "付款后 48 小时内发货。", (Source("faq.csv", "发货", "第 2 行", 0.9, "原文", "d", "p", "shop", 3),), "zh", "vllm", milliseconds=900
)  # fmt: skip


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningRedis]:
    # A machine that shares its cores may answer later than a customer would wait; one that is away refuses at once.
    monkeypatch.setattr(answer_cache, "ANSWER_SECONDS", 30.0)
    made = RunningRedis(tmp_path)
    yield made
    made.stop()


def answers(redis: RunningRedis, secret: bytes = b"s" * 32) -> RedisAnswers:
    return RedisAnswers(redis.url, lambda: secret)


async def test_what_one_process_keeps_another_finds_until_it_is_dropped(redis: RunningRedis) -> None:
    one, other = answers(redis), answers(redis)
    await one.put(KEY, ANSWER, 60)
    assert await other.get(KEY) == ANSWER
    assert await other.get(bytes(32)) is None
    await other.drop(KEY)
    assert await one.get(KEY) is None
    await one.put(KEY, ANSWER, 0.001)
    await one.aclose()
    await other.aclose()


async def test_it_is_sealed_for_this_key_and_this_installation(redis: RunningRedis) -> None:
    from redis.asyncio import Redis

    cache, foreign = answers(redis), answers(redis, b"t" * 32)
    await cache.put(KEY, ANSWER, 60)
    client = Redis.from_url(redis.url)
    (name,) = await client.keys("*")
    held = await client.get(name)
    assert name == b"{xiaoq}:answer:1:" + KEY.hex().encode()
    assert "发货".encode() not in held
    assert await foreign.get(KEY) is None
    await client.set("{xiaoq}:answer:1:" + bytes(32).hex(), held)
    assert await cache.get(bytes(32)) is None
    await client.set(name, b"rubbish")
    assert await cache.get(KEY) is None
    await client.aclose()
    await cache.aclose()
    await foreign.aclose()


async def test_away_it_knows_nothing_and_is_asked_again_later(redis: RunningRedis) -> None:
    now = [0.0]
    cache = RedisAnswers(redis.url, lambda: b"s" * 32, clock=lambda: now[0])
    await cache.put(KEY, ANSWER, 60)
    redis.stop()
    assert await cache.get(KEY) is None
    await cache.put(KEY, ANSWER, 60)
    redis.start()
    assert await cache.get(KEY) is None  # it is left alone for two seconds
    now[0] = 3.0
    await cache.put(KEY, ANSWER, 60)
    assert await cache.get(KEY) == ANSWER
    await cache.aclose()
