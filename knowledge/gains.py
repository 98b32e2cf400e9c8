"""What other words add to the scores of a base's lines where they stand for a question's own: worked out once, since
customers ask with the same few phrases.

It does not know how that is worked out nor what the lines are.
"""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.live import Mask
from knowledge.postings import Floats, Shorts
from knowledge.query import Expansion

_MOST_BYTES = 1 << 20
_OBJECT_BYTES = 1000
"""About what an expansion takes beside its lines."""


class Gain(NamedTuple):
    """The lines that an expansion adds to, ascending, with what it adds to their scores and to the worth that they
    cover; in other lines nothing."""

    lines: Shorts
    scores: Floats
    covered: Floats

    @classmethod
    def among(cls, lines: npt.NDArray[np.int64], scores: Floats, covered: Floats) -> "Gain":
        some: Mask = (scores > 0) | (covered > 0)
        return cls(lines[some].astype(np.uint16), scores[some], covered[some])

    def covered_in(self, lines: npt.NDArray[np.int64]) -> Floats:
        """What it adds to the worth that each of these lines covers."""
        if not len(self.lines):
            return np.zeros(len(lines), np.float32)
        at = np.minimum(self.lines.searchsorted(lines), len(self.lines) - 1)
        return np.where(self.lines[at] == lines, self.covered[at], np.float32(0))


class Gains:
    """At most a megabyte of what was worked out last. Safe to use from several threads."""

    def __init__(self, worked_out: Callable[[Expansion], Gain]) -> None:
        self._worked_out = worked_out
        self._known: OrderedDict[Expansion, Gain] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def of(self, expansion: Expansion) -> Gain:
        """Expansions are told apart by identity: `knowledge.weighing` gives the same one for the same words."""
        with self._lock:
            if (known := self._known.get(expansion)) is not None:
                self._known.move_to_end(expansion)
                return known
        gain = self._worked_out(expansion)
        with self._lock:
            if expansion not in self._known:
                self._known[expansion] = gain
                self._size += _bytes(gain)
            while self._size > _MOST_BYTES:
                self._size -= _bytes(self._known.popitem(last=False)[1])
        return gain


def _bytes(gain: Gain) -> int:
    return sum(part.nbytes for part in gain) + _OBJECT_BYTES
