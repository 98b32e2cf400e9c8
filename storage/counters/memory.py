"""Counts of one process, on the monotonic clock. Knows nobody whom it counts."""

import time
from collections.abc import Callable, Sequence

from core.limits import Back, Counted, Outcome, Take
from core.ports import Health

MOST_WINDOWS = 100_000
"""Windows kept; past it those that end first are forgotten, since memory is bounded and a name costs nothing."""
FEWEST_TO_SWEEP = 1_000


class MemoryCounters:
    """core.limits.Counters in dictionaries. `now` is in seconds and never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = MOST_WINDOWS) -> None:
        self._now = now
        self._most = most
        self._windows: dict[str, tuple[int, float]] = {}
        self._held: dict[str, int] = {}
        self._sweep_at = FEWEST_TO_SWEEP

    async def start(self) -> None:
        return None

    async def take(self, wanted: Sequence[Take]) -> Outcome:
        return self.take_now(wanted)

    def take_now(self, wanted: Sequence[Take]) -> Outcome:
        now = self._now()
        standing = [self._standing(each, now) for each in wanted]
        refused = first_refused(wanted, standing)
        if refused is not None:
            return Outcome(standing, refused)
        for each, count in zip(wanted, standing, strict=True):
            if not each.amount:
                continue
            if each.seconds:
                self._windows[each.key] = (count.used, count.mark)
            else:
                self._held[each.key] = count.used
        if len(self._windows) > self._sweep_at:
            self._sweep(now)
        return Outcome(standing)

    def give(self, back: Sequence[Back]) -> None:
        for each in back:
            if not each.seconds:
                left = self._held.get(each.key, 0) - each.amount
                if left > 0:
                    self._held[each.key] = left
                else:
                    self._held.pop(each.key, None)
                continue
            used, ends = self._windows.get(each.key, (0, 0.0))
            if ends == each.mark:
                self._windows[each.key] = (max(0, used - each.amount), ends)

    async def health(self) -> Health:
        return Health(ready=True, detail="counted by this process")

    async def aclose(self) -> None:
        return None

    def __len__(self) -> int:
        """How much is remembered."""
        return len(self._windows) + len(self._held)

    def _standing(self, wanted: Take, now: float) -> Counted:
        """How it would stand with this taken."""
        key, amount, _, seconds = wanted
        if not seconds:
            return Counted(self._held.get(key, 0) + amount, 0.0, 0.0)
        used, ends = self._windows.get(key, (0, 0.0))
        if ends <= now:
            return Counted(amount, float(seconds) if amount else 0.0, now + seconds)
        return Counted(used + amount, ends - now, ends)

    def _sweep(self, now: float) -> None:
        """Forget the windows that have ended; too many that have not, those that end first."""
        live = {key: window for key, window in self._windows.items() if window[1] > now}
        if len(live) > self._most * 3 // 4:
            live = dict(sorted(live.items(), key=lambda item: item[1][1])[-self._most // 2 :])
        self._windows = live
        self._sweep_at = max(FEWEST_TO_SWEEP, min(2 * len(live), self._most))


def first_refused(wanted: Sequence[Take], standing: Sequence[Counted]) -> int | None:
    """The place of the exhausted one with the longest wait."""
    refused: int | None = None
    for place, (each, count) in enumerate(zip(wanted, standing, strict=True)):
        if (
            each.amount
            and count.used > each.limit
            and (refused is None or count.left > standing[refused].left)
        ):
            refused = place
    return refused
