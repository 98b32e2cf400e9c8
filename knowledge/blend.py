"""Joins how well words match with how near meanings are, so that neither side can spoil what the other does well.

It does not know passages nor models; how far a model is trusted is measured in knowledge.trust.
"""

from collections.abc import Sequence

import numpy as np

_EVEN = 0.02
"""Cosines that differ less than this (standard deviation) say nothing: their differences are not blown up."""
_SPAN = 4.0
"""Standard deviations below the nearest from which a chunk is not near at all."""


def blend(lexical: Sequence[float], cosines: Sequence[float | None], trust: float) -> list[float]:
    """A figure in [0, 1] to order candidates by, from their lexical ranks (0 or more) and cosines (None: not among
    the nearest), in parallel.

    `trust` in [0, 1] is the cosines' share. Ranks count by their share of the best one, cosines by standard
    deviations below the nearest: a small model's cosines all lie close together, a large one's do not.
    """
    if trust <= 0 or all(cosine is None for cosine in cosines):
        best = max(lexical, default=0.0)
        return [rank / best for rank in lexical] if best > 0 else list(lexical)
    ranks = np.asarray(lexical, np.float64)
    if len(ranks) and ranks.max() > 0:
        ranks = ranks / ranks.max()
    known = np.asarray([cosine for cosine in cosines if cosine is not None], np.float64)
    filled = np.asarray([known.min() if cosine is None else cosine for cosine in cosines], np.float64)
    fall = (known.max() - filled) / max(float(known.std()), _EVEN)
    nearness = np.maximum(0.0, 1.0 - fall / _SPAN)
    # a whole span weighs trust against 1 - trust a deviation
    share = trust * _SPAN / (1.0 - trust + trust * _SPAN)
    blended: list[float] = ((1.0 - share) * ranks + share * nearness).tolist()
    return blended
