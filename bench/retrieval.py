"""Retrieval on the development sets beside plain BM25 in the same run, and how well the score tells what is known
from what is not; every figure beside its goal.

`python -m bench.retrieval [questions a set]`; the sets lie outside the project, and without them it says so.
"""

import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bm25s
import numpy as np
import numpy.typing as npt
import structlog

from bench.figures import auroc, places
from bench.sets import PHRASINGS, SQUAD, QuestionSet, banking, present, squad
from bench.variants import in_one_index, other_script, starter_faq, twenty_thousand, with_typos
from core.documents import Chunk
from core.messages import Retrieval
from knowledge.index import HybridIndex
from tests.knowledge.chunks import MemoryStore

Floats = npt.NDArray[np.float64]
_TENTHS = 10
_GOALS = {
    "cmrc2018_dev": (96.0, 99.5, 97.5),
    "drcd_dev": (94.0, 99.0, 96.0),
    "xquad.zh": (93.5, 98.8, 95.8),
    "xquad.en": (93.0, 98.8, 95.5),
    "xquad.ar": (89.0, 97.0),
    "xquad.th": (89.0, 97.0),
    "xquad.ru": (89.0, 97.0),
    "banking77, 20 phrasings": (72.0, 91.0),
    "banking77, all phrasings": (84.0, 97.0),
}
_AUROC, _KEPT, _WRONG = 0.93, 70.0, 5.0


@dataclass(frozen=True)
class Asked:
    """What the index answered, question by question, and in how many milliseconds each on average."""

    answers: Sequence[Retrieval]
    milliseconds: float

    def figures(self, questions: QuestionSet) -> tuple[float, float, float]:
        return places(
            [
                ([p.id for p in answer.passages], gold)
                for answer, (_, gold) in zip(self.answers, questions.questions, strict=True)
            ]
        )

    def scores(self) -> Floats:
        return np.array([a.passages[0].score if a.passages else 0.0 for a in self.answers])


async def asked(index: HybridIndex, questions: Sequence[tuple[str, str]]) -> Asked:
    start = time.perf_counter()
    answers = [await index.retrieve(["shop"], question, 10) for question, _ in questions]
    return Asked(answers, (time.perf_counter() - start) / max(1, len(answers)) * 1000)


async def measure(questions: QuestionSet) -> None:
    """Print the row of one set and what its threshold keeps."""
    with tempfile.TemporaryDirectory() as folder:
        store = MemoryStore(shop=questions.chunks)
        index = HybridIndex(store, Path(folder))
        await index.refresh(["shop"])
        found = await asked(index, questions.questions)
        without = await _without_gold(store, index, questions)
        await index.aclose()
    ours = found.figures(questions)
    plain = [
        places([(search(question), gold) for question, gold in questions.questions])
        for search in (plain_bm25(questions.chunks, words), plain_bm25(questions.chunks, bigrams))
    ]
    print(
        f"{questions.name:27}{_slashed(ours)}  {_slashed(plain[0])}  {_slashed(plain[1])}  "
        f"{_against(ours, _GOALS.get(questions.name))}  {found.milliseconds:5.2f} ms",
        flush=True,
    )
    print(f"{'':27}{_answerable(found.scores(), without, found.answers[0].threshold)}", flush=True)


async def _without_gold(store: MemoryStore, index: HybridIndex, questions: QuestionSet) -> Floats:
    """The best score of each question with its passage taken out: one passage in ten at a time, so that the rest
    of the index stays as it is."""
    scores = np.zeros(len(questions.questions))
    for part in range(_TENTHS):
        gone = {one.id for one in questions.chunks[part::_TENTHS]}
        store.put_chunks("shop", [one for one in questions.chunks if one.id not in gone])
        await index.refresh(["shop"])
        chosen = [n for n, (_, gold) in enumerate(questions.questions) if gold in gone]
        scores[chosen] = (await asked(index, [questions.questions[n] for n in chosen])).scores()
    return scores


def _answerable(known: Floats, unknown: Floats, threshold: float) -> str:
    """`precision`: of the answers given, one question in two having one, how many had one."""
    area = auroc(known, unknown)
    kept, wrong = 100 * float(np.mean(known >= threshold)), 100 * float(np.mean(unknown >= threshold))
    met = "met" if area >= _AUROC and kept >= _KEPT and wrong <= _WRONG else "missed"
    return (
        f"answerable: AUROC {area:.3f} (≥ {_AUROC}), kept {kept:.1f} % (≥ {_KEPT:.0f}), wrong {wrong:.1f} % "
        f"(≤ {_WRONG:.0f}), precision {100 * kept / max(kept + wrong, 1e-9):.1f} %: {met}"
    )


async def vary(name: str, questions: QuestionSet, goal: tuple[float, ...] | None) -> tuple[float, ...]:
    """Print one row of a set that was changed."""
    with tempfile.TemporaryDirectory() as folder:
        index = HybridIndex(MemoryStore(shop=questions.chunks), Path(folder))
        await index.refresh(["shop"])
        found = await asked(index, questions.questions)
        await index.aclose()
    ours = found.figures(questions)
    print(f"{name:47}{_slashed(ours)}  {_against(ours, goal)}  {found.milliseconds:5.2f} ms", flush=True)
    return ours


def plain_bm25(chunks: Sequence[Chunk], split: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
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


def _slashed(figures: Sequence[float]) -> str:
    return "/".join(f"{figure:5.1f}" for figure in figures)


def _against(figures: Sequence[float], goal: Sequence[float] | None) -> str:
    if goal is None:
        return f"{'no goal':26}"
    met = all(round(figure, 1) >= wanted for figure, wanted in zip(figures, goal, strict=False))
    return f"{'≥ ' + '/'.join(f'{wanted:g}' for wanted in goal):18} {'met' if met else 'missed':7}"


async def main() -> None:
    if not present():
        print("skipped: the development sets are not on this machine")
        return
    most = int(sys.argv[1]) if len(sys.argv) > 1 else None
    print(f"{'hit@1/hit@5/MRR@10':27}{'XiaoQ':17}  {'BM25 words':17}  {'BM25 bigrams':17}  goal")
    for name in SQUAD:
        await measure(squad(name, most))
    for phrasings in PHRASINGS:
        await measure(banking(phrasings, most))
    print()
    for name in SQUAD:
        await vary(
            f"three typos a question, {name}", with_typos(squad(name, most), random.Random(0)), (88.0,)
        )
    drcd = squad("drcd_dev", most)
    as_written = await vary("drcd_dev as written", drcd, None)
    await vary("drcd_dev, question in the other script", other_script(drcd), (as_written[0] - 1,))
    for language, mixed in in_one_index([squad(name, most) for name in SQUAD[2:]]).items():
        await vary(f"twelve languages in one index, {language}", mixed, (90.0,))
    await vary(
        "20,000 chunks, cmrc2018_dev's questions", twenty_thousand(squad("cmrc2018_dev", most)), (95.0, 99.0)
    )
    for name, chosen in starter_faq().items():
        goal = (92.0, 96.0) if "question" in name else None
        await vary(name, replace(chosen, name=name), goal)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    asyncio.run(main())
