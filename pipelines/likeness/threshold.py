"""How alike is alike enough: the lowest threshold at which questions that have no answer get one at most once in 200.

Counts on questions whose right answer is known, once with it among the answers and once without. Knows no line.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pipelines.likeness.search import Phrasing, nearest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

FALSE_HITS = 0.005
LEAST_QUESTIONS = 200
"""Fewer cannot show one false hit in 200."""
HIGHEST = 0.999
ABOVE = 0.002
"""How far the threshold stands above the last score that must not pass."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A question and the ids of the pairs that answer it rightly; none where no approved answer does."""

    text: str
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What a threshold does on the questions it was chosen on. `false_hits` and `recall` are shares, `unanswerable` and
    `answerable` what they are of."""

    threshold: float
    false_hits: float
    recall: float
    unanswerable: int
    answerable: int


def calibrate(
    samples: Sequence[Sample],
    vectors: "npt.NDArray[np.float32]",
    phrasings: Sequence[Phrasing],
    scored: Callable[["npt.NDArray[np.float32]"], "npt.NDArray[np.float32]"],
) -> Calibration | None:
    """`vectors` are the samples' (n, d), unit rows; `scored` gives the cosines (m,) of the phrasings with one. None where too few questions are
    there, or none would be answered at the threshold they ask for."""
    out_of_scope: list[tuple[float, int]] = []
    mistaken: list[tuple[float, int]] = []
    right: list[float] = []
    answerable = 0
    for number, sample in enumerate(samples):
        scores = scored(vectors[number])
        without = nearest(scores, phrasings, sample.text, partial(_is_no_answer, sample))
        if without is not None:
            out_of_scope.append((without.score, number))
        if not sample.right:
            continue
        answerable += 1
        found = nearest(scores, phrasings, sample.text, partial(_is_another, sample))
        if found is not None and found.phrasing.pair.id in sample.right:
            right.append(found.score)
        elif found is not None:
            mistaken.append((found.score, number))
    if len(samples) < LEAST_QUESTIONS:
        return None
    threshold = max(_lowest(out_of_scope, len(samples)), _lowest(mistaken, answerable))
    kept = sum(score >= threshold for score in right)
    if threshold > HIGHEST or not kept:
        return None
    passed = sum(score >= threshold for score, _ in out_of_scope)
    return Calibration(threshold, passed / len(samples), kept / answerable, len(samples), answerable)


def _is_no_answer(sample: Sample, one: Phrasing) -> bool:
    return one.pair.id not in sample.right


def _is_another(sample: Sample, one: Phrasing) -> bool:
    """A question is not found by itself."""
    return one.text != sample.text


def _lowest(wrong: Sequence[tuple[float, int]], asked: int) -> float:
    """The lowest threshold that lets so few of the wrong ones pass: of all `asked`, and of either half of them, so that it
    is not one that suits these questions alone."""
    halves = [[score for score, number in wrong if number % 2 == half] for half in (0, 1)]
    return max(
        _passing([score for score, _ in wrong], asked), *(_passing(half, asked // 2) for half in halves)
    )


def _passing(wrong: Sequence[float], asked: int) -> float:
    allowed = int(FALSE_HITS * asked)
    ordered = sorted(wrong, reverse=True)
    return ordered[allowed] + ABOVE if len(ordered) > allowed else 0.0
