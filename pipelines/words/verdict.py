"""What was found in a text, and what may be shown of the text with that in mind.

It finds nothing itself. Hits come to it in the order of their beginning, so that a text that streams gives what it
gives whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.words import Action

Outcome = Literal["pass", "flag", "replace", "handoff", "block"]
STRENGTH: dict[Outcome, int] = {"pass": 0, "flag": 1, "replace": 2, "handoff": 3, "block": 4}


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of a list in a text; `start` and `end` (exclusive) are places in the text as it was written."""

    start: int
    end: int
    list_id: str
    list_name: str
    category: str
    action: Action
    replacement: str


@dataclass(frozen=True, slots=True)
class Screened:
    """`text` is what may be shown: words replaced, and nothing from the first blocking hit on.

    `hits` are all there are, also behind a blocking one; `action` is the strongest: block, handoff, replace, flag,
    pass.
    """

    text: str
    hits: Sequence[Hit]
    action: Outcome


def in_order(hits: Iterable[Hit]) -> list[Hit]:
    """By place; at one place the strongest first, then the longest. Each once."""
    return sorted(set(hits), key=lambda hit: (hit.start, -STRENGTH[hit.action], -hit.end, hit.list_id))


def strongest(hits: Sequence[Hit]) -> Outcome:
    return max((hit.action for hit in hits), key=STRENGTH.__getitem__, default="pass")


class Writer:
    """Takes the hits of one text in order, and gives what may be shown of it piece by piece.

    `beyond`: whether hits behind a blocking one are kept as well.
    """

    def __init__(self, *, beyond: bool) -> None:
        self._beyond = beyond
        self.hits: list[Hit] = []
        self.blocked = False
        self._at = 0
        self._reach: dict[str, int] = {}

    def write(self, text: str, offset: int, hits: Iterable[Hit], upto: int) -> str:
        """What may be shown up to there. `text` begins at `offset`; all hits that begin before `upto` are given."""
        shown: list[str] = []
        for hit in hits:
            if self.blocked and not self._beyond:
                break
            if self._within_another(hit):
                continue
            self.hits.append(hit)
            if self.blocked:
                continue
            if hit.action == "block":
                shown.append(text[self._at - offset : hit.start - offset])
                self.blocked = True
            elif hit.action == "replace":
                shown.append(self._replaced(text, offset, hit))
        if not self.blocked:
            shown.append(text[max(0, self._at - offset) : upto - offset])
            self._at = max(self._at, upto)
        return "".join(shown)

    def _replaced(self, text: str, offset: int, hit: Hit) -> str:
        """What stands before the word and its replacement; a word that laps over another is gone with that."""
        before, self._at = self._at, max(self._at, hit.end)
        if hit.start < before:
            return ""
        return text[before - offset : hit.start - offset] + hit.replacement

    def _within_another(self, hit: Hit) -> bool:
        """Whether a longer word of the same list was found around it: that is one hit."""
        reach = self._reach.get(hit.list_id, 0)
        self._reach[hit.list_id] = max(reach, hit.end)
        return hit.end <= reach
