"""Finds many short patterns in a few texts at once, by array operations: every place, overlapping ones too.

It does not know what the patterns stand for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
_GRAM = 4
"""Characters of a pattern, at most, that one number of four bytes stands for; longer ones are searched one by one."""
_OTHER = 0xFFFF
"""Stands for every character beyond two bytes; a pattern that has one is searched by itself."""
_MOST_CHARACTERS, _MOST_PATTERNS = 255, 30_000
_MIXER = np.uint32(0x9E3779B1)


class Marked(NamedTuple):
    """Texts with `<` and `>` around their words, one after the other with a space between: as a string, as numbers,
    where each begins, and for each place the number of its text."""

    text: str
    codes: Codes
    starts: Places
    passages: Places

    @classmethod
    def of(cls, text: str) -> "Marked":
        codes = np.frombuffer(f"{text} ".encode("utf-32-le", "surrogatepass"), np.uint32)
        return cls(text, np.minimum(codes, _OTHER).astype(np.uint16), _NONE, _NONE)

    @classmethod
    def joined(cls, parts: "Sequence[Marked]") -> "Marked":
        sizes = np.array([len(part.codes) for part in parts])
        return cls(
            " ".join([part.text for part in parts]),
            np.concatenate([part.codes for part in parts]),
            np.cumsum(sizes) - sizes,
            np.repeat(np.arange(len(parts)), sizes),
        )

    def words(self) -> tuple[Places, Places]:
        """Where words begin, and for each place the number of its word."""
        begins = self.codes == ord("<")
        words = np.flatnonzero(begins)
        return (
            (words, np.maximum(np.cumsum(begins) - 1, 0))
            if len(words)
            else (np.zeros(1, np.int64), self.passages * 0)
        )


_NONE: Places = np.zeros(0, np.int64)


def occurrences(text: Marked, patterns: Sequence[str]) -> tuple[Places, Places]:
    """Places, and in parallel the number of the pattern that stands there."""
    short = [n for n, pattern in enumerate(patterns) if len(pattern) <= _GRAM and max(pattern) < "\uffff"]
    characters = sorted({character for n in short for character in patterns[n]})
    if len(characters) > _MOST_CHARACTERS or len(short) > _MOST_PATTERNS:
        short, characters = [], []
    places, which = [_NONE], [_NONE]
    if short:
        found, numbers = _grams(text.codes, [patterns[n] for n in short], characters)
        places.append(found)
        which.append(np.array(short)[numbers])
    for n in set(range(len(patterns))).difference(short):
        one_by_one = _each(text.text, patterns[n])
        places.append(np.array(one_by_one, np.int64))
        which.append(np.full(len(one_by_one), n))
    return np.concatenate(places), np.concatenate(which)


def _grams(codes: Codes, patterns: Sequence[str], characters: Sequence[str]) -> tuple[Places, Places]:
    """The characters of all patterns are numbered from 1, so that up to four in a row are one number."""
    number = {character: n for n, character in enumerate(characters, 1)}
    table = np.zeros(1 << 16, np.uint8)
    table[[ord(character) for character in characters]] = range(1, len(characters) + 1)
    one = table[codes]
    two = one[:-1].astype(np.uint16) << np.uint16(8) | one[1:]
    places, which = [], []
    for size in sorted({len(pattern) for pattern in patterns}):
        keys = one if size == 1 else two
        if size > 2:
            more = one[2:] if size == 3 else two[2:]
            keys = two[: len(more)].astype(np.uint32) << np.uint32(8 * (size - 2)) | more
        numbers = [n for n, pattern in enumerate(patterns) if len(pattern) == size]
        wanted = [
            int.from_bytes(bytes([number[character] for character in patterns[n]]), "big") for n in numbers
        ]
        at, found = _equal(keys, np.array(wanted, keys.dtype))
        places.append(at)
        which.append(np.array(numbers)[found])
    return np.concatenate(places), np.concatenate(which)


def _equal(
    keys: npt.NDArray[np.unsignedinteger], wanted: npt.NDArray[np.unsignedinteger]
) -> tuple[Places, Places]:
    """Where one of these keys is wanted, and the number of which one: a table leaves few to be compared."""
    if keys.dtype.itemsize < 4:
        number = np.zeros(1 << 8 * keys.dtype.itemsize, np.int16)
        number[wanted] = np.arange(1, len(wanted) + 1)
        found = number[keys]
        at = np.flatnonzero(found)
        return at, found[at].astype(np.int64) - 1
    mixed, own = (keys * _MIXER) >> np.uint32(16), (wanted * _MIXER) >> np.uint32(16)
    maybe = np.zeros(1 << 16, bool)
    maybe[own] = True
    at = np.flatnonzero(maybe[mixed])
    order = np.argsort(wanted)
    place = np.minimum(np.searchsorted(wanted[order], keys[at]), len(wanted) - 1)
    same = wanted[order][place] == keys[at]
    return at[same], order[place[same]]


def _each(text: str, pattern: str) -> list[int]:
    places = []
    place = text.find(pattern)
    while place >= 0:
        places.append(place)
        place = text.find(pattern, place + 1)
    return places
