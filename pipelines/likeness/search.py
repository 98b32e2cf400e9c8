"""The nearest phrasing of an approved answer by meaning, as far as the guards let it pass. Embeds nothing itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.documents import Chunk
from pipelines.likeness.guards import differ

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CLOSEST = 20
"""Phrasings that are held against the question; behind so many nearer ones that differ stands no right one."""
CLEARLY = 0.01
"""By how much the nearest answer must be nearer than the next other answer: else it is not clear which one is meant."""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One wording of an approved pair's question."""

    text: str
    pair: Chunk


@dataclass(frozen=True, slots=True)
class Match:
    score: float
    """The cosine, in [0, 1]."""
    phrasing: Phrasing


def nearest(
    scores: "npt.NDArray[np.float32]",
    phrasings: Sequence[Phrasing],
    asked: str,
    usable: Callable[[Phrasing], bool],
) -> Match | None:
    """The nearest phrasing that is `usable` and differs in nothing that matters; `scores` has shape (n,).

    None also where a phrasing of another answer is as near.
    """
    import numpy as np

    count = min(CLOSEST, len(phrasings))
    if not count:
        return None
    at = np.argpartition(-scores, count - 1)[:count]
    found: Match | None = None
    for place in at[np.argsort(-scores[at], kind="stable")]:
        phrasing, score = phrasings[int(place)], float(min(1.0, max(0.0, scores[place])))
        if found is not None and found.score - score >= CLEARLY:
            break
        if not usable(phrasing) or differ(asked, phrasing.text) is not None:
            continue
        if found is None:
            found = Match(score, phrasing)
        elif phrasing.pair.text != found.phrasing.pair.text:
            return None
    return found


def unit_rows(vectors: "Sequence[npt.NDArray[np.float32]]") -> "npt.NDArray[np.float32]":
    """Shape (n, dimension), rows of length 1; a vector of nothing stays one."""
    import numpy as np

    if not len(vectors):
        return np.zeros((0, 0), dtype=np.float32)
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: npt.NDArray[np.float32] = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return found
