"""What a recogniser hands over, and how the best of several overlapping ones are chosen.

Does not know how any kind is recognised.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from core.privacy import Kind


class Candidate(NamedTuple):
    """A possible finding; `start` and `end` are places in the folded text."""

    kind: Kind
    start: int
    end: int
    confidence: float
    value: str
    loose: int = 0
    """At how many of its ends further figures of the same run stand: what takes the whole run is likelier."""


def best(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those kept: the surer first, of equally sure ones the longer, then the earlier. Sorted by place."""
    ordered = sorted(candidates, key=_rank)
    if len(ordered) < 2:
        return ordered
    starts: list[int] = []
    kept: list[Candidate] = []
    for one in ordered:
        at = bisect_left(starts, one.start)
        if at > 0 and kept[at - 1].end > one.start:
            continue
        if at < len(kept) and kept[at].start < one.end:
            continue
        starts.insert(at, one.start)
        kept.insert(at, one)
    return kept


def _rank(one: Candidate) -> tuple[float, int, int]:
    return 0.4 * one.loose - one.confidence, one.start - one.end, one.start
