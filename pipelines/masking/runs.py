"""Where a text holds so many figures close together that a number can be there, and patterns that look only there.

Knows how far apart the figures of one number stand; what a number is, the patterns say.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipelines.masking.shapes import SEPARATORS, digits

LEAST = 5
"""Figures of the shortest number that is looked for: a QQ number."""
_RUN = re.compile(rf"[0-9](?:[{SEPARATORS}+]{{0,5}}+[0-9]){{{LEAST - 1},}}+")
"""Wider than any pattern allows: "+86 (0) 10" has four separators between two figures."""
_PIECE = re.compile("[0-9]+")
_FEW = 6


class Run(NamedTuple):
    """Figures with no more between two of them than any number has; between two runs there is more."""

    start: int
    end: int
    figures: int


def runs(text: str) -> list[Run]:
    """By place, those of `LEAST` figures or more; `text` is folded."""
    return [Run(run.start(), run.end(), len(digits(run.group()))) for run in _RUN.finditer(text)]


class Number:
    """A pattern that needs so many figures in one run, `least`. A match begins within a run or at most `before`
    characters earlier, and it ends, with all that it looks ahead to, at most `after` characters behind the run:
    beyond these no such pattern needs to look, which takes a text with a date in it a tenth of the time.

    That the figure behind a number is none ("(?![0-9])") needs no look ahead: there the run ends.
    """

    def __init__(self, pattern: str, least: int, *, before: int = 0, after: int = 0) -> None:
        self.pattern = re.compile(pattern)
        self._least = least
        self._before = before
        self._after = after

    def each(self, text: str, where: Sequence[Run]) -> Sequence[re.Match[str]]:
        """As `finditer` of the whole text; `where` are its runs."""
        return self._found(text, where, _behind)

    def overlapping(self, text: str, where: Sequence[Run]) -> Sequence[re.Match[str]]:
        """As `each`; after a match in a few pieces also those that begin at its later pieces, since the first piece may
        belong to another number. Many pieces are taken whole, so that time stays linear."""
        return self._found(text, where, _second_piece)

    def _found(
        self, text: str, where: Sequence[Run], next_at: Callable[[re.Match[str]], int]
    ) -> Sequence[re.Match[str]]:
        found: list[re.Match[str]] = []
        search, at = self.pattern.search, 0
        for start, end, figures in where:
            if figures < self._least:
                continue
            at = max(at, start - self._before)
            while (match := search(text, at, end + self._after)) and match.start() < end:
                found.append(match)
                at = next_at(match)
        return found


def _behind(match: re.Match[str]) -> int:
    return match.end()


def _second_piece(match: re.Match[str]) -> int:
    pieces = [piece.start() for piece in _PIECE.finditer(match.group())]
    return match.start() + pieces[1] if 1 < len(pieces) <= _FEW else match.end()
