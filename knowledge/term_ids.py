"""The terms of thousands of texts as numbers, by array operations: what `terms.terms` gives, without a loop.

A term's number is a hash of its characters: at ten million distinct terms two share one with a chance of 1 %.
It does not know what a term is worth nor where it is kept.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from knowledge.folding import Codes, fold_all
from knowledge.terms import GRAM, MAX_WORD, accents_off, scripts

Ids = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int32]
Places = npt.NDArray[np.int64]
BITS = 52
"""Of a term's number; the other 12 hold a row while a batch is counted."""
_ALL = (1 << 64) - 1
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_BASE = 0xD6E8FEB86659FD93
_INVERSE = pow(_BASE, -1, 1 << 64)
_HAN, _PAIRED, _UNSPACED, _WORD = 1, 2, 3, 4
_SCRIPTS = {"han": _HAN, "paired": _PAIRED, "unspaced": _UNSPACED, "word": _WORD}
_CODES = 0x110000
_PLANES = 0x20000
"""Above stand ideographs, then nothing that belongs to a term."""
_OPTIONAL = ((0, 0x900), (0x1E00, 0x2000))
"""Where a word may lose its diacritics: see `accents_off`."""
_BEYOND = 0x2000


@lru_cache(1 << 13)  # the words of questions; what stands in one alone, such as a number, would fill any more
def term_id(term: str) -> int:
    """The number of one term, below 2**52."""
    total, power = 0, 1
    for character in term:
        total += _mixed_code(ord(character)) * power
        power = power * _BASE & _ALL
    return _mix(total & _ALL) >> (64 - BITS)


def ids_of(terms: Iterable[str]) -> Ids:
    return np.array([term_id(term) for term in terms], np.uint64)


class Terms(NamedTuple):
    """Every term of every text, repeats included, in no order: `ids` with, in `rows`, the number of the text.

    `prints` has one hash a text, alike for texts that differ in spaces, punctuation and folding only.
    """

    ids: Ids
    rows: Rows
    prints: Ids


def terms_of(texts: Sequence[str]) -> Terms:
    """The terms of texts, as numbers."""
    codes, rows = fold_all(texts)
    script = _tables().script[codes]
    start, end = _bounds(script)
    kind = script[start]
    hashes = _Hashes(codes)
    found = list(_words(codes, rows, hashes, start[kind == _WORD], end[kind == _WORD]))
    for wanted, size in ((_HAN, 1), (_HAN, 2), (_PAIRED, 2), (_UNSPACED, 3)):
        chosen = kind == wanted
        if wanted == _HAN and size == 2:
            chosen &= end - start > 1
        found.append(_grams(hashes, rows, start[chosen], end[chosen], size))
    ids, of = np.concatenate([ids for ids, _ in found]), np.concatenate([of for _, of in found])
    return Terms(ids, of, _prints(codes[script > 0], rows[script > 0], len(texts)))


def _prints(letters: Codes, rows: Rows, count: int) -> Ids:
    prints = np.zeros(count, np.uint64)
    start = np.flatnonzero(np.diff(rows, prepend=-1))
    prints[rows[start]] = _Hashes(letters).of(start, np.r_[start[1:], len(rows)]) if len(start) else 0
    return prints


class _Hashes:
    """The number of any stretch of an array of codes: a polynomial over prefix sums, in integers modulo
    2**64."""

    def __init__(self, codes: Codes) -> None:
        powers, self._inverses = _powers(1 << max(len(codes), 1 << 16).bit_length())
        self._sums = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(_mixed(codes.astype(np.uint64)) * powers[: len(codes)], out=self._sums[1:])

    def of(self, start: Places, end: Places) -> Ids:
        total = (self._sums[end] - self._sums[start]) * self._inverses[start]
        return _mixed(total) >> np.uint64(64 - BITS)


def _grams(hashes: _Hashes, rows: Rows, start: Places, end: Places, size: int) -> tuple[Ids, Rows]:
    """Every stretch of `size` characters of the runs; a run that is shorter counts whole."""
    counts = np.maximum(end - start - (size - 1), 1)
    first = ranges(start, counts)
    last = np.minimum(first + size, np.repeat(end, counts))
    return hashes.of(first, last), rows[first]


def _words(
    codes: Codes, rows: Rows, hashes: _Hashes, start: Places, end: Places
) -> Iterator[tuple[Ids, Rows]]:
    """Words as they stand; without accents where that is another word; the 4-grams of `<word>`."""
    if not len(start):
        return
    of = rows[start]
    yield hashes.of(start, end), of
    letters, sizes, changed = _without_accents(codes, start, end)
    framed, first = _framed(letters, sizes)
    last = first + sizes
    bare = _Hashes(framed)
    other = changed & (sizes > 0)
    yield bare.of(first[other], last[other]), of[other]
    digits = np.r_[0, np.cumsum(_tables().digit[framed])]
    cut = (sizes > 2) & (sizes <= MAX_WORD) & (digits[last] - digits[first] < sizes)
    grams = np.repeat(of, sizes + 2)
    yield _grams(bare, grams, first[cut] - 1, last[cut] + 1, GRAM)


def _without_accents(codes: Codes, start: Places, end: Places) -> tuple[Codes, Places, npt.NDArray[np.bool_]]:
    """The letters of all words in a row, each word's length, and which words differ from what they were."""
    tables = _tables()
    sizes = end - start
    letters = codes[ranges(start, sizes)]
    edges = np.r_[0, np.cumsum(sizes)]
    plain = tables.bare[np.minimum(letters, _BEYOND)]
    foreign = np.diff(np.r_[0, np.cumsum(plain == _BEYOND)][edges]) > 0
    plain = np.where(np.repeat(foreign, sizes), letters, plain)
    changed = np.diff(np.r_[0, np.cumsum(plain != letters)][edges]) > 0
    kept = plain != 0
    return plain[kept], np.diff(np.r_[0, np.cumsum(kept)][edges]), changed


def _framed(letters: Codes, sizes: Places) -> tuple[Codes, Places]:
    """`<word><word>…` and where each word's own letters begin."""
    first = np.cumsum(sizes + 2) - sizes - 1
    framed = np.empty(len(letters) + 2 * len(sizes), np.uint32)
    framed[first - 1], framed[first + sizes] = ord("<"), ord(">")
    framed[ranges(first, sizes)] = letters
    return framed, first


def _bounds(script: npt.NDArray[np.uint8]) -> tuple[Places, Places]:
    """Where runs of one script begin and end, runs of no script left out."""
    edges = np.flatnonzero(np.diff(script)) + 1
    start, end = np.r_[0, edges], np.r_[edges, len(script)]
    known = script[start] > 0 if len(script) else np.zeros(len(start), bool)
    return start[known], end[known]


def ranges(start: Places, sizes: Places) -> Places:
    """The numbers start, start + 1, … of every range, one range after the other."""
    ends = np.cumsum(sizes)
    return np.repeat(start - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)


def _mixed(numbers: Ids) -> Ids:
    """splitmix64's last steps: every bit of the number moves every bit of what comes out."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(_FIRST)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(_SECOND)
    return numbers ^ (numbers >> np.uint64(31))


def _mix(number: int) -> int:
    """`_mixed` for one number."""
    number = (number ^ (number >> 30)) * _FIRST & _ALL
    number = (number ^ (number >> 27)) * _SECOND & _ALL
    return number ^ (number >> 31)


@lru_cache(1 << 14)
def _mixed_code(code: int) -> int:
    return _mix(code)


@lru_cache(2)
def _powers(count: int) -> tuple[Ids, Ids]:
    """The first powers of the base and of its inverse."""
    both = []
    for base in (_BASE, _INVERSE):
        powers = np.full(count, base, np.uint64)
        powers[0] = 1
        both.append(np.cumprod(powers))
    return both[0], both[1]


class _Tables(NamedTuple):
    """By code point: the script; whether a digit; below _BEYOND the letter without accents (0: drops out,
    _BEYOND: accents of its word are no option)."""

    script: npt.NDArray[np.uint8]
    digit: npt.NDArray[np.bool_]
    bare: Codes


@cache
def _tables() -> _Tables:
    characters = "".join(map(chr, range(_PLANES)))
    script = np.zeros(_CODES, np.uint8)
    for name, start, end in scripts(characters):
        script[start:end] = _SCRIPTS[name]
    script[_PLANES : 2 * _PLANES] = _HAN
    digit = np.zeros(_CODES, bool)
    digit[:_PLANES] = np.fromiter(map(str.isdigit, characters), bool, _PLANES)
    bare = np.full(_BEYOND + 1, _BEYOND, np.uint32)
    for code in (code for first, end in _OPTIONAL for code in range(first, end)):
        plain = accents_off(chr(code))
        bare[code] = ord(plain) if plain else 0
    return _Tables(script, digit, bare)
