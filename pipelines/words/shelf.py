"""Words in an automaton: where one of them stands in a text, and where one may be under way at its end.

It knows no list and no action: an entry only carries the mark of whoever put it here.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from pipelines.words.folding import BREAK, Kind, kind, letters_of, spaced
from pipelines.words.readings import LOOK_ALIKES, PLAIN, Reading, same_sound, stands_for
from pipelines.words.view import TOO_FAR, View

FEWEST_SPELLED = 3
"""Letters a word must have to be found spelled out over natural gaps (`f u c k`), as nobody writes by chance."""
HEAD = 3
"""Letters by which most places are seen to begin no word, before the words themselves are searched."""

_NOWHERE: frozenset[int] = frozenset()


class Entry(NamedTuple):
    """A word folded. `own` are the places of its letters that follow a gap of its own (`kill yourself`: 4)."""

    letters: str
    own: frozenset[int]
    mark: int


class Found(NamedTuple):
    """`end` is exclusive; both are places in the original text."""

    start: int
    end: int
    mark: int


def entry_of(word: str, mark: int = 0) -> Entry:
    """The word as it is looked for; without letters where it has none, and then it cannot be found."""
    letters = word.translate(PLAIN.letters).replace(BREAK, "")
    if len(letters) == len(word):
        return Entry(letters, _NOWHERE, mark)
    own: set[int] = set()
    length = 0
    for char in word:
        if folded := letters_of(char).replace(BREAK, ""):
            length += len(folded)
        elif length and kind(char) is not Kind.INVISIBLE:
            own.add(length)
    return Entry(letters, frozenset(own - {length}), mark)


class Shelf:
    """Immutable. `by_sound` compares Chinese characters by how they are spoken."""

    def __init__(self, entries: Iterable[Entry], skeleton: Reading, *, by_sound: bool = False) -> None:
        forms: dict[str, list[Entry]] = {}
        own_heads: set[str] = set()
        for entry in entries:
            form = entry.letters.translate(skeleton.skeleton)
            forms.setdefault(form, []).append(entry)
            own_heads.update(form[:at] for at in entry.own)
        self._forms = sorted(forms)
        self._entries: Sequence[tuple[Entry, ...]] = [tuple(forms[form]) for form in self._forms]
        self._own_heads = own_heads
        self._heads = frozenset(form[:length] for form in self._forms for length in range(1, HEAD + 1))
        self._longest = max(map(len, self._forms), default=0)
        self._same = same_sound if by_sound else _never
        self._automaton = AhoCorasick(self._forms, store_patterns=False)

    def find(self, view: View) -> Iterator[Found]:
        """Every place where a word stands, overlapping ones too."""
        for form, start, end in self._automaton.find_matches_as_indexes(view.skeleton, overlapping=True):
            gaps: list[str] | None = None
            for entry in self._entries[form]:
                if gaps is None:
                    gaps = [view.gap(at) for at in range(start + 1, end)]
                if self._fits(view, start, entry, gaps):
                    yield Found(view.places[start], view.places[end - 1] + 1, entry.mark)

    def under_way(self, view: View, begin: int) -> int | None:
        """The first place from `begin` on where a word may have begun that the text's end leaves open."""
        starts = self._starts(view)
        if not starts or view.out_of_reach(len(view.skeleton) - 1):
            return None
        for start in starts:
            if view.places[start] >= begin and self._open(view, start):
                return view.places[start]
        return None

    def _starts(self, view: View) -> list[int]:
        """The letters from which on the skeleton is the beginning of a word, or one; without those that touch another
        letter for certain."""
        skeleton, heads = view.skeleton, self._heads
        size = len(skeleton)
        near = range(max(0, size - self._longest), size - view.touched)
        return [at for at in near if skeleton[at : at + HEAD] in heads and self._begins(skeleton[at:])]

    def _begins(self, head: str) -> bool:
        """Whether a word begins so, or is just this."""
        at = bisect_left(self._forms, head)
        return at < len(self._forms) and self._forms[at].startswith(head)

    def _open(self, view: View, start: int) -> bool:
        """Whether the word that may have begun at one of `_starts` is still open."""
        head = view.skeleton[start:]
        if spaced(view.letters[start]) and view.touches_before(start):
            return False
        gaps = [view.gap(at) for at in range(start + 1, len(view.skeleton))]
        spelled = all(gaps)
        for length, gap in enumerate(gaps, 1):
            if gap == TOO_FAR:
                return False
            if gap == "natural" and not spelled and head[:length] not in self._own_heads:
                return False
        return self._goes_on(view, head)

    def _goes_on(self, view: View, head: str) -> bool:
        """Whether a longer word begins so, or what follows decides whether this is a whole word."""
        at = bisect_left(self._forms, head)
        if self._forms[at] != head:
            return True
        if at + 1 < len(self._forms) and self._forms[at + 1].startswith(head):
            return True
        last = len(view.skeleton) - 1
        return spaced(view.letters[last]) and not view.parted_after(last)

    def _fits(self, view: View, start: int, entry: Entry, gaps: Sequence[str]) -> bool:
        """Whether what is written is the word: its letters, what stands between them, and its edges."""
        end = start + len(entry.letters)
        written = view.letters[start:end]
        if written != entry.letters and not self._alike(written, entry.letters):
            return False
        if not _seen_through(gaps, entry):
            return False
        if spaced(entry.letters[0]) and view.touches_before(start):
            return False
        return not (spaced(entry.letters[-1]) and view.touches_after(end - 1))

    def _alike(self, written: str, meant: str) -> bool:
        """Whether letters that differ may stand for each other, and enough of them do not: 101 is no `lol`."""
        pairs = [(a, b) for a, b in zip(written, meant, strict=True) if a != b]
        if not all(stands_for(a, b) or self._same(a, b) for a, b in pairs):
            return False
        posing = [a for a, _ in pairs if a in LOOK_ALIKES]
        if not posing:
            return True
        digits = sum(a.isdecimal() for a in posing)
        return digits * 2 <= len(meant) and (len(posing) < len(meant) or "@" in posing)


def _seen_through(gaps: Sequence[str], entry: Entry) -> bool:
    spelled = len(entry.letters) >= FEWEST_SPELLED and all(gaps)
    return (
        all(
            gap in ("", "soft") or at in entry.own or (gap == "natural" and spelled)
            for at, gap in enumerate(gaps, 1)
        )
        and TOO_FAR not in gaps
    )


def _never(written: str, meant: str) -> bool:
    return False
