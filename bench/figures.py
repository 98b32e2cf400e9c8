"""The figures that measurements are told in. Knows neither sets nor indexes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def places(found: Sequence[tuple[Sequence[str], str]]) -> tuple[float, float, float]:
    """hit@1, hit@5 and MRR@10 in per cent, of (ids found, the right one)."""
    at = [list(ids[:10]).index(gold) + 1 if gold in ids[:10] else 0 for ids, gold in found]
    share = 100 / len(at)
    first, five = sum(place == 1 for place in at), sum(0 < place <= 5 for place in at)
    return first * share, five * share, sum(1 / place for place in at if place) * share


def auroc(known: npt.NDArray[np.float64], unknown: npt.NDArray[np.float64]) -> float:
    """The chance that a known question scores above an unknown one."""
    values = np.r_[known, unknown]
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = len(known), len(unknown)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))
