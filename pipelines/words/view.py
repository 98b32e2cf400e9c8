"""One text under one reading: its skeleton, and for every letter what it is, where it stands and what is before it.

It knows no word. All but the skeleton is made when it is first asked for: most texts hold no word at all.
"""

from functools import cached_property
from itertools import compress
from string import ascii_letters, digits, punctuation

from pipelines.words.folding import BREAK, Kind, kind, spaced
from pipelines.words.readings import SIGNS, Reading

MOST_SEPARATORS = 3
"""Between two letters of a word; more of them part words."""
LONGEST_GAP = 32
"""Characters between two letters, invisible ones included, so that nothing is held back without end."""
JOINER = "\u200d"
"""Makes one emoji of several: they count as one."""
TOO_FAR = "too far"
_PLAIN = ascii_letters + digits
_BETWEEN = "".join(sorted({*punctuation, " "} - SIGNS.keys()))
"""Of ASCII what is a letter under every reading, and what is none under any."""
NO_LETTERS = frozenset((BREAK, *SIGNS))
"""What a skeleton holds that no word goes on with where it is not part of a match."""


class View:
    def __init__(self, text: str, reading: Reading) -> None:
        self.text = text
        self.reading = reading
        self.skeleton = text.translate(reading.skeleton)

    @cached_property
    def letters(self) -> str:
        return self.text.translate(self.reading.letters)

    @cached_property
    def places(self) -> list[int]:
        """For every letter the place of the character it comes from."""
        counts = self.text.translate(self.reading.counts).encode()
        if max(counts, default=0) > 1:
            return [at for at, count in enumerate(counts) for _ in range(count)]
        return list(compress(range(len(counts)), counts))  # a tenth of the time of a loop, and nearly always

    @property
    def touched(self) -> int:
        """How many letters at the end certainly stand right behind another one of a spaced script: the plain ones.

        Told by two strips, where `touches_before` needs the place of every letter.
        """
        shown = self.text.rstrip(_BETWEEN)
        return max(0, len(shown) - len(shown.rstrip(_PLAIN)) - 1)

    def gap(self, at: int) -> str:
        """What stands between the letters `at - 1` and `at`: "" nothing, "soft", "natural", or TOO_FAR."""
        first, second = self.places[at - 1], self.places[at]
        if second - first <= 1:
            return ""
        return self._between(first + 1, second, self.letters[at - 1], self.letters[at])

    def _between(self, start: int, end: int, before: str, after: str) -> str:
        if end - start > LONGEST_GAP:
            return TOO_FAR
        kinds = self._separators(start, end)
        if len(kinds) > MOST_SEPARATORS:
            return TOO_FAR
        if not kinds:
            return ""
        if before.isdecimal() and after.isdecimal():
            return "natural"  # 1.10 and 2026-11-30 are written so
        if Kind.CLAUSE in kinds or (Kind.SPACE in kinds and spaced(before) and spaced(after)):
            return "natural"
        return "soft"

    def _separators(self, start: int, end: int) -> list[Kind]:
        kinds = list[Kind]()
        for at in range(start, end):
            found = kind(self.text[at])
            if found is not Kind.INVISIBLE and self.text[at - 1] != JOINER:
                kinds.append(found)
        return kinds

    def parted_after(self, at: int) -> bool:
        """Whether the text goes on after the letter `at` with something that can be seen."""
        return at + 1 < len(self.places) or bool(self._separators(self.places[at] + 1, len(self.text)))

    def out_of_reach(self, at: int) -> bool:
        """Whether so much stands after the last letter, `at`, that no word goes on there."""
        rest = len(self.text) - self.places[at] - 1
        return (
            rest > LONGEST_GAP or len(self._separators(self.places[at] + 1, len(self.text))) > MOST_SEPARATORS
        )

    def touches_before(self, at: int) -> bool:
        """Whether a letter of a spaced script stands right before the letter `at`."""
        return at > 0 and _of_a_word(self.letters[at - 1]) and self._adjacent(at)

    def touches_after(self, at: int) -> bool:
        """Whether a letter of a spaced script, or a mark on this one, stands right after the letter `at`."""
        return at + 1 < len(self.places) and _of_a_word(self.letters[at + 1]) and self._adjacent(at + 1)

    def _adjacent(self, at: int) -> bool:
        """Whether nothing that can be seen stands between the letters `at - 1` and `at`."""
        between = self.text[self.places[at - 1] + 1 : self.places[at]]
        return all(kind(char) is Kind.INVISIBLE for char in between)


def _of_a_word(letter: str) -> bool:
    return letter not in NO_LETTERS and spaced(letter)
