"""How many questions one engine answers at once, and who is next: a bounded queue in which shares take turns.

Knows nothing of engines and of what is asked.
"""

import asyncio
import math
import time
from collections import OrderedDict, deque

from core.errors import Overloaded, ServerStopping

LONGEST_RETRY_SECONDS = 60
_FIRST_GUESS_SECONDS = 2.0
"""How long an answer is taken to last before any has ended."""
_NEWEST = 0.1
"""The weight of the newest answer in that guess."""

Waiter = asyncio.Future[None]


class Gate:
    """At most `most` inside, at most `queue` waiting, none longer than `wait_seconds`.

    The next inside is the first of the share whose turn it is, so one asker's flood makes the others wait for one
    of its questions each time and no more. Where the queue is full, a share that has less in it takes the place of
    the newest of the share that has most.
    """

    def __init__(self, most: int, queue: int, wait_seconds: float) -> None:
        self._most, self._queue, self._wait_seconds = most, queue, wait_seconds
        self._shares: OrderedDict[str, deque[Waiter]] = OrderedDict()
        self._service_seconds = _FIRST_GUESS_SECONDS
        self._closed = False
        self.running = 0
        self.waiting = 0
        self.waits = 0
        self.waited_seconds = 0.0
        self.rejected = 0

    async def enter(self, share: str) -> float:
        """Returns once there is a place: the seconds that took. Each return is followed by one `leave`.

        Raises Overloaded where the queue is full or the time is up, ServerStopping once closed.
        """
        if self.running < self._most and not self.waiting and not self._closed:
            self.running += 1
            return 0.0
        return await self._wait(share)

    def leave(self, took: float | None = None) -> None:
        """Give the place to whoever is next. `took` is how long the answer lasted, where it came to its end."""
        if took is not None:
            self._service_seconds += _NEWEST * (took - self._service_seconds)
        while self._shares:
            share, waiters = next(iter(self._shares.items()))
            waiter = waiters.popleft()
            self.waiting -= 1
            if waiters:
                self._shares.move_to_end(share)
            else:
                del self._shares[share]
            if not waiter.done():
                waiter.set_result(None)  # the place passes on, so `running` stays
                return
        self.running -= 1

    def close(self) -> None:
        """Send away whoever waits, and whoever comes from now on."""
        self._closed = True
        for share in list(self._shares):
            for waiter in self._shares.pop(share):
                if not waiter.done():
                    waiter.set_exception(stopping())
        self.waiting = 0

    async def _wait(self, share: str) -> float:
        if self._closed:
            raise stopping()
        if self.waiting >= self._queue:
            self._make_room(share)
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._shares.setdefault(share, deque()).append(waiter)
        self.waiting += 1
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await waiter
        except BaseException as error:
            self._give_up(share, waiter)
            if isinstance(error, TimeoutError):
                self.rejected += 1
                raise self._overloaded() from None
            raise
        waited = time.monotonic() - began
        self.waits += 1
        self.waited_seconds += waited
        return waited

    def _give_up(self, share: str, waiter: Waiter) -> None:
        """Take a waiter out that leaves; where it had just been given a place, pass that on."""
        if waiter.done() and not waiter.cancelled():
            if waiter.exception() is None:
                self.leave()
        elif waiter in (waiters := self._shares.get(share, deque())):
            waiters.remove(waiter)
            self.waiting -= 1
            if not waiters:
                del self._shares[share]

    def _make_room(self, share: str) -> None:
        """Raises Overloaded unless somebody with more in the queue can stand back."""
        self.rejected += 1
        fullest = max(self._shares, key=lambda name: len(self._shares[name]), default=share)
        mine = len(self._shares.get(share, ()))
        if fullest == share or len(self._shares[fullest]) <= mine + 1:
            raise self._overloaded()
        waiters = self._shares[fullest]
        newest = waiters.pop()
        self.waiting -= 1
        if not newest.done():
            newest.set_exception(self._overloaded())

    def _overloaded(self) -> Overloaded:
        seconds = (self.waiting + 1) * self._service_seconds / max(self._most, 1)
        return Overloaded(
            "More questions than can be answered just now; try again shortly.",
            retry_after=min(max(1, math.ceil(seconds)), LONGEST_RETRY_SECONDS),
        )


def stopping() -> ServerStopping:
    return ServerStopping("This server is stopping; please ask again in a moment.", retry_after=5)
