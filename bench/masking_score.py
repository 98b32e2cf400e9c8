"""Counts what a recogniser found on messages whose values are known, and prints it. It runs no recogniser itself."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bench.masking_messages import Gold, Message


class Span(NamedTuple):
    """What a recogniser found."""

    kind: str
    start: int
    end: int


Recogniser = Callable[[str], Sequence[Span]]


class Score:
    """Counts of one recogniser."""

    def __init__(self) -> None:
        self.golds: Counter[str] = Counter()
        self.named: Counter[str] = Counter()
        self.covered: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.right: Counter[str] = Counter()
        self.evasions: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        self.alarms: Counter[str] = Counter()
        self.negatives: Counter[str] = Counter()
        self.missed: list[tuple[Message, Gold]] = []
        self.false: list[tuple[Message, Span]] = []

    def add(self, message: Message, spans: Sequence[Span]) -> None:
        for gold in message.golds:
            covered = _covered(message.text, gold, spans)
            named = covered and any(
                s.kind == gold.kind and s.start < gold.end and gold.start < s.end for s in spans
            )
            self.golds[gold.kind] += 1
            self.covered[gold.kind] += covered
            self.named[gold.kind] += named
            tally = self.evasions[message.evasion]
            tally[0] += 1
            tally[1] += covered
            if not named:
                self.missed.append((message, gold))
        for span in spans:
            self.found[span.kind] += 1
            right = any(
                g.kind == span.kind and span.start < g.end and g.start < span.end for g in message.golds
            )
            self.right[span.kind] += right
            if not right:
                self.false.append((message, span))
        if not message.golds:
            self.negatives[message.family] += 1
            self.alarms[message.family] += bool(spans)


def _covered(text: str, gold: Gold, spans: Sequence[Span]) -> bool:
    """Whether every letter and figure of the value is masked."""
    return all(
        any(span.start <= at < span.end for span in spans)
        for at in range(gold.start, gold.end)
        if text[at].isalnum()
    )


def measure(recognise: Recogniser, made: Iterable[Message]) -> Score:
    score = Score()
    for message in made:
        score.add(message, recognise(message.text))
    return score


def report(score: Score, other: Score | None) -> None:
    print(f"{'kind':12} {'values':>7} {'recall':>8} {'+ kind':>8} {'precision':>10} {'presidio':>9}")
    for kind, count in score.golds.items():
        beside = f"{100 * other.covered[kind] / max(1, other.golds[kind]):8.1f}%" if other else "-".rjust(9)
        precision = 100 * score.right[kind] / max(1, score.found[kind])
        print(
            f"{kind:12} {count:7} {100 * score.covered[kind] / count:7.2f}% {100 * score.named[kind] / count:7.2f}% {precision:9.2f}% {beside}"
        )
    print(f"\n{'evasion':18} {'values':>7} {'recall':>8} {'presidio':>9}")
    for evasion, (count, covered) in sorted(score.evasions.items()):
        beside = (
            f"{100 * other.evasions[evasion][1] / max(1, other.evasions[evasion][0]):8.1f}%"
            if other
            else "-".rjust(9)
        )
        print(f"{evasion:18} {count:7} {100 * covered / count:7.2f}% {beside}")
    print(f"\n{'without data':18} {'messages':>8} {'alarms':>8} {'presidio':>9}")
    for family, count in score.negatives.items():
        beside = (
            f"{100 * other.alarms[family] / max(1, other.negatives[family]):8.1f}%" if other else "-".rjust(9)
        )
        print(f"{family:18} {count:8} {100 * score.alarms[family] / count:7.2f}% {beside}")
    total = sum(score.negatives.values())
    print(
        f"{'all':18} {total:8} {100 * score.alarms.total() / total:7.2f}% "
        + (f"{100 * other.alarms.total() / max(1, other.negatives.total()):8.1f}%" if other else "")
    )
