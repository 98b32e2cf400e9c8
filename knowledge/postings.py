"""Sparse postings with BM25's saturation of term frequency, one row a matched text.

It does not know what a term is worth (idf comes from the caller) nor what a row stands for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


class Postings:
    """Immutable after `build`: for each term the rows that hold it and its saturated frequency there.

    Saturated frequency is tf·(k1+1) / (tf + k1·(1 - b + b·length/average)), in (0, k1+1).
    """

    def __init__(self, vocabulary: Mapping[str, int], starts: Ints, rows: Ints, impacts: Floats, count: int):
        self._vocabulary = vocabulary
        self._starts = starts
        self._rows = rows
        self._impacts = impacts
        self.count = count

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]], k1: float = 1.2, b: float = 0.75) -> "Postings":
        """Index rows given as lists of terms."""
        vocabulary: dict[str, int] = {}
        ids: list[npt.NDArray[np.int64]] = []
        counts: list[Floats] = []
        sizes: list[int] = []
        lengths: list[int] = []
        for words in texts:
            tally = Counter(words)
            ids.append(
                np.fromiter((vocabulary.setdefault(w, len(vocabulary)) for w in tally), np.int64, len(tally))
            )
            counts.append(np.fromiter(tally.values(), np.float32, len(tally)))
            sizes.append(len(tally))
            lengths.append(len(words))
        count = len(sizes)
        if not count:
            empty = np.zeros(0, np.int32)
            return cls({}, np.zeros(1, np.int32), empty, np.zeros(0, np.float32), 0)
        term_ids, frequency = np.concatenate(ids), np.concatenate(counts)
        row_ids = np.repeat(np.arange(count, dtype=np.int32), sizes)
        norm = np.asarray(lengths, np.float32) / max(float(np.mean(lengths)), 1.0)
        impacts = frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * norm[row_ids]))
        order = np.argsort(term_ids, kind="stable")
        starts = np.zeros(len(vocabulary) + 1, np.int32)
        np.cumsum(np.bincount(term_ids, minlength=len(vocabulary)), out=starts[1:])
        return cls(vocabulary, starts, row_ids[order], impacts[order].astype(np.float32), count)

    def of(self, term: str) -> tuple[Ints, Floats]:
        """The rows that hold a term, ascending, and its saturated frequency in each."""
        term_id = self._vocabulary.get(term)
        if term_id is None:
            return self._rows[:0], self._impacts[:0]
        span = slice(int(self._starts[term_id]), int(self._starts[term_id + 1]))
        return self._rows[span], self._impacts[span]

    def frequency(self, term: str) -> int:
        """In how many rows a term stands."""
        term_id = self._vocabulary.get(term)
        return 0 if term_id is None else int(self._starts[term_id + 1] - self._starts[term_id])

    def scores(self, weights: Mapping[str, float]) -> Floats:
        """Weighted sum over the terms, one figure a row."""
        total = np.zeros(self.count, np.float32)
        for term, weight in weights.items():
            rows, impacts = self.of(term)
            total[rows] += impacts * np.float32(weight)
        return total

    def sums(self, weights: Mapping[str, float]) -> tuple[Floats, Floats]:
        """For every row its weighted sum, as `scores` has it, and the summed weight of the terms it holds."""
        total, held = np.zeros(self.count, np.float32), np.zeros(self.count, np.float32)
        for term, weight in weights.items():
            rows, impacts = self.of(term)
            if len(rows):
                total[rows] += impacts * np.float32(weight)
                held[rows] += np.float32(weight)
        return total, held

    def covered(self, weights: Mapping[str, float], rows: Ints) -> Floats:
        """For each of the rows, the summed weight of the terms that it holds."""
        total = np.zeros(len(rows), np.float32)
        for term, weight in weights.items():
            holders, _ = self.of(term)
            if len(holders):
                at = np.minimum(np.searchsorted(holders, rows), len(holders) - 1)
                total[holders[at] == rows] += np.float32(weight)
        return total
