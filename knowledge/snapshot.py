"""One base's searchable state at one version of the store, and how it becomes the next one.

It does not know the store it came from, the other bases nor the disk.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from knowledge.lexical import LexicalIndex
from knowledge.live import Mask
from knowledge.segments import Segment, fits, merge

Rows = npt.NDArray[np.int64]

_SIDE_BY_SIDE = 4
"""So many parts of about one size become one: what bounds their number, at one more copy each time."""
_SMALL = 4096
"""A part of up to so many chunks is cleaned as soon as one of them is gone."""
_MOSTLY_GONE = 0.2
"""A larger one when this share is gone: until then its frequencies count what is gone."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A segment with what is gone of it (`alive` None: nothing), and the name of the file it lies in, if
    any."""

    segment: Segment
    alive: Mask | None = None
    file: str = ""

    @property
    def count(self) -> int:
        return self.segment.size if self.alive is None else int(self.alive.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Immutable; swapped in whole. `version` is the store's, -1 while chunks are still missing."""

    version: int
    parts: Sequence[Part]
    lexical: LexicalIndex

    @classmethod
    def of(cls, version: int, parts: Sequence[Part]) -> "Snapshot":
        return cls(version, tuple(parts), LexicalIndex([p.segment for p in parts], [p.alive for p in parts]))

    def rows(self) -> Rows:
        """The store's rows that are found here, ascending."""
        found = [p.segment.rows if p.alive is None else p.segment.rows[p.alive] for p in self.parts]
        return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)

    def missing(self, present: Rows) -> Rows:
        """Those of the store's rows (ascending) that are not found here."""
        return present[~held(present, self.rows())]

    def without(self, present: Rows) -> "Snapshot":
        """The same without the rows that are not in `present` (ascending)."""
        return Snapshot.of(self.version, [_without(part, present) for part in self.parts])

    def joined(self, version: int, segments: Sequence[Segment]) -> "Snapshot":
        """With new segments, in few parts."""
        return Snapshot.of(version, list(_few([*self.parts, *map(Part, segments)])))


def held(rows: Rows, among: Rows) -> Mask:
    """Which of these rows are in the other array, which is ascending."""
    if not len(among):
        return np.zeros(len(rows), bool)
    found: Mask = among[np.minimum(np.searchsorted(among, rows), len(among) - 1)] == rows
    return found


def _without(part: Part, present: Rows) -> Part:
    there = held(part.segment.rows, present)
    if part.alive is not None:
        there &= part.alive
    if there.sum() == part.count:
        return part
    return replace(part, alive=there)


def _few(parts: Sequence[Part]) -> Iterator[Part]:
    """Empty parts go, parts with much that is gone are copied without it, and the like-sized are merged."""
    kept = [_clean(part) for part in parts if part.count]
    while (group := _alike(kept)) is not None:
        merged = Part(merge([part.segment for part in group], [part.alive for part in group]))
        at = kept.index(group[0])
        kept = [merged if n == at else part for n, part in enumerate(kept) if n == at or part not in group]
    yield from kept


def _clean(part: Part) -> Part:
    gone = part.segment.size - part.count
    if gone and (part.segment.size <= _SMALL or gone > _MOSTLY_GONE * part.segment.size):
        return Part(merge([part.segment], [part.alive]))
    return part


def _alike(parts: Sequence[Part]) -> list[Part] | None:
    """The smallest parts of one order of magnitude, if there are enough of them and they fit into one."""
    by_size: dict[int, list[Part]] = {}
    for part in parts:
        by_size.setdefault(part.count.bit_length() // 2, []).append(part)
    for size in sorted(by_size):
        group = by_size[size]
        while len(group) >= _SIDE_BY_SIDE and not fits([part.segment for part in group]):
            group = group[:-1]
        if len(group) >= _SIDE_BY_SIDE:
            return group
    return None
