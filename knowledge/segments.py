"""An immutable piece of a base's index: postings of up to 65,536 chunks and the facts that searching needs.

It does not know files, stores or the base; texts are not kept, only the store's rows.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from core.documents import Chunk
from knowledge.postings import MOST_COUNTED, MOST_ROWS, Postings, Shorts, Targets, merged
from knowledge.term_ids import Ids, terms_of

KINDS = ("text", "faq", "table")
_MOST_CHARACTERS = 1 << 20
"""Of one batch: what bounds the memory of tokenising."""
_EVER = (0, 1 << 30)
"""Days that no date reaches, for a pair without bounds."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Chunks by their place in the segment, from 0: `rows` of the store, facts, and postings of the whole
    text.

    `phrasings` are postings of an FAQ pair's question and its phrasings, each a row of its own; `owners` has
    the place of the pair that each belongs to, ascending. `languages` are the names that `language` counts
    by. `checks` are CRC-32 of the texts as they stand; `prints` are alike where only spaces, punctuation and
    folding differ. `since` and `until` are days by the proleptic calendar, inclusive.
    """

    rows: npt.NDArray[np.int64]
    prints: Ids
    checks: npt.NDArray[np.uint32]
    lengths: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]
    language: npt.NDArray[np.uint16]
    since: npt.NDArray[np.int32]
    until: npt.NDArray[np.int32]
    owners: Shorts
    bodies: Postings
    phrasings: Postings
    languages: Sequence[str]

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def dated(self) -> bool:
        """Whether any chunk may be found on some days only."""
        return bool((self.since > _EVER[0]).any() or (self.until < _EVER[1]).any())


def check_of(chunk: Chunk) -> int:
    """What tells whether a chunk that is read is the one that was indexed under its row."""
    return zlib.crc32("\0".join((*chunk.match, chunk.title, chunk.text)).encode("utf-8", "surrogatepass"))


def batches(chunks: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
    """Cut chunks into pieces that `counted` takes at once."""
    begin, phrasings, characters = 0, 0, 0
    for at, chunk in enumerate(chunks):
        own = min(len(chunk.match), MOST_COUNTED)
        letters = len(chunk.text) + len(chunk.title) + sum(map(len, chunk.match))
        full = at - begin == MOST_COUNTED or phrasings + own > MOST_COUNTED
        if at > begin and (full or characters + letters > _MOST_CHARACTERS):
            yield chunks[begin:at]
            begin, phrasings, characters = at, 0, 0
        phrasings += own
        characters += letters
    if begin < len(chunks):
        yield chunks[begin:]


def counted(chunks: Sequence[Chunk]) -> Segment:
    """Index one batch. Of a pair with more phrasings than a batch holds the first 4,096 count."""
    pieces: list[str] = []
    of: list[int] = []
    phrased: list[bool] = []
    for at, chunk in enumerate(chunks):
        match = chunk.match[:MOST_COUNTED]
        pieces += [*match, chunk.title, chunk.text]
        of += [at] * (len(match) + 2)
        phrased += [True] * len(match) + [False, False]
    ids, rows, prints = terms_of(pieces)
    owner, is_phrasing = np.asarray(of, np.int32), np.asarray(phrased, bool)
    number = np.cumsum(is_phrasing, dtype=np.int32) - 1
    asked = is_phrasing[rows]
    languages = sorted({chunk.language for chunk in chunks})
    last = np.flatnonzero(np.diff(owner, append=-1))
    checks = np.asarray([check_of(chunk) for chunk in chunks], np.uint32)
    return Segment(
        rows=np.asarray([chunk.row for chunk in chunks], np.int64),
        prints=np.where(prints[last] > 0, prints[last], checks),
        checks=checks,
        lengths=np.asarray([len(chunk.text) for chunk in chunks], np.uint32),
        kinds=np.asarray([KINDS.index(chunk.kind) for chunk in chunks], np.uint8),
        language=np.asarray([languages.index(chunk.language) for chunk in chunks], np.uint16),
        since=np.asarray([_day(chunk.valid_from, _EVER[0]) for chunk in chunks], np.int32),
        until=np.asarray([_day(chunk.valid_until, _EVER[1]) for chunk in chunks], np.int32),
        owners=owner[is_phrasing].astype(np.uint16),
        bodies=Postings.counted(ids, owner[rows], len(chunks)),
        phrasings=Postings.counted(ids[asked], number[rows[asked]], int(is_phrasing.sum())),
        languages=languages,
    )


def _day(day: date | None, otherwise: int) -> int:
    return otherwise if day is None else day.toordinal()


def fits(parts: Sequence[Segment]) -> bool:
    """Whether these can be merged into one segment."""
    phrasings = sum(part.phrasings.size for part in parts)
    return max(sum(part.size for part in parts), phrasings) <= MOST_ROWS


def merge(parts: Sequence[Segment], alive: Sequence[npt.NDArray[np.bool_] | None]) -> Segment:
    """One segment out of several that fit, without the chunks that are not alive (None: all are)."""
    kept = [
        np.ones(part.size, bool) if live is None else live for part, live in zip(parts, alive, strict=True)
    ]
    asked = [live[part.owners] for part, live in zip(parts, kept, strict=True)]
    chunks, questions = _targets(kept), _targets(asked)
    languages = sorted({name for part in parts for name in part.languages})

    def joined(name: str) -> npt.NDArray[np.generic]:
        return np.concatenate([getattr(part, name)[live] for part, live in zip(parts, kept, strict=True)])

    named = [
        np.asarray([languages.index(name) for name in part.languages], np.uint16)[part.language[live]]
        for part, live in zip(parts, kept, strict=True)
    ]
    owners = [place[part.owners[live]] for part, place, live in zip(parts, chunks, asked, strict=True)]
    facts = ("rows", "prints", "checks", "lengths", "kinds", "since", "until")
    return Segment(
        **{name: joined(name) for name in facts},  # type: ignore[arg-type]
        language=np.concatenate(named),
        owners=np.concatenate(owners).astype(np.uint16),
        bodies=merged([part.bodies for part in parts], chunks, sum(int(live.sum()) for live in kept)),
        phrasings=merged(
            [part.phrasings for part in parts], questions, sum(int(live.sum()) for live in asked)
        ),
        languages=languages,
    )


def _targets(kept: Sequence[npt.NDArray[np.bool_]]) -> list[Targets]:
    """New numbers from 0 for what is kept, over all parts; -1 for what goes."""
    before = np.cumsum([0, *(int(live.sum()) for live in kept)])
    return [
        np.where(live, np.cumsum(live) - 1 + start, -1).astype(np.int32)
        for live, start in zip(kept, before[:-1], strict=True)
    ]
