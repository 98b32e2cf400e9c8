"""One question from its words to the passages that are shown: what is computed, without waiting for anything.

It does not know where texts come from: it says which ones it lacks and goes on with what it is given.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass

from core.documents import Chunk
from core.messages import Passage
from knowledge.confidence import THRESHOLD, scored
from knowledge.evidence import Asked
from knowledge.query import Expansion
from knowledge.ranked import Ranked
from knowledge.search import Neighbours, Search

Place = tuple[int, int]
"""The number of the base among those asked, and the store's row."""
Steps = Generator[Sequence[Place], Mapping[Place, Chunk], "Found"]
"""Yields the places whose chunks are needed and not known, takes those that are there."""
_READ = 12
"""Passages read for a question at least: what scoring looks at."""
_SPARE = 5
"""Read beyond what was asked for: some may have left the store a moment ago."""


@dataclass(frozen=True, slots=True)
class Found:
    """Passages best first, and whether the best of them reaches the threshold."""

    passages: Sequence[Passage]
    answerable: bool


def find(
    search: Search,
    k: int,
    near: Sequence[Neighbours],
    known: Callable[[int, int], Chunk | None],
    shown: int | None = None,
) -> Steps:
    """By the question's own words; by their synonyms only where those do not find it, and these do.

    `shown`: how many of the passages are wanted, None for all that were read.
    """
    asked = Asked(search.question, search.weights)
    sure = yield from _sure(search, asked, k, near, known)
    if not _answers(sure) and (expansions := search.expansions()):
        in_other_words = yield from _sure(search, asked, k, near, known, expansions, THRESHOLD)
        sure = in_other_words if _answers(in_other_words) else sure
    return Found([_passage(chunk, one) for one, chunk in sure[:shown]], _answers(sure))


def _sure(
    search: Search,
    asked: Asked,
    k: int,
    near: Sequence[Neighbours],
    known: Callable[[int, int], Chunk | None],
    expansions: Sequence[Expansion] = (),
    least: float = 0.0,
) -> Generator[Sequence[Place], Mapping[Place, Chunk], Sequence[tuple[Ranked, Chunk]]]:
    """What is found, best first, with how sure that is; maybe nothing where that is less than `least`."""
    most = max(_READ, k + _SPARE)
    ranked = search.ranked(most, near, expansions)[:most]
    chunks = {(one.source, one.row): known(one.source, one.row) for one in ranked}
    if missing := [place for place, chunk in chunks.items() if chunk is None]:
        chunks |= yield missing
    there = {place: chunk for place, chunk in chunks.items() if chunk is not None}
    ranked = [one for one in ranked if (one.source, one.row) in there]
    sure = scored(asked, ranked, [there[one.source, one.row] for one in ranked], least)
    return [(one, there[one.source, one.row]) for one in sure]


def _answers(sure: Sequence[tuple[Ranked, Chunk]]) -> bool:
    return bool(sure) and sure[0][0].score >= THRESHOLD


def _passage(chunk: Chunk, ranked: Ranked) -> Passage:
    return Passage(
        id=chunk.id,
        base=chunk.base,
        document_id=chunk.document_id,
        document=chunk.document,
        title=chunk.title,
        location=chunk.location,
        text=chunk.text,
        score=ranked.score,
        kind=chunk.kind,
        question=chunk.match[0] if chunk.match else None,
        language=chunk.language,
        parts=ranked.parts,
        page=chunk.page,
    )
