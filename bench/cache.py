"""Measures what counts as the same question: flips that must never meet, variants that must always, and what it costs.

`make bench-cache`. Exits with 1 where a flip meets its other or a variant misses.
"""

import time
from collections import Counter

from bench.cache_pairs import flips, variants
from pipelines.normalised import normalised


def main() -> int:
    apart, typed = flips(), variants()
    met = [(kind, pair) for kind, pair in apart if normalised(pair[0]) == normalised(pair[1])]
    missed = [pair for pair in typed if normalised(pair[0]) != normalised(pair[1])]
    print("Flips, of which none may be taken for the other:")
    for kind, count in Counter(kind for kind, _ in apart).most_common():
        print(f"  {kind:<18}{count:>6}  met {sum(of == kind for of, _ in met)}")
    print(f"  {'all':<18}{len(apart):>6}  met {len(met)}")
    print("Variants in width, case, spaces, punctuation, greeting, thanks, which must all be found:")
    print(f"  {'all':<18}{len(typed):>6}  found {1 - len(missed) / len(typed):.2%}")
    for problem in [*met[:20], *missed[:20]]:
        print("  !", *problem)
    questions = [question for pair in typed for question in pair]
    began = time.perf_counter()
    for question in questions:
        normalised(question)
    print(f"Cost: {(time.perf_counter() - began) / len(questions) * 1e6:.0f} µs a question not seen before")
    return 1 if met or missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
