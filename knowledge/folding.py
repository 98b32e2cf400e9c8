"""Folds thousands of texts at once into one array of code points: what `terms.fold` does, without a loop.

It does not know what the characters mean; terms.py says which belong to which script.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.terms import fold_case, has_han, simplified

Codes = npt.NDArray[np.uint32]
SEPARATOR = 0x1E
"""Stands between two texts: a control character that belongs to no term."""
_CODES = 0x110000
_CHANGING = ((0, 0x3400), (0xA000, 0xAC00), (0xF900, 0x20000), (0x2F800, 0x2FA20))
"""Where folding may change a character; elsewhere stand ideographs, Hangul syllables and nothing."""
_HANGUL_SECOND = ((0x1161, 0x1176), (0x11A8, 0x11C3))


class Folded(NamedTuple):
    """`codes` of all texts with a separator after each; `rows` says for each code which text it is of."""

    codes: Codes
    rows: npt.NDArray[np.int32]


class _Tables(NamedTuple):
    """Where in `flat` a character's folded form stands and how long it is; `together` marks what may act on
    its neighbours (combining marks, vowel jamo): texts with those go through `unicodedata` whole."""

    starts: npt.NDArray[np.int32]
    sizes: npt.NDArray[np.uint8]
    flat: Codes
    together: npt.NDArray[np.bool_]


def fold_all(texts: Sequence[str]) -> Folded:
    """The folded texts as code points. Equal to `[fold(text) for text in texts]`, in any order of texts."""
    tables = _tables()
    codes, rows = _joined(texts, np.arange(len(texts), dtype=np.int32))
    apart = np.unique(rows[tables.together[codes]])
    parts = []
    if len(apart):
        listed = apart.tolist()
        parts.append(_simplify(*_joined([fold_case(texts[row]) for row in listed], apart)))
        alone = ~np.isin(rows, apart)
        codes, rows = codes[alone], rows[alone]
    parts.append(_simplify(*_mapped(codes, rows, tables)))
    if len(parts) == 1:
        return parts[0]
    return Folded(np.concatenate([p.codes for p in parts]), np.concatenate([p.rows for p in parts]))


def code_points(text: str) -> Codes:
    """A text as numbers, one a character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _joined(texts: Sequence[str], numbers: npt.NDArray[np.int32]) -> Folded:
    mark = chr(SEPARATOR)
    clean = [text.replace(mark, " ") if mark in text else text for text in texts]
    codes = code_points("".join(part for text in clean for part in (text, mark)))
    return Folded(codes, np.repeat(numbers, [len(text) + 1 for text in clean]))


def _mapped(codes: Codes, rows: npt.NDArray[np.int32], tables: _Tables) -> Folded:
    sizes = tables.sizes[codes]
    starts = tables.starts[codes]
    if (sizes == 1).all():
        return Folded(tables.flat[starts], rows)
    ends = np.cumsum(sizes, dtype=np.int32)
    at = np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0, dtype=np.int32)
    return Folded(tables.flat[at], np.repeat(rows, sizes))


def _simplify(codes: Codes, rows: npt.NDArray[np.int32]) -> Folded:
    """Traditional Han to simplified: one call of opencc for all texts, since each call costs."""
    text = codes.tobytes().decode("utf-32-le", "surrogatepass")
    if not has_han(text):
        return Folded(codes, rows)
    ends = codes == SEPARATOR
    changed = code_points(simplified(text))
    place = np.cumsum(changed == SEPARATOR) - (changed == SEPARATOR)
    return Folded(changed, rows[ends][place])


@cache
def _tables() -> _Tables:
    sizes = np.ones(_CODES, np.uint8)
    starts = np.arange(_CODES, dtype=np.int32)
    together = np.zeros(_CODES, bool)
    further: list[int] = []
    codes = [code for first, end in _CHANGING for code in range(first, end) if code != SEPARATOR]
    mark, second = chr(SEPARATOR), set(_seconds(codes))
    every = mark.join(map(chr, codes))
    folded, apart = fold_case(every), unicodedata.normalize("NFKD", every)
    for code, form, parts in zip(codes, folded.split(mark), apart.split(mark), strict=True):
        together[code] = bool(unicodedata.combining(parts[0])) or ord(parts[0]) in second
        if form != chr(code):
            starts[code], sizes[code] = _CODES + len(further), len(form)
            further.extend(map(ord, form))
    starts[0xD800:0xE000], sizes[0xD800:0xE000] = 0, 0
    flat = np.r_[np.arange(_CODES, dtype=np.uint32), np.asarray(further, np.uint32)]
    return _Tables(starts, sizes, flat, together)


def _seconds(codes: Sequence[int]) -> Iterator[int]:
    """The characters that an earlier one may be composed with."""
    for code in codes:
        parts = unicodedata.decomposition(chr(code))
        if parts and not parts.startswith("<"):
            yield from (int(part, 16) for part in parts.split()[1:])
    for first, end in _HANGUL_SECOND:
        yield from range(first, end)
