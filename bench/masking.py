"""Precision and recall of masking on generated messages, per kind and per evasion, beside stock Presidio.

`python -m bench.masking` reports on frames and seeds that nothing was tuned on; `--tune` on the others, with
what was missed. It stores nothing.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from bench.masking_messages import Gold, Message, messages


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


def ours(text: str) -> list[Span]:
    from pipelines.masking import find

    return [Span(one.kind.value, one.start, one.end) for one in find(text)]


def speed(recognise: Recogniser, made: Sequence[Message]) -> tuple[float, float]:
    """Milliseconds for a message of 200 characters: median and 99th percentile."""
    texts = [
        "，".join(m.text for m in made[at : at + 12])[:200]
        for at in range(0, min(len(made), 24_000) - 12, 12)
    ]
    texts = [text.ljust(200, "。") for text in texts]
    for text in texts[:50]:
        recognise(text)
    taken = []
    for text in texts:
        began = time.perf_counter()
        recognise(text)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


def report(score: Score, other: Score | None) -> None:
    print(f"{'kind':12} {'values':>7} {'recall':>8} {'+ kind':>8} {'precision':>10} {'presidio':>9}")
    for kind, count in score.golds.items():
        beside = f"{100 * other.covered[kind] / count:8.1f}%" if other else "-".rjust(9)
        precision = 100 * score.right[kind] / max(1, score.found[kind])
        print(
            f"{kind:12} {count:7} {100 * score.covered[kind] / count:7.2f}% {100 * score.named[kind] / count:7.2f}% {precision:9.2f}% {beside}"
        )
    print(f"\n{'evasion':18} {'values':>7} {'recall':>8} {'presidio':>9}")
    for evasion, (count, covered) in sorted(score.evasions.items()):
        beside = f"{100 * other.evasions[evasion][1] / count:8.1f}%" if other else "-".rjust(9)
        print(f"{evasion:18} {count:7} {100 * covered / count:7.2f}% {beside}")
    print(f"\n{'without data':18} {'messages':>8} {'alarms':>8} {'presidio':>9}")
    for family, count in score.negatives.items():
        beside = f"{100 * other.alarms[family] / count:8.1f}%" if other else "-".rjust(9)
        print(f"{family:18} {count:8} {100 * score.alarms[family] / count:7.2f}% {beside}")
    total = sum(score.negatives.values())
    print(
        f"{'all':18} {total:8} {100 * score.alarms.total() / total:7.2f}% "
        + (f"{100 * other.alarms.total() / total:8.1f}%" if other else "")
    )


def show(score: Score, most: int) -> None:
    """What was missed and what was wrongly found: for tuning only."""
    for label, entries in (("MISSED", score.missed), ("FALSE", score.false)):
        seen: Counter[tuple[str, str]] = Counter()
        for message, one in entries:
            key = (one.kind, message.evasion or message.family)
            seen[key] += 1
            if seen[key] <= most:
                print(
                    label,
                    one.kind,
                    message.evasion,
                    repr(message.text[one.start : one.end]),
                    "in",
                    repr(message.text),
                    ours(message.text),
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tune", action="store_true", help="the half to tune on, with what was missed")
    parser.add_argument("--show", type=int, default=2, help="examples for each kind and evasion when tuning")
    parser.add_argument("--alone", action="store_true", help="without Presidio")
    arguments = parser.parse_args()
    made = list(messages(held_back=not arguments.tune))
    score = measure(ours, made)
    other = None
    if not arguments.tune and not arguments.alone:
        from bench.masking_presidio import presidio

        other, said = presidio(made)
        print(said)
    print(f"{len(made)} messages, {'tuning half' if arguments.tune else 'held-back half'}\n")
    report(score, other)
    half, most = speed(ours, made)
    print(f"\n200 characters: p50 {half:.2f} ms, p99 {most:.2f} ms")
    if arguments.tune:
        show(score, arguments.show)


if __name__ == "__main__":
    main()
