"""Measures similar questions on Banking77: how many get an answer that is not theirs, how many get their own.

`python -m bench.meaning`; needs .venv-vllm (for the small English model) and the development sets. Intents are FAQ pairs of
twenty phrasings. A threshold is chosen on the pairs alone, as a line does, and then held against the test questions: once
with their pair, once with a quarter of the pairs held back, so that their questions are out of scope. Three draws of what
is held back. Exits with 1 where more than one in 200 of those gets an answer.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence

import numpy as np

from bench.sets import present, rows_of
from bench.vectors import MODEL, PYTHON, model_server
from core.documents import Chunk
from core.settings import Settings
from engines.embeddings import make_embedder
from pipelines.likeness.search import Phrasing, nearest, unit_rows
from pipelines.likeness.threshold import FALSE_HITS, Sample, calibrate

PHRASINGS, DRAWS = 20, 3


def pairs() -> list[Phrasing]:
    """Each intent as a pair, its first training questions its phrasings."""
    by_intent: dict[str, list[str]] = {}
    for row in rows_of("train"):
        by_intent.setdefault(row["category"], []).append(row["text"])
    return [
        Phrasing(text, _pair(intent))
        for intent, texts in sorted(by_intent.items())
        for text in dict.fromkeys(texts[:PHRASINGS])
    ]


def _pair(intent: str) -> Chunk:
    return Chunk(intent, "bank", "faq", "faq.csv", 0, intent, "", f"Answer: {intent}", "faq", (), "en")


async def main() -> int:
    if not PYTHON.exists() or not present():
        print("skipped: it needs .venv-vllm and the development sets, which are not on this machine")
        return 0
    phrasings, asked = pairs(), [(row["text"], row["category"]) for row in rows_of("test")]
    with model_server() as url:
        embedder = make_embedder(Settings(embedding_url=url, embedding_model=MODEL, _env_file=None))
        assert embedder is not None
        texts = [one.text for one in phrasings] + [text for text, _ in asked]
        vectors = unit_rows((await embedder.embed(texts)).vectors)
        await embedder.aclose()
    known, questions = vectors[: len(phrasings)], vectors[len(phrasings) :]
    worst = 0.0
    print(f"{len(asked):,} questions, {PHRASINGS} phrasings a pair, {MODEL}")
    for seed in range(DRAWS):
        worst = max(worst, _draw(seed, phrasings, known, asked, questions))
    return 1 if worst > FALSE_HITS else 0


def _draw(
    seed: int,
    phrasings: Sequence[Phrasing],
    known: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
    asked: Sequence[tuple[str, str]],
    questions: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
) -> float:
    intents = sorted({one.pair.id for one in phrasings})
    held = set(random.Random(seed).sample(intents, len(intents) // 4))
    kept = [number for number, one in enumerate(phrasings) if one.pair.id not in held]
    mine, matrix = [phrasings[number] for number in kept], known[kept]
    found = calibrate(
        [Sample(one.text, frozenset([one.pair.id])) for one in mine], matrix, mine, matrix.__matmul__
    )
    if found is None:
        print(f"draw {seed}: no threshold will do")
        return 0.0
    count = {"out": 0, "false": 0, "in": 0, "right": 0, "wrong": 0}
    for (text, intent), vector in zip(asked, questions, strict=True):
        match = nearest(matrix @ vector, mine, text, lambda _one: True)
        hit = match is not None and match.score >= found.threshold
        if intent in held:
            count["out"] += 1
            count["false"] += hit
        else:
            count["in"] += 1
            count["right"] += bool(match and hit and match.phrasing.pair.id == intent)
            count["wrong"] += bool(match and hit and match.phrasing.pair.id != intent)
    print(_said(seed, found.threshold, count))
    return count["false"] / count["out"]


def _said(seed: int, threshold: float, count: Mapping[str, int]) -> str:
    return (
        f"draw {seed}: threshold {threshold:.3f}; out of scope {count['false']}/{count['out']} answered "
        f"({count['false'] / count['out']:.2%}); in scope {count['right'] / count['in']:.1%} got their answer, "
        f"{count['wrong'] / count['in']:.2%} another's"
    )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
