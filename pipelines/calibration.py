"""Chooses how alike a question must be to an approved one on a line, from the line's own golden set and its own pairs.

Turns nothing on; it says what a threshold would do, and a manager decides.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from core.documents import Chunk
from core.errors import Conflict, NotSupported
from core.golden import GoldenQuestion
from core.messages import BusinessLine, Mode
from core.security import Act
from pipelines.bases import searched
from pipelines.checks import Readings, readings, states
from pipelines.embed import NOTHING_EMBEDS
from pipelines.likeness.search import Phrasing
from pipelines.likeness.threshold import LEAST_QUESTIONS, Calibration, Sample, calibrate
from pipelines.services import Services
from pipelines.similar import phrasings_of, scores_of

MOST_SAMPLES = 3_000
"""More make the threshold no surer and take minutes."""
NOBODY_ANSWERS = (Mode.HANDOFF, Mode.REFUSED)
"""A golden question that expects one of these has no approved answer."""


async def calibrate_line(services: Services, line: BusinessLine, actor: str) -> Calibration:
    """Choose the threshold and keep it with the line. Raises NotSupported without an embedding model, EngineError, and
    Conflict where the line has too few questions to tell, or none that may be answered so."""
    similar = services.frequent.similar
    if similar is None or similar.model is None:
        raise NotSupported(NOTHING_EMBEDS)
    await services.frequent.approved.refresh(searched(line))
    parts = [part for base in searched(line) if (part := await similar.read(base)).phrasings]
    phrasings = phrasings_of(parts)
    golden = await services.golden.list(line.id)
    samples = await asyncio.to_thread(samples_of, golden, phrasings)
    if len(samples) < LEAST_QUESTIONS:
        raise Conflict(
            f"{len(samples)} questions are too few to tell what is alike; it takes {LEAST_QUESTIONS}. Add golden questions "
            "to this line, or phrasings to its FAQ pairs."
        )
    vectors = await similar.rows([one.text for one in samples], parts)
    scored = partial(scores_of, parts)
    found = await asyncio.to_thread(calibrate, samples, vectors, phrasings, scored) if parts else None
    if found is None:
        raise Conflict(
            "With this embedding model no threshold tells this line's questions apart well enough; similar questions "
            "stay without an approved answer."
        )
    kept = await services.lines.get(line.id) or line
    rules = replace(kept.frequent, threshold=round(found.threshold, 4), embedding=similar.model)
    detail = {"action": "calibrated", "fields": "frequent"}
    await services.audit.note(actor, Act.LINE_CHANGED, object=line.id, detail=detail)
    await services.lines.put(replace(kept, frequent=rules))
    return found


def samples_of(golden: Sequence[GoldenQuestion], phrasings: Sequence[Phrasing]) -> list[Sample]:
    """The golden questions that say what answers them, and the pairs' own phrasings."""
    pairs = {one.pair.id: one.pair for one in phrasings}
    said = {pair.id: readings(pair.text) for pair in pairs.values()}
    alike = defaultdict(set)
    for pair in pairs.values():
        alike[pair.text].add(pair.id)
    samples = [
        Sample(one.question, frozenset(pair.id for pair in pairs.values() if _answers(one, pair, said)))
        for one in golden
        if _says_what_answers(one)
    ]
    samples += [Sample(one.text, frozenset(alike[one.pair.text])) for one in phrasings]
    return samples[:: max(1, -(-len(samples) // MOST_SAMPLES))]


def _says_what_answers(golden: GoldenQuestion) -> bool:
    return bool(golden.passage_id or golden.expected.facts or golden.expected.mode in NOBODY_ANSWERS)


def _answers(golden: GoldenQuestion, pair: Chunk, said: Mapping[str, Readings]) -> bool:
    if golden.passage_id:
        chosen = (pair.id, pair.document_id) == (golden.passage_id, golden.document_id)
        return chosen or pair.text == golden.text
    return bool(golden.expected.facts) and states(said[pair.id], golden.expected.facts)
