"""Precision and recall of masking on generated messages, per kind and per evasion, beside stock Presidio.

`python -m bench.masking` reports on frames and seeds that nothing was tuned on; `--tune` on the others, with
what was missed. It stores nothing.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence

from bench.masking_messages import Message, messages
from bench.masking_score import Recogniser, Score, Span, measure, report


def ours(text: str) -> list[Span]:
    from pipelines.masking import find

    return [Span(one.kind.value, one.start, one.end) for one in find(text)]


def speed(recognise: Recogniser, made: Sequence[Message]) -> tuple[float, float]:
    """Milliseconds of CPU for a message of 200 characters, full of values: median and 99th percentile."""
    texts = [
        "，".join(m.text for m in made[at : at + 12])[:200]
        for at in range(0, min(len(made), 24_000) - 12, 12)
    ]
    texts = [text.ljust(200, "。") for text in texts]
    for text in texts[:50]:
        recognise(text)
    taken = []
    for text in texts:
        began = time.process_time()
        recognise(text)
        taken.append((time.process_time() - began) * 1000)
    taken.sort()
    return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


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
    parser.add_argument(
        "--every", type=int, default=7, help="Presidio gets one message in so many; it is slow"
    )
    arguments = parser.parse_args()
    made = list(messages(held_back=not arguments.tune))
    score = measure(ours, made)
    other = None
    if not arguments.tune and not arguments.alone:
        from bench.masking_presidio import presidio

        other, said = presidio(made[:: arguments.every])
        print(said)
    print(f"{len(made)} messages, {'tuning half' if arguments.tune else 'held-back half'}\n")
    report(score, other)
    half, most = speed(ours, made)
    print(f"\n200 characters full of values: p50 {half:.2f} ms, p99 {most:.2f} ms of CPU")
    if arguments.tune:
        show(score, arguments.show)


if __name__ == "__main__":
    main()
