"""Whether an engine may be asked, judged by how its last answers went.

Knows nothing of engines; it is told what happened and looks at the clock.
"""

import random
from collections.abc import Callable
from enum import Enum, auto
from typing import Literal

from core.errors import EngineBusy, EngineError, EngineNotReady, EngineUnreachable

FAILURES = 3
"""So many in a row, within WINDOW_SECONDS, open it; an engine that cannot be reached opens it at once."""
WINDOW_SECONDS = 60.0
FIRST_REST_SECONDS = 5.0
LONGEST_REST_SECONDS = 60.0
JITTER = 0.2
"""Rests differ by up to this share, so that several processes do not probe in step."""


class Pass(Enum):
    """What a question that may ask holds; of probes there is never more than one."""

    FREE = auto()
    PROBE = auto()


class Breaker:
    """Closed: all may ask. Open: none, for a rest that doubles with each probe that fails. Then half open: one may
    ask, and its first chunk closes it again."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failed_at: list[float] = []
        self._rest = FIRST_REST_SECONDS
        self._open_until: float | None = None
        self._probing = False
        self.opened = 0

    @property
    def state(self) -> Literal["closed", "open", "half_open"]:
        if self._open_until is None:
            return "closed"
        return "half_open" if self._probing or self._clock() >= self._open_until else "open"

    @property
    def rests_for(self) -> float:
        """Seconds until a question may probe; 0 where one may now."""
        return 0.0 if self._open_until is None else max(0.0, self._open_until - self._clock())

    @property
    def passable(self) -> bool:
        """Whether a question that came now would be admitted."""
        return self._open_until is None or not (self._probing or self._clock() < self._open_until)

    def admit(self) -> Pass | None:
        """Each Pass is answered for by `heard`, `failed` or `left`."""
        if self._open_until is None:
            return Pass.FREE
        if not self.passable:
            return None
        self._probing = True
        return Pass.PROBE

    def heard(self, held: Pass) -> None:
        """It began to answer, or refused this one request for good: it is there."""
        if held is Pass.PROBE:
            self._probing, self._open_until = False, None
            # Not yet trusted: until an answer has come to its end, the next failure opens it again.
            self._failed_at = [self._clock()] * (FAILURES - 1)

    def completed(self) -> None:
        """An answer came to its end."""
        if self._failed_at and self._open_until is None:
            self._failed_at.clear()
            self._rest = FIRST_REST_SECONDS

    def failed(self, held: Pass, error: EngineError) -> None:
        """It gave no answer, or broke off in one that had begun."""
        if held is Pass.PROBE and self._probing:
            self._probing = False
            self._open(error)
        elif self._open_until is None and not isinstance(error, EngineNotReady):
            now = self._clock()
            self._failed_at = [at for at in self._failed_at if now - at < WINDOW_SECONDS] + [now]
            if isinstance(error, EngineUnreachable) or len(self._failed_at) >= FAILURES:
                self._open(error)

    def left(self, held: Pass) -> None:
        """Whoever asked left before the first chunk: the next question probes."""
        if held is Pass.PROBE:
            self._probing = False

    def _open(self, error: EngineError) -> None:
        rest = self._rest * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads probes, guards nothing
        if isinstance(error, EngineBusy) and error.retry_after:
            rest = max(rest, error.retry_after)
        self._open_until = self._clock() + min(rest, LONGEST_REST_SECONDS)
        self._rest = min(2 * self._rest, LONGEST_REST_SECONDS)
        self.opened += 1
