"""Screens an answer while it streams: nothing forbidden is shown, and only what may begin a word waits.

It gives for any cut into pieces what the whole text gives.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipelines.words.folding import Kind, kind
from pipelines.words.search import Search
from pipelines.words.verdict import Hit, Writer

LONGEST_NAME = 48
"""Characters: no placeholder is longer before its last bracket."""


class OutputScreen:
    """One streamed answer. What waits is at most the longest word with what may stand between its letters."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._writer = Writer(beyond=False)
        self._before = ""
        """The end of what is settled: whether a word begins may hang on it, or stand in a placeholder's name."""
        self._open = ""
        self._offset = 0

    @property
    def hits(self) -> list[Hit]:
        """So far; the blocking one, where there is one, is the last."""
        return self._writer.hits

    @property
    def blocked(self) -> bool:
        return self._writer.blocked

    @property
    def waits(self) -> bool:
        """Whether text is held back, since a word may begin in it."""
        return bool(self._open)

    @property
    def handoff(self) -> bool:
        return any(hit.action == "handoff" for hit in self._writer.hits)

    def feed(self, piece: str) -> str:
        """What may be shown now. After a blocking hit: what stands before it, once, and then nothing."""
        if not self._search:
            return piece
        if self.blocked or not piece:
            return ""
        text = self._before + self._open + piece
        hits, upto = self._search.settled(text, len(self._before))
        return self._settle(text, hits, upto)

    def close(self) -> str:
        """What waited at the end."""
        if self.blocked or not self._open:
            return ""
        text = self._before + self._open
        hits = [hit for hit in self._search.hits(text) if hit.start >= len(self._before)]
        return self._settle(text, hits, len(text))

    def _settle(self, text: str, hits: Sequence[Hit], upto: int) -> str:
        """Writes what is settled; keeps the end of it, and the rest as it is."""
        begin = len(self._before)
        shift = self._offset - begin
        moved = [replace(hit, start=hit.start + shift, end=hit.end + shift) for hit in hits] if hits else ()
        shown = self._writer.write(text, shift, moved, upto + shift)
        self._before = _tail(text[:upto])
        self._open = text[upto:]
        self._offset = upto + shift
        return shown


def _tail(settled: str) -> str:
    """Its last characters: a placeholder's beginning, and one character that can be seen."""
    tail = settled[-LONGEST_NAME:]
    if tail and kind(tail[-1]) is not Kind.INVISIBLE:  # nearly always
        return tail
    if any(kind(char) is not Kind.INVISIBLE for char in tail):
        return tail
    return next((char for char in reversed(settled) if kind(char) is not Kind.INVISIBLE), "")
