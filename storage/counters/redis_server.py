"""Counts that machines share, in Redis. Names are hidden before they come here; Redis holds nothing of anybody's.

Calls that come together go together, over one connection. What happens while Redis is away is decided elsewhere.
"""

import asyncio
import contextlib
import itertools
import os
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from core.errors import ConfigurationError, StorageUnavailable
from core.limits import Back, Counted, Outcome, Take
from core.ports import Health
from storage.counters.redis_scripts import GIVE, RENEW, TAKE

if TYPE_CHECKING:
    from redis.asyncio import Redis

PREFIX = "{xiaoq}:"
"""The braces keep all of it on one node of a cluster, which one script asks for."""
ANSWER_SECONDS = 1.0
"""Longest wait for Redis before it counts as out of reach."""
HELD_SECONDS = 30.0
"""How long what a process holds stays held after it died; renewed three times in it."""


class _Call(NamedTuple):
    script: str
    keys: Sequence[str]
    arguments: Sequence[Any]
    reply: "asyncio.Future[Any]"


class RedisCounters:
    """core.limits.Counters in Redis. Every method but `give` raises StorageUnavailable where it does not answer.

    `start` may be called again, to see whether it is back.
    """

    def __init__(self, url: str, held_seconds: float = HELD_SECONDS) -> None:
        self._url, self._held_seconds = url, held_seconds
        self._client: Redis | None = None
        self._waiting: list[_Call] = []
        self._sending: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._me = os.urandom(8).hex()
        self._numbers = itertools.count(1)
        self._mine: dict[str, set[str]] = defaultdict(set)

    async def start(self) -> None:
        if self._client is None:
            self._client = redis_client(self._url, ANSWER_SECONDS)
            self._renewing = asyncio.create_task(self._renew())
        await self._run("return 1", (), ())

    async def take(self, wanted: Sequence[Take]) -> Outcome:
        numbers = [float(next(self._numbers)) if not each.seconds else 0.0 for each in wanted]
        arguments: list[Any] = []
        for each, number in zip(wanted, numbers, strict=True):
            arguments += (each.amount, each.limit, each.seconds * 1000, self._name(number))
        reply = await self._run(TAKE, [each.key for each in wanted], arguments)
        refused, now, standing = reply[0], reply[1], reply[2:]
        counts = [
            Counted(standing[2 * place], max(0.0, (standing[2 * place + 1] - now) / 1000), number)
            if number
            else Counted(standing[2 * place], (standing[2 * place + 1] - now) / 1000, standing[2 * place + 1])
            for place, number in enumerate(numbers)
        ]
        if refused:
            return Outcome(counts, refused - 1)
        for each, number in zip(wanted, numbers, strict=True):
            if number and each.amount:
                self._mine[each.key].add(self._name(number))
        return Outcome(counts)

    def give(self, back: Sequence[Back]) -> None:
        arguments: list[Any] = []
        for each in back:
            name = self._name(each.mark)
            arguments += (each.amount, int(each.mark), each.seconds, name)
            if not each.seconds and each.key in self._mine:
                self._mine[each.key].discard(name)
                if not self._mine[each.key]:
                    del self._mine[each.key]
        # Where Redis does not hear of it the window ends by itself, and what is held comes free.
        self._send_later(GIVE, [each.key for each in back], arguments).add_done_callback(_unasked)

    async def health(self) -> Health:
        await self._run("return 1", (), ())
        return Health(ready=True, detail="counted in Redis")

    async def aclose(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        if self._sending is not None:
            await asyncio.wait([self._sending])
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _name(self, number: float) -> str:
        return f"{self._me}:{number:.0f}"

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        return await self._send_later(script, keys, arguments)

    def _send_later(
        self, script: str, keys: Sequence[str], arguments: Sequence[Any]
    ) -> "asyncio.Future[Any]":
        reply = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(script, keys, arguments, reply))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send_all())
        return reply

    async def _send_all(self) -> None:
        """Send what waits, all at once, until nothing does."""
        try:
            while self._waiting:
                calls, self._waiting = self._waiting, []
                for call, reply in zip(calls, await self._replies(calls), strict=True):
                    if call.reply.done():
                        continue
                    if isinstance(reply, Exception):
                        call.reply.set_exception(_unavailable())
                    else:
                        call.reply.set_result(reply)
        finally:
            self._sending = None

    async def _replies(self, calls: Sequence[_Call]) -> Sequence[Any]:
        """One reply for each call, or an exception in its place."""
        from redis.exceptions import RedisError

        if self._client is None:
            return [_unavailable()] * len(calls)
        held = f"{self._held_seconds * 1000:.0f}"
        pipeline = self._client.pipeline(transaction=False)
        for call in calls:
            keys = [PREFIX + key for key in call.keys]
            pipeline.eval(call.script.replace("HELD", held), len(keys), *keys, *call.arguments)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            return [error] * len(calls)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._held_seconds / 3)
            for key, names in [*self._mine.items()]:
                with contextlib.suppress(StorageUnavailable):  # tried again twice before anything comes free
                    await self._run(RENEW, [key], sorted(names))


def redis_client(url: str, seconds: float) -> "Redis":
    """A client that tries a broken connection once more and waits so long. Raises ConfigurationError."""
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    try:
        return Redis.from_url(
            url,
            socket_timeout=seconds,
            socket_connect_timeout=seconds,
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        raise ConfigurationError(
            "XIAOQ_REDIS_URL is no address of a Redis: write redis://, rediss:// or unix:// and where it is."
        ) from None


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable("Redis cannot be reached; try again in a few seconds.", retry_after=5)


def _unasked(reply: "asyncio.Future[Any]") -> None:
    """Take note of an exception that nobody waits for."""
    if not reply.cancelled():
        reply.exception()
