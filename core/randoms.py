"""Random bytes for ids and nonces: the system is asked for many at once, which a call for each costs most by.

Such a call lets another thread go first, too, and a busy one does not give the turn back for milliseconds.
"""

import os

AT_ONCE = 256


class Randoms:
    """Gives `size` random bytes, each once. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._ready: list[bytes] = []
        os.register_at_fork(after_in_child=self._ready.clear)  # or two processes would give the same ones

    def __call__(self) -> bytes:
        while True:
            try:
                return self._ready.pop()
            except IndexError:
                self._ready.extend(self.many(AT_ONCE))

    def many(self, count: int) -> list[bytes]:
        """So many of them."""
        data, size = os.urandom(count * self._size), self._size
        return [data[at : at + size] for at in range(0, len(data), size)]
