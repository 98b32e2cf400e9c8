"""Sparse postings of up to 65,536 matched texts: which terms stand in which, how often.

It does not know what a term is worth (idf comes from the caller) nor what a row stands for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.term_ids import BITS, Ids, Places, Rows

Floats = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.uint16]
Targets = npt.NDArray[np.int32]
Spans = tuple[Places, Places]
"""Where the rows of each of some terms begin and end: what every further question about them starts from."""
MOST_ROWS = 1 << 16
"""Rows are kept in two bytes; more texts take more segments."""
MOST_COUNTED = 1 << (64 - BITS)
"""Rows of one batch that is counted: a term and its row sort as one number."""
K1, B = 1.2, 0.75
_MOST_OFTEN = 255
_AT_ONCE = 1 << 21
"""Postings moved at once in a merge: what bounds its memory."""
_FEW = 8
"""A list of up to this many times the rows asked for is read whole, a longer one is searched."""


@dataclass(frozen=True, slots=True, eq=False)
class Postings:
    """For each term, by its number in `vocabulary` (ascending), the rows that hold it, ascending, and how
    often.

    The rows of term i stand in `rows[starts[i]:starts[i + 1]]`. `lengths` has the number of terms of each
    row.
    """

    vocabulary: Ids
    starts: npt.NDArray[np.uint32]
    rows: Shorts
    counts: npt.NDArray[np.uint8]
    lengths: npt.NDArray[np.uint32]

    @classmethod
    def counted(cls, ids: Ids, rows: Rows, size: int) -> "Postings":
        """From terms with their rows, repeats included, of a batch of `size` texts (at most MOST_COUNTED)."""
        shift = np.uint64(64 - BITS)
        keys = np.sort((ids << shift) | rows.astype(np.uint64))
        first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.zeros(0, np.int64)
        often = np.minimum(np.diff(np.r_[first, len(keys)]), _MOST_OFTEN).astype(np.uint8)
        held = (keys[first] & np.uint64(MOST_COUNTED - 1)).astype(np.uint16)
        term = keys[first] >> shift
        begins = np.flatnonzero(np.r_[True, term[1:] != term[:-1]]) if len(term) else np.zeros(0, np.int64)
        starts = np.r_[begins, len(term)].astype(np.uint32)
        lengths = np.bincount(rows, minlength=size).astype(np.uint32)
        return cls(term[begins], starts, held, often, lengths)

    @property
    def size(self) -> int:
        return len(self.lengths)

    def spans(self, ids: Ids) -> Spans:
        """Where the rows of each term begin and end; an empty stretch for a term that no row holds."""
        if not len(self.vocabulary):
            return np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
        at = np.minimum(np.searchsorted(self.vocabulary, ids), len(self.vocabulary) - 1)
        begin = self.starts[at].astype(np.int64)
        return begin, np.where(self.vocabulary[at] == ids, self.starts[at + 1], begin).astype(np.int64)

    def scores(self, spans: Spans, worth: Floats, norms: Floats) -> Floats:
        """For every row the summed worth of the terms it holds, each by BM25's saturation of its frequency.

        Saturated frequency is tf·(k1+1) / (tf + norm), in (0, k1+1); `norms` come from `norms`.
        """
        total = np.zeros(self.size, np.float32)
        for begin, end, value in zip(*(edge.tolist() for edge in spans), worth.tolist(), strict=True):
            if begin < end:
                rows = self.rows[begin:end]
                often = self.counts[begin:end].astype(np.float32)
                total[rows] += often * np.float32(value * (K1 + 1)) / (often + norms[rows])
        return total

    def norms(self, average: float) -> Floats:
        """BM25's allowance for each row's length, where rows have `average` terms."""
        return (K1 * (1 - B + B * self.lengths / max(average, 1.0))).astype(np.float32)

    def saturated(self, spans: Spans, rows: Places, norms: Floats) -> Floats:
        """Saturated frequencies of these terms in these rows (ascending), shape (terms, rows); 0 is
        absent."""
        often = np.zeros((len(spans[0]), len(rows)), np.float32)
        place = np.full(self.size, -1, np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        short = rows.astype(np.uint16)
        for line, begin, end in zip(often, *(edge.tolist() for edge in spans), strict=True):
            held = self.rows[begin:end]
            if len(held) <= _FEW * len(rows):
                at = place[held]
                line[at[at >= 0]] = self.counts[begin:end][at >= 0]
            else:
                at = np.minimum(np.searchsorted(held, short), len(held) - 1)
                line[:] = np.where(held[at] == short, self.counts[begin + at], 0)
        return often * np.float32(K1 + 1) / (often + norms[rows])


def merged(parts: Sequence[Postings], targets: Sequence[Targets], size: int) -> Postings:
    """One out of several. `targets` says for each part's rows which row of the whole (of `size`) they become,
    ascending over all parts; -1 leaves a row out."""
    parts = [_without(part, target) for part, target in zip(parts, targets, strict=True)]
    vocabulary = _union([part.vocabulary for part in parts])
    places = [np.searchsorted(vocabulary, part.vocabulary) for part in parts]
    frequency = np.zeros(len(vocabulary), np.int64)
    for part, place in zip(parts, places, strict=True):
        frequency[place] += _sizes(part)
    starts = np.r_[0, np.cumsum(frequency)]
    free = starts[:-1].copy()
    rows, counts = np.empty(starts[-1], np.uint16), np.empty(starts[-1], np.uint8)
    lengths = np.zeros(size, np.uint32)
    for part, place, target in zip(parts, places, targets, strict=True):
        lengths[target[target >= 0]] = part.lengths[target >= 0]
        _move(part, target, free[place], rows, counts)
        free[place] += _sizes(part)
    return Postings(vocabulary, starts.astype(np.uint32), rows, counts, lengths)


def _sizes(part: Postings) -> Places:
    """In how many rows each of its terms stands."""
    sizes: Places = part.starts[1:].astype(np.int64) - part.starts[:-1]
    return sizes


def _union(vocabularies: Sequence[Ids]) -> Ids:
    together = np.sort(np.concatenate(vocabularies)) if vocabularies else np.zeros(0, np.uint64)
    return together[np.r_[True, together[1:] != together[:-1]]] if len(together) else together


def _without(part: Postings, target: Targets) -> Postings:
    """The part without the postings of rows that go; its rows keep their numbers."""
    if (target >= 0).all():
        return part
    kept = target[part.rows] >= 0
    frequency = np.diff(np.r_[0, np.cumsum(kept)][part.starts.astype(np.int64)])
    starts = np.r_[0, np.cumsum(frequency[frequency > 0])].astype(np.uint32)
    return Postings(part.vocabulary[frequency > 0], starts, part.rows[kept], part.counts[kept], part.lengths)


def _move(part: Postings, target: Targets, to: Places, rows: Shorts, counts: npt.NDArray[np.uint8]) -> None:
    """Copy each term's stretch to where `to` says, some millions of postings at a time."""
    starts = part.starts.astype(np.int64)
    first = 0
    while first < len(to):
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + _AT_ONCE, "right")) - 1)
        begin, end = int(starts[first]), int(starts[last])
        shift = np.repeat(to[first:last] - starts[first:last], np.diff(starts[first : last + 1]))
        at = shift + np.arange(begin, end)
        rows[at] = target[part.rows[begin:end]]
        counts[at] = part.counts[begin:end]
        first = last
