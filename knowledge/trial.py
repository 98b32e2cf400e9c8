"""Tries an embedding model on a base: the same questions by words and by meaning, over the same few chunks.

It does not know how the outcome becomes a weight; knowledge.trust does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from core.documents import Chunk
from knowledge.lexical import LexicalIndex, weigh
from knowledge.question_vectors import unit_length
from knowledge.trust import Floats64, Probe, measured, probes, span

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

_HITS = 60
_BATCH = 32
"""Texts to a call: a slow server answers that many within its time limit."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`trust` by tongue, `*` for all others; `span` as knowledge.trust gives it."""

    trust: Mapping[str, float]
    span: tuple[float, float]


def trial(
    chunks: Sequence[Chunk], embeddings: "Embeddings", texts_of: Callable[[Chunk], Sequence[str]]
) -> Outcome:
    """Raises what the model raises."""
    asked = probes(chunks)
    if not asked:
        nothing = np.empty((0, 1))
        return Outcome(measured(nothing, nothing, ()), span(nothing))
    ranks, cosines = _by_words(asked), _by_meaning(asked, embeddings, texts_of)
    elsewhere = _other_halves(asked)
    ranks[elsewhere], cosines[elsewhere] = 0.0, cosines.min()
    return Outcome(measured(ranks, cosines, [probe.tongue for probe in asked]), span(cosines))


def _other_halves(asked: Sequence[Probe]) -> npt.NDArray[np.bool_]:
    """Where a question meets its own chunk as it was left for another question: that one still holds the answer."""
    rows = np.asarray([probe.chunk.row for probe in asked])
    same: npt.NDArray[np.bool_] = (rows[:, None] == rows[None, :]) & ~np.eye(len(rows), dtype=bool)
    return same


def _by_words(asked: Sequence[Probe]) -> Floats64:
    index = LexicalIndex.of([replace(probe.chunk, row=number) for number, probe in enumerate(asked)])
    ranks = np.zeros((len(asked), len(asked)))
    for number, probe in enumerate(asked):
        for hit in index.search(weigh(probe.question, [index]), _HITS):
            ranks[number, hit.row] = hit.rank
    return ranks


def _by_meaning(
    asked: Sequence[Probe], embeddings: "Embeddings", texts_of: Callable[[Chunk], Sequence[str]]
) -> Floats64:
    texts = [list(texts_of(probe.chunk)) for probe in asked]
    flat = [text for each in texts for text in each]
    batches = (flat[at : at + _BATCH] for at in range(0, len(flat), _BATCH))
    passages = unit_length([vector for batch in batches for vector in embeddings.embed_documents(batch)])
    questions = unit_length([embeddings.embed_query(probe.question) for probe in asked])
    starts = np.cumsum([0, *(len(each) for each in texts[:-1])])
    return np.maximum.reduceat((questions @ passages.T).astype(np.float64), starts, axis=1)
