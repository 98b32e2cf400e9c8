"""Waiting no longer than until a moment that moves on and on, with one timer for all of it. Knows not what is waited for."""

import asyncio
from collections.abc import Callable


class Patience:
    """Calls `over` once the moment has come that was set last. Setting a later one costs an assignment: the timer looks
    for itself, when it goes off, whether it is time. Arming one for every token cost more than reading the token."""

    def __init__(self, over: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = over
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def until(self, moment: float | None) -> None:
        """Wait until then, by the event loop's clock; None: for ever."""
        self._until = moment
        if moment is None:
            return
        if self._timer is None:
            self._arm(moment)
        elif moment < self._timer.when():
            self._timer.cancel()
            self._arm(moment)

    def stop(self) -> None:
        self._until = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, moment: float) -> None:
        self._timer = self._loop.call_at(moment, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._until is None:
            return
        if self._loop.time() < self._until:
            self._arm(self._until)
        else:
            self._over()
