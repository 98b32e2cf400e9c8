"""Retrieval on the development sets beside plain BM25 in the same run, and how well the score tells known from
unknown.

`python -m bench.retrieval [questions a set]`; the sets lie outside the project, and without them it says so.
"""

import asyncio
import csv
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np

from core.documents import Chunk
from knowledge.index import HybridIndex
from tests.knowledge.chunks import MemoryStore, chunk

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("cmrc2018_dev", "drcd_dev", "xquad.zh", "xquad.en", "xquad.ar", "xquad.th", "xquad.ru")
Search = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class QuestionSet:
    """Questions with the id of the one passage that answers each."""

    name: str
    chunks: Sequence[Chunk]
    questions: Sequence[tuple[str, str]]


def squad(name: str, most: int) -> QuestionSet:
    """A set in SQuAD's format, thinned evenly to about `most` questions."""
    data = json.loads((DATA / "retrieval" / f"{name}.json").read_text(encoding="utf-8-sig"))["data"]
    paragraphs = [paragraph for article in data for paragraph in article["paragraphs"]]
    chunks = [chunk(number, paragraph["context"]) for number, paragraph in enumerate(paragraphs)]
    questions = [
        (entry["question"], chunks[number].id) for number, p in enumerate(paragraphs) for entry in p["qas"]
    ]
    return QuestionSet(name, chunks, questions[:: max(1, len(questions) // most)])


def banking(phrasings: int | None, most: int) -> QuestionSet:
    """Banking77 as FAQ pairs: an intent is a pair, its first training questions the phrasings."""
    intents: dict[str, list[str]] = defaultdict(list)
    for row in _rows("train"):
        intents[row["category"]].append(row["text"])
    numbers = {intent: n for n, intent in enumerate(sorted(intents))}
    chunks = [chunk(n, f"answer {n}", *intents[intent][:phrasings]) for intent, n in numbers.items()]
    tests = [(row["text"], f"c{numbers[row['category']]}") for row in _rows("test")]
    return QuestionSet(
        f"banking77, {phrasings or 'all'} phrasings", chunks, tests[:: max(1, len(tests) // most)]
    )


def _rows(part: str) -> list[dict[str, str]]:
    with (DATA / "cache" / f"{part}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def plain_bm25(chunks: Sequence[Chunk], split: Callable[[str], list[str]]) -> Search:
    """bm25s as it comes, each phrasing or passage a row."""
    rows = [(one.id, text) for one in chunks for text in (one.match or (one.text,))]
    vocabulary: dict[str, int] = {}
    ids = [[vocabulary.setdefault(t, len(vocabulary)) for t in split(text)] for _, text in rows]
    ranker = bm25s.BM25()
    ranker.index((ids, vocabulary), show_progress=False)

    def search(question: str) -> list[str]:
        known = [vocabulary[t] for t in split(question) if t in vocabulary]
        if not known:
            return []
        best = np.argsort(-ranker.get_scores_from_ids(known), kind="stable")[:100]
        return list(dict.fromkeys(rows[int(row)][0] for row in best))[:10]

    return search


def words(text: str) -> list[str]:
    return text.lower().split()


def bigrams(text: str) -> list[str]:
    return [text[i : i + 2].lower() for i in range(len(text) - 1)]


def figures(found: Sequence[tuple[Sequence[str], str]]) -> str:
    """hit@1, hit@5 and MRR@10 in per cent."""
    places = [list(ids[:10]).index(gold) + 1 if gold in ids[:10] else 0 for ids, gold in found]
    share = 100 / len(places)
    hit1, hit5 = sum(p == 1 for p in places), sum(0 < p <= 5 for p in places)
    return f"{hit1 * share:5.1f}/{hit5 * share:5.1f}/{sum(1 / p for p in places if p) * share:5.1f}"


async def measure(questions: QuestionSet) -> None:
    """Print one row; the answerable score is taken with the gold passage in the index, the unanswerable one
    with it taken out (one passage in ten at a time, so that the rest of the index stays as it is)."""
    with tempfile.TemporaryDirectory() as folder:
        store = MemoryStore(shop=questions.chunks)
        index = HybridIndex(store, Path(folder), None)
        start = time.perf_counter()
        await index.refresh()
        built = len(questions.chunks) / (time.perf_counter() - start)
        start = time.perf_counter()
        answers = [await index.retrieve(["shop"], q, 10) for q, _ in questions.questions]
        milliseconds = (time.perf_counter() - start) / len(answers) * 1000
        without = await _without_gold(store, index, questions)
    found = [([p.id for p in a.passages], g) for a, (_, g) in zip(answers, questions.questions, strict=True)]
    ours = figures(found)
    plain = [
        figures([(search(q), gold) for q, gold in questions.questions])
        for search in (plain_bm25(questions.chunks, words), plain_bm25(questions.chunks, bigrams))
    ]
    known = np.array([a.passages[0].score if a.passages else 0.0 for a in answers])
    threshold = answers[0].threshold
    print(
        f"{questions.name:24} {ours}  {plain[0]}  {plain[1]}  {auroc(known, without):5.3f} "
        f"{100 * np.mean(known >= threshold):5.1f} {100 * np.mean(without >= threshold):5.1f} "
        f"{np.quantile(without, 0.95):5.3f} {100 * np.mean(known >= np.quantile(without, 0.95)):5.1f} "
        f"{milliseconds:5.2f} {built:7.0f}",
        flush=True,
    )


async def _without_gold(store: MemoryStore, index: HybridIndex, questions: QuestionSet) -> np.ndarray:
    scores = np.zeros(len(questions.questions))
    for part in range(10):
        gone = {one.id for one in questions.chunks[part::10]}
        store.put_chunks("shop", [one for one in questions.chunks if one.id not in gone])
        await index.refresh(["shop"])
        for number, (question, gold) in enumerate(questions.questions):
            if gold in gone:
                found = (await index.retrieve(["shop"], question, 1)).passages
                scores[number] = found[0].score if found else 0.0
    return scores


def auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    """The chance that a known question scores above an unknown one."""
    values = np.r_[known, unknown]
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    n, m = len(known), len(unknown)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


async def main() -> None:
    if not (DATA / "retrieval").is_dir():
        print("skipped: the development sets are not on this machine")
        return
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 1200
    print(
        f"{'hit@1/hit@5/MRR@10':24} {'XiaoQ':17}  {'BM25 words':17}  {'BM25 bigrams':17}  AUROC  kept wrong "
        "at5%  kept5    ms   build/s"
    )
    for name in SETS:
        await measure(squad(name, most))
    for phrasings in (5, 20, None):
        await measure(banking(phrasings, most))


if __name__ == "__main__":
    import logging

    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(main())
