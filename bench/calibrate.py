"""Fits the weights of knowledge.confidence on the development sets, and shows that they carry over: each set is
judged by weights fitted on the others.

`python -m bench.calibrate [questions a set]`. It writes nothing: what it prints is put into confidence.py by hand.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple

import numpy as np
import numpy.typing as npt

from bench.figures import auroc
from bench.sets import PHRASINGS, SQUAD, QuestionSet, banking, present, squad
from core.documents import Chunk
from knowledge.confidence import Signals, signals
from knowledge.evidence import Asked
from knowledge.lexical import LexicalIndex
from knowledge.search import Search
from knowledge.segments import batches, counted

Floats = npt.NDArray[np.float64]
_TENTHS = 10
_SEEN = 12
_NOTHING = Signals(0.0, 0.0, 0.0, -1.0)
_RIDGE = 1.0
_ROUNDS = 25


def main() -> None:
    if not present():
        print("skipped: the development sets are not on this machine")
        return
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    for kind, sets in (
        ("passages", [squad(name, most) for name in SQUAD]),
        ("FAQ pairs", [banking(phrasings, most) for phrasings in PHRASINGS]),
    ):
        _fit(kind, {one.name: measured(one) for one in sets})


def measured(questions: QuestionSet) -> tuple[Floats, Floats]:
    """The signals of the best passage for every question, shape (questions, signals): with the gold passage in
    the index, and without it."""
    whole = _index(questions.chunks)
    known = [_best(whole, questions.chunks, question) for question, _ in questions.questions]
    unknown = []
    for part in range(_TENTHS):
        gone = {one.id for one in questions.chunks[part::_TENTHS]}
        left = [one for one in questions.chunks if one.id not in gone]
        index = _index(left)
        unknown += [_best(index, left, question) for question, gold in questions.questions if gold in gone]
    return np.array([astuple(one) for one in known]), np.array([astuple(one) for one in unknown])


def _index(chunks: Sequence[Chunk]) -> LexicalIndex:
    segments = [counted(batch) for batch in batches(chunks)]
    return LexicalIndex(segments, [None] * len(segments))


def _best(index: LexicalIndex, chunks: Sequence[Chunk], question: str) -> Signals:
    search = Search.of([index], question, 0)
    ranked = search.ranked()[:_SEEN]
    by_row = {one.row: one for one in chunks}
    found = signals(Asked(question, search.weights), ranked, [by_row[one.row] for one in ranked])
    return found[0][1] if found else _NOTHING


def _fit(kind: str, sets: Mapping[str, tuple[Floats, Floats]]) -> None:
    print(f"\n{kind}: every set judged by weights fitted on the others")
    for name, (known, unknown) in sets.items():
        weights = _logistic([pair for other, pair in sets.items() if other != name])
        yes, no = known @ weights[1:] + weights[0], unknown @ weights[1:] + weights[0]
        print(f"  {name:26} AUROC {auroc(yes, no):.3f}  {' '.join(_at(yes, no))}")
    weights = _logistic(list(sets.values()))
    print(
        f"  fitted on all: {', '.join(f'{w:.2f}' for w in weights)}   (intercept, {', '.join(Signals.__slots__)})"
    )


def _at(yes: Floats, no: Floats) -> Iterator[str]:
    for chance in (0.5, 0.6, 0.7, 0.75, 0.8, 0.9):
        line = np.log(chance / (1 - chance))
        yield f"{chance}: {100 * np.mean(yes >= line):.0f}/{100 * np.mean(no >= line):.1f}"


def _logistic(sets: Sequence[tuple[Floats, Floats]]) -> Floats:
    """Intercept and weights by Newton's method, lightly held; every set counts the same, as do both its halves."""
    rows = np.concatenate([part for pair in sets for part in pair])
    rows = np.column_stack([np.ones(len(rows)), rows])
    labels = np.concatenate(
        [np.full(len(part), label) for pair in sets for label, part in zip((1.0, 0.0), pair, strict=True)]
    )
    share = np.concatenate([np.full(len(part), 500 / len(part)) for pair in sets for part in pair])
    weights = np.zeros(rows.shape[1])
    held = np.full(len(weights), _RIDGE)
    held[0] = 0.0
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (share * (labels - chance)) - held * weights
        bend = (rows * (share * chance * (1 - chance))[:, None]).T @ rows + np.diag(held + 1e-9)
        weights = weights + np.linalg.solve(bend, slope)
    return weights


if __name__ == "__main__":
    main()
