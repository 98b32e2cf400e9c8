"""A segment as it is searched: without the chunks that are gone, under the base's average lengths.

It does not know idf nor the question's text; knowledge.query holds both as numbers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from knowledge.postings import Floats, Postings, Spans
from knowledge.query import Query
from knowledge.ranked import Facts
from knowledge.segments import KINDS, Segment
from knowledge.term_ids import Places

Mask = npt.NDArray[np.bool_]
Scored = TypeVar("Scored", npt.NDArray[np.float32], npt.NDArray[np.float64])
_VOTES = (1.0, 0.15, 0.1)
"""How much an FAQ pair's best, second and third phrasing count."""
OTHER_VOTES = sum(_VOTES[1:])
"""The most that they add, as a share of the best."""
ANSWER_FIELD = 0.35
"""An FAQ pair is matched on its question first; its answer helps this much."""
_AT_ONCE = 1 << 22
"""Frequencies looked at together: what bounds a search's memory."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveSegment:
    """`alive` is None where every chunk is; `dated` says whether any has a first or a last day; `order`
    sorts the store's rows where they are not ascending."""

    segment: Segment
    alive: Mask | None
    dated: bool
    order: Places | None
    body_norms: Floats
    phrasing_norms: Floats

    @property
    def count(self) -> int:
        return self.segment.size if self.alive is None else int(self.alive.sum())

    def found(self, day: int | None, known: Collection[int] = ()) -> Mask | None:
        """Which chunks may be found on a day (by the proleptic calendar; None: any) and say something that is
        not `known` by its hash; None for all."""
        masks = [] if self.alive is None else [self.alive]
        if day is not None and self.dated:
            masks.append((self.segment.since <= day) & (day <= self.segment.until))
        if known:
            masks.append(~np.isin(self.segment.prints, np.fromiter(known, np.uint64, len(known))))
        return np.logical_and.reduce(masks) if masks else None

    def places(self, rows: Places) -> Places:
        """The place of each of the store's rows in the segment; -1 where it is not of it."""
        own = self.segment.rows
        if not len(own):
            return np.full(len(rows), -1, np.int64)
        at = np.minimum(np.searchsorted(own, rows, sorter=self.order), len(own) - 1)
        at = at if self.order is None else self.order[at]
        return np.where(own[at] == rows, at, -1)

    def spans(self, query: Query) -> tuple[Spans, Spans]:
        """Where the question's terms stand in the bodies and in the phrasings."""
        return self.segment.bodies.spans(query.ids), self.segment.phrasings.spans(query.ids)

    def roughly(
        self, spans: tuple[Spans, Spans], read: tuple[Mask, Mask], worth: Floats, mask: Mask | None
    ) -> Floats:
        """A score a chunk, from the terms of bodies and phrasings that are `read`: to choose candidates
        by."""
        segment = self.segment
        scores = segment.bodies.scores(_some(spans[0], read[0]), worth[read[0]], self.body_norms)
        if len(segment.owners):
            asked = segment.phrasings.scores(_some(spans[1], read[1]), worth[read[1]], self.phrasing_norms)
            first = np.flatnonzero(np.diff(segment.owners.astype(np.int32), prepend=-1))
            pairs = segment.owners[first]
            best = np.maximum.reduceat(asked, first)
            scores[pairs] = scores[pairs] * np.float32(ANSWER_FIELD) + best * np.float32(1 - ANSWER_FIELD)
        if mask is not None:
            scores[~mask] = 0
        return scores

    def exactly(self, query: Query, spans: tuple[Spans, Spans], places: Places) -> tuple[Floats, Floats]:
        """Score and covered worth of these chunks (by place, ascending)."""
        segment = self.segment
        saturated = segment.bodies.saturated(spans[0], places, self.body_norms)
        scores, covered = query.scores(saturated), query.covered(saturated)
        owners = segment.owners
        begin, end = np.searchsorted(owners, places, "left"), np.searchsorted(owners, places, "right")
        pairs = begin < end
        if pairs.any():
            voted = votes(self._asked(query, spans[1], begin[pairs], end[pairs]), (end - begin)[pairs])
            scores[pairs] = scores[pairs] * np.float32(ANSWER_FIELD) + voted * np.float32(1 - ANSWER_FIELD)
        return scores, covered

    def _asked(self, query: Query, spans: Spans, begin: Places, end: Places) -> Floats:
        """The scores of these pairs' phrasings, one pair's after the other's."""
        rows = np.concatenate([np.arange(b, e) for b, e in zip(begin.tolist(), end.tolist(), strict=True)])
        step = max(1, _AT_ONCE // max(1, len(query.ids)))
        return np.concatenate(
            [
                query.scores(
                    self.segment.phrasings.saturated(spans, rows[at : at + step], self.phrasing_norms)
                )
                for at in range(0, len(rows), step)
            ]
        )

    def facts(self, place: int) -> Facts:
        segment = self.segment
        return Facts(
            language=segment.languages[int(segment.language[place])],
            kind=KINDS[int(segment.kinds[place])],
            length=int(segment.lengths[place]),
            text=int(segment.prints[place]),
        )


def live(segments: Sequence[Segment], alive: Sequence[Mask | None]) -> list[LiveSegment]:
    """The segments of one base, under their average lengths together."""
    bodies = _average([segment.bodies for segment in segments])
    phrasings = _average([segment.phrasings for segment in segments])
    return [
        LiveSegment(
            segment,
            mask,
            segment.dated,
            None if (np.diff(segment.rows) > 0).all() else np.argsort(segment.rows, kind="stable"),
            segment.bodies.norms(bodies),
            segment.phrasings.norms(phrasings),
        )
        for segment, mask in zip(segments, alive, strict=True)
    ]


def _some(spans: Spans, chosen: Mask) -> Spans:
    return spans[0][chosen], spans[1][chosen]


def _average(parts: Sequence[Postings]) -> float:
    rows = sum(part.size for part in parts)
    return sum(int(part.lengths.sum(dtype=np.int64)) for part in parts) / rows if rows else 1.0


def votes(scores: Scored, sizes: Places) -> Scored:
    """A pair's score from those of its phrasings: the best, and a little of the next two."""
    pairs = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((-scores, pairs))
    first = np.cumsum(sizes) - sizes
    total = np.zeros_like(scores, shape=len(sizes))
    for nth, weight in enumerate(_VOTES):
        has = sizes > nth
        total[has] += scores[order[first[has] + nth]] * scores.dtype.type(weight)
    return total
