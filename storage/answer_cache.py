"""Generated answers in Redis, for all processes: sealed, so that nobody who reaches Redis reads or forges one.

Knows keys as digests. While Redis is away it knows nothing, and each process goes on with its own memory.
"""

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import structlog

from core.errors import StorageDamaged
from core.frequent import KnownAnswer
from core.messages import Source
from storage.cipher import Cipher
from storage.counters.redis_server import redis_client

if TYPE_CHECKING:
    from redis.asyncio import Redis

T = TypeVar("T")
log = structlog.get_logger()

PREFIX = "{xiaoq}:answer:1:"
"""The number is that of the form below."""
ANSWER_SECONDS = 0.5
"""Longest wait for Redis: an answer made anew is not much slower."""
AWAY_SECONDS = 2.0
"""How long nothing is asked of a Redis that did not answer."""


class RedisAnswers:
    """core.frequent.AnswerCache in Redis. `secret` is known once the database is open."""

    def __init__(
        self, url: str, secret: Callable[[], bytes], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url, self._secret, self._clock = url, secret, clock
        self._client: Redis | None = None
        self._away_until = 0.0

    async def get(self, key: bytes) -> KnownAnswer | None:
        sealed = await self._ask(lambda client: client.get(_name(key)))
        if not isinstance(sealed, bytes):
            return None
        try:
            opened = Cipher(self._secret()).open(bytes(sealed), "answer_cache", key.hex())
            return _answer(orjson.loads(opened))
        except (StorageDamaged, orjson.JSONDecodeError, KeyError, TypeError):
            log.warning("cached_answer_unreadable")
            return None

    async def put(self, key: bytes, answer: KnownAnswer, seconds: float) -> None:
        sealed = Cipher(self._secret()).seal(orjson.dumps(_written(answer)), "answer_cache", key.hex())
        await self._ask(lambda client: client.set(_name(key), sealed, px=max(1, int(seconds * 1000))))

    async def drop(self, key: bytes) -> None:
        await self._ask(lambda client: client.delete(_name(key)))

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _ask(self, call: "Callable[[Redis], Awaitable[T]]") -> T | None:
        from redis.exceptions import RedisError

        if self._clock() < self._away_until:
            return None
        if self._client is None:
            self._client = redis_client(self._url, ANSWER_SECONDS)
        try:
            return await call(self._client)
        except (RedisError, OSError, TimeoutError):
            self._away_until = self._clock() + AWAY_SECONDS
            log.warning("answer_cache_out_of_reach", again_in=AWAY_SECONDS)
            return None


def _name(key: bytes) -> str:
    return PREFIX + key.hex()


def _written(answer: KnownAnswer) -> dict[str, Any]:
    return {
        "text": answer.text,
        "sources": [{name: getattr(one, name) for name in Source.__slots__} for one in answer.sources],
        "language": answer.language,
        "engine": answer.engine,
        "milliseconds": answer.milliseconds,
    }


def _answer(held: dict[str, Any]) -> KnownAnswer:
    return KnownAnswer(**{**held, "sources": tuple(Source(**one) for one in held["sources"])})
