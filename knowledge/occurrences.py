"""Finds many short patterns in a few texts at once, by array operations: every place, overlapping ones too.

It does not know what the patterns stand for.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.folding import code_points

Places = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint16]
_GRAM = 4
"""Characters of a pattern, at most, that one number of four bytes stands for; longer ones are looked for by their first
four."""
_OTHER = 0xFFFF
"""Stands for every character beyond two bytes; a pattern that has one is searched by itself."""
_MOST_CHARACTERS, _MOST_PATTERNS = 255, 30_000
_MIXER = np.uint32(0x9E3779B1)
_MIXED_BITS = 13
_MIXED_SHIFT = np.uint32(32 - _MIXED_BITS)


class Marked(NamedTuple):
    """Texts with `<` and `>` around their words, one after the other with a space between: as a string, as numbers,
    where each begins, and for each place the number of its text."""

    text: str
    codes: Codes
    starts: Places
    passages: Places

    @classmethod
    def of(cls, text: str) -> "Marked":
        return cls(text, np.minimum(code_points(f"{text} "), _OTHER).astype(np.uint16), _NONE, _NONE)

    @classmethod
    def joined(cls, parts: "Sequence[Marked]") -> "Marked":
        sizes = np.array([len(part.codes) for part in parts])
        return cls(
            " ".join([part.text for part in parts]),
            np.concatenate([part.codes for part in parts]),
            np.cumsum(sizes) - sizes,
            np.repeat(np.arange(len(parts)), sizes),
        )

    def words(self) -> Places:
        """Where words begin."""
        words = np.flatnonzero(self.codes == ord("<"))
        return words if len(words) else np.zeros(1, np.int64)


_NONE: Places = np.zeros(0, np.int64)


class Patterns:
    """Distinct patterns, made ready once to be looked for in texts again and again."""

    def __init__(self, patterns: Sequence[str]) -> None:
        counted = list(dict.fromkeys([pattern[:_GRAM] for pattern in patterns]))
        characters = "".join(sorted(set("".join(counted))))
        if not "\0" < characters[0] <= characters[-1] < chr(_OTHER):
            counted = [head for head in counted if "\0" < min(head) <= max(head) < chr(_OTHER)]
            characters = "".join(sorted(set("".join(counted))))
        if len(characters) > _MOST_CHARACTERS:
            counted, characters = [], ""
        self._codes = np.zeros(1 << 16, np.uint8)
        self._codes[code_points(characters)] = np.arange(1, len(characters) + 1)
        codes = code_points("".join([head.rjust(_GRAM, "\0") for head in counted]))
        self._base = np.uint32(len(characters) + 1)
        place_values = self._base ** np.arange(_GRAM - 1, -1, -1, dtype=np.uint32)
        keys = self._codes[codes].reshape(-1, _GRAM) @ place_values
        order = np.argsort(keys)
        self._keys = keys[order]
        self._sizes = sorted({len(head) for head in counted})
        self._pairs = np.zeros(int(self._base) ** 2, bool)
        self._pairs[keys[keys < len(self._pairs)]] = True
        self._mixed = np.zeros(1 << _MIXED_BITS, bool)
        self._mixed[(keys * _MIXER) >> _MIXED_SHIFT] = True
        place = dict(zip([counted[n] for n in order.tolist()], range(len(counted)), strict=True))
        self._short = np.full(len(counted), -1)
        self._long: dict[int, list[tuple[str, int]]] = {}
        self._alone: list[tuple[str, int]] = []
        for number, pattern in enumerate(patterns):
            head = place.get(pattern[:_GRAM])
            if head is None:
                self._alone.append((pattern, number))
            elif len(pattern) > _GRAM:
                self._long.setdefault(head, []).append((pattern, number))
            else:
                self._short[head] = number
        self._begins = np.zeros(len(counted), bool)
        self._begins[list(self._long)] = True

    def found(self, text: Marked) -> tuple[Places, Places]:
        """Places, and in parallel the number of the pattern that stands there."""
        at, key = self._heads(text.codes)
        number, longer = self._short[key], self._begins[key]
        further = [
            (place, long)
            for place, head in zip(at[longer].tolist(), key[longer].tolist(), strict=True)
            for pattern, long in self._long[head]
            if text.text.startswith(pattern, place)
        ]
        further += [(place, long) for pattern, long in self._alone for place in _each(text.text, pattern)]
        more = np.array(further, np.int64).reshape(-1, 2)
        whole = number >= 0
        return np.concatenate([at[whole], more[:, 0]]), np.concatenate([number[whole], more[:, 1]])

    def _heads(self, codes: Codes) -> tuple[Places, Places]:
        """Where patterns of up to four characters stand, and the beginnings of longer ones, with their numbers among
        `_keys`.

        The characters of all patterns are numbered from 1, so that up to four in a row are one number, which small
        tables leave few of to be compared.
        """
        one, base = self._codes.take(codes), self._base
        two = one[:-1] * base.astype(np.uint16) + one[1:]
        places, keys = [_NONE], [self._keys[:0]]
        for size in self._sizes:
            key: npt.NDArray[np.unsignedinteger] = one if size == 1 else two
            if size > 2:
                more = one[2:] if size == 3 else two[2:]
                key = two[: len(more)] * base ** np.uint32(size - 2) + more
            known = self._mixed.take((key * _MIXER) >> _MIXED_SHIFT) if size > 2 else self._pairs.take(key)
            at = known.nonzero()[0]
            at = at[one[at] > 0]  # else fewer characters, behind one that stands in no pattern
            places.append(at)
            keys.append(key[at].astype(np.uint32))
        at, key = np.concatenate(places), np.concatenate(keys)
        if not len(at):
            return at, at
        number = np.minimum(self._keys.searchsorted(key), len(self._keys) - 1)
        same = self._keys[number] == key
        return at[same], number[same]


def _each(text: str, pattern: str) -> list[int]:
    places = []
    place = text.find(pattern)
    while place >= 0:
        places.append(place)
        place = text.find(pattern, place + 1)
    return places
