"""The terms that stand in many of a base's lines, each as one vector over all of them: adding it up costs a fraction of
going through its postings, and what it is in a few lines need not be searched.

It does not know what a term is worth; a vector is made when it is first asked for.
"""

from functools import lru_cache

import numpy as np

from knowledge.postings import Floats, Shorts
from knowledge.term_ids import Places

_MOST_BYTES = 3 << 20
_SHARE, _FEW = 5, 500
"""A term is frequent from `_FEW` lines and a fifth of all on: fewer postings are gone through faster than a vector."""


class Frequent:
    """`starts` says where each term's postings begin in `rows` and `saturated`. At most three megabytes are kept. Safe
    to use from several threads."""

    def __init__(self, starts: Places, rows: Shorts, saturated: Floats, size: int) -> None:
        def vector(term: int) -> Floats:
            own = slice(int(starts[term]), int(starts[term + 1]))
            whole = np.zeros(size, np.float32)
            whole[rows[own]] = saturated[own]
            return whole

        self.least = _FEW + size // _SHARE
        """Postings from which a term is frequent."""
        self.vector = lru_cache(max(8, _MOST_BYTES // max(1, 4 * size)))(vector)
        """Of a term its saturated frequency in every line."""

    def among(self, postings: Places) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which of the terms with so many postings are."""
        many: np.ndarray[tuple[int], np.dtype[np.bool_]] = postings >= self.least
        return many
