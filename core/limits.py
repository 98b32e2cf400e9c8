"""Limits on what a caller may use, and the seam to whatever counts it.

Knows no caller, no clock and no store: the gateway says what is counted under which name, storage counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from core.ports import Health

MINUTE = 60
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """What one caller may use; None is no limit. Each is at least 1.

    A minute and a day begin with the first call in them. `streams` are streamed answers at once; `token_budget` is
    all that may ever be used, until somebody raises it.
    """

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    streams: int | None = None
    token_budget: int | None = None

    @property
    def none(self) -> bool:
        """Whether nothing is limited."""
        return self == NO_LIMITS


NO_LIMITS = Limits()
LIMIT_NAMES: Sequence[str] = Limits.__slots__
WINDOWED: Sequence[str] = LIMIT_NAMES[:4]
LARGEST_LIMIT = 10**12


class Take(NamedTuple):
    """`amount` of what is counted under `key`, of which there may be `limit` in `seconds`.

    0 `seconds`: it is held until it is given back, and comes free by itself a while after its process died. An
    `amount` of 0 only looks, and is never refused.
    """

    key: str
    amount: int
    limit: int
    seconds: int


class Counted(NamedTuple):
    """How it stands with one Take: `used` with it, seconds until the window ends, and the store's mark for it."""

    used: int
    left: float
    mark: float


class Outcome(NamedTuple):
    """One Counted for each Take, and the place of the one that refuses: of several the one that waits longest."""

    counts: Sequence[Counted]
    refused: int | None = None


class Back(NamedTuple):
    """`amount` to be given back to where `mark` says it was taken; below 0 it is taken on top, whatever the limit."""

    key: str
    amount: int
    seconds: int
    mark: float


class Counters(Protocol):
    """Counts in windows of time and things held at once, exactly: of any calls at once no more pass than the limit.

    A clock that is set changes nothing. What cannot be reached is replaced by counts of this process alone, and
    `health` says so: an answer late is worse than a call too many.
    """

    async def start(self) -> None: ...

    async def take(self, wanted: Sequence[Take]) -> Outcome:
        """All of it, or, where one is exhausted, none."""
        ...

    def give(self, back: Sequence[Back]) -> None:
        """Returns at once. A window that has ended meanwhile is left alone."""
        ...

    async def health(self) -> "Health": ...

    async def aclose(self) -> None: ...
