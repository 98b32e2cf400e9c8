"""Answers in this process's memory: so many and so large at most, the longest unused go first.

Knows keys and seconds, and nothing of what an answer depends on.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from core.frequent import KnownAnswer

MOST_ANSWERS = 20_000
MOST_BYTES = 64 * 2**20
_ENTRY_BYTES = 1_000
"""What an answer takes beside its texts."""


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: KnownAnswer
    until: float
    size: int


class AnswerMemory:
    def __init__(
        self,
        answers: int = MOST_ANSWERS,
        size: int = MOST_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_bytes, self._clock = answers, size, clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> KnownAnswer | None:
        kept = self._kept.get(key)
        if kept is None:
            return None
        if self._clock() >= kept.until:
            self.drop(key)
            return None
        self._kept.move_to_end(key)
        return kept.answer

    def put(self, key: bytes, answer: KnownAnswer, seconds: float) -> None:
        self.drop(key)
        size = size_of(answer)
        if seconds <= 0 or size > self._most_bytes // 8:
            return
        self._kept[key] = _Kept(answer, self._clock() + seconds, size)
        self.bytes += size
        while len(self._kept) > self._most or self.bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.bytes -= oldest.size

    def drop(self, key: bytes) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.bytes -= kept.size


def size_of(answer: KnownAnswer) -> int:
    """About what it takes in memory: four bytes a character."""
    texts = len(answer.text) + sum(len(source.text) + len(source.title) for source in answer.sources)
    return _ENTRY_BYTES + 4 * texts
