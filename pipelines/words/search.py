"""Looks for the words of several automata in one text, and says from where on its end leaves open what it holds.

It knows lists by what a hit says of them.
"""

from collections.abc import Iterator, Sequence

from core.vault import named_in
from core.words import WordList
from pipelines.words.folding import Kind, kind
from pipelines.words.readings import Reading
from pipelines.words.shelf import Shelf
from pipelines.words.verdict import Hit, in_order
from pipelines.words.view import View

HIDDEN = "***"
"""For a list without a replacement: with nothing at all, what stands around could close up to another word."""
Shelved = tuple[Shelf, Reading, Sequence[WordList]]


class Search:
    """`shelves`: an automaton, how it reads, and the lists its marks point to."""

    def __init__(self, shelves: Sequence[Shelved]) -> None:
        self._shelves = tuple(shelves)

    def __bool__(self) -> bool:
        return bool(self._shelves)

    def hits(self, text: str) -> list[Hit]:
        """Every word in the text, by place."""
        return self._look(text, list(self._views(text)))

    def settled(self, text: str, begin: int) -> tuple[list[Hit], int]:
        """The words that begin from `begin` on, and the place before which all of them are known."""
        # What is read is short: of what stands before only whether its last character touches a word. A stream is a
        # few characters at a time.
        edge = _last_seen(text, begin)
        views = list(self._views(text[edge:]))
        open_at = [
            at for view, (shelf, *_) in views if (at := shelf.under_way(view, begin - edge)) is not None
        ]
        upto = edge + min(open_at) if open_at else len(text)
        return [hit for hit in self._look(text, views, edge) if begin <= hit.start < upto], upto

    def _views(self, text: str) -> Iterator[tuple[View, Shelved]]:
        """The text as each automaton reads it; read once for all that read alike."""
        made: dict[str, View] = {}
        for shelved in self._shelves:
            reading = shelved[1]
            if reading.applies(text):
                view = made.get(reading.name) or made.setdefault(reading.name, View(text, reading))
                yield view, shelved

    def _look(self, text: str, views: Sequence[tuple[View, Shelved]], shift: int = 0) -> list[Hit]:
        """The words by place; the views are of the text from `shift` on. One inside a placeholder is the name of a kind
        and nobody's word: `[QQ_1]`."""
        found = []
        for view, (shelf, _, lists) in views:
            for start, end, mark in shelf.find(view):
                words = lists[mark]
                found.append(
                    Hit(
                        shift + start,
                        shift + end,
                        words.id,
                        words.name,
                        words.category,
                        words.action,
                        words.replacement or HIDDEN,
                    )
                )
        if not found:
            return found
        names = named_in(text)
        return in_order(
            hit for hit in found if not any(hit.start < end and start < hit.end for start, end in names)
        )


def _last_seen(text: str, begin: int) -> int:
    """The place of the last character before `begin` that can be seen; else the beginning."""
    for at in range(begin - 1, 0, -1):
        if kind(text[at]) is not Kind.INVISIBLE:
            return at
    return 0
