"""Wrong passwords and the wait after them, by whatever they are counted for: an address, a name, a device.

Of one process, on the monotonic clock; what holds across processes is counted with the account in storage.
"""

import time
from collections import OrderedDict

FREE_TRIES = 5
LONGEST_WAIT = 300
FORGOTTEN_SECONDS = 3600
REMEMBERED = 10_000
"""Keys kept in memory, the oldest forgotten first."""


class Attempts:
    """After FREE_TRIES the wait doubles with each failure, up to LONGEST_WAIT seconds."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Seconds until another try; 0 now."""
        count, last = self._of(key)
        if count < FREE_TRIES:
            return 0
        pause = min(2 ** min(count - FREE_TRIES + 1, 16), LONGEST_WAIT)
        return max(0, int(last + pause - time.monotonic() + 0.999))

    def failed(self, key: str) -> None:
        """Count a try. Count it before it is weighed: of many at once, none slips by."""
        count, _ = self._of(key)
        self._failures.pop(key, None)
        self._failures[key] = (count + 1, time.monotonic())
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def take_back(self, key: str) -> None:
        """One try was none of the failures; those before it stand."""
        count, last = self._of(key)
        if count > 1:
            self._failures[key] = (count - 1, last)
        else:
            self._failures.pop(key, None)

    def succeeded(self, key: str) -> None:
        self._failures.pop(key, None)

    def _of(self, key: str) -> tuple[int, float]:
        count, last = self._failures.get(key, (0, 0.0))
        return (0, 0.0) if time.monotonic() - last > FORGOTTEN_SECONDS else (count, last)
