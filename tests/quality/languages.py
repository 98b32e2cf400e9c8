"""Sentences in 29 languages and scripts, whole and cut to a few words, and how many of them a detector gets right.

The sentences lie outside the project; knows no detector.
"""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SENTENCES = Path(__file__).resolve().parents[3] / "shared" / "data" / "language" / "ntrex_dev.tsv"
WHY_NOT = f"{SENTENCES.name} is not on this machine (NTREX, CC BY-SA 4.0; it is not part of the project)"
CODES = {"zh-TW": "zh-Hant"}
# Scripts that put no space between words: how many characters stand for one.
WORD_LENGTH = {"zh": 2, "zh-Hant": 2, "ja": 2, "th": 5, "lo": 5, "my": 5, "km": 5}

Detector = Callable[[str], str | None]
Labelled = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Accuracy:
    """What a detector got right, by language in per cent; `confused` counts (language, taken for)."""

    by_language: Mapping[str, float]
    confused: Counter[tuple[str, str | None]]
    milliseconds: float

    @property
    def macro(self) -> float:
        return sum(self.by_language.values()) / len(self.by_language)


def sentences() -> Labelled:
    """(code, sentence) for every line of the set."""
    rows = (line.split("\t", 1) for line in SENTENCES.read_text(encoding="utf-8").splitlines())
    return [(CODES.get(code, code), sentence) for code, sentence in rows]


def snippets(labelled: Labelled, seed: int) -> Labelled:
    """Two to five words in a row of each sentence, as `seed` picks them."""
    pick = random.Random(seed)
    return [(code, _cut(pick, code, sentence)) for code, sentence in labelled]


def measured(detect: Detector, labelled: Labelled) -> Accuracy:
    """How a detector does; the time is the processor's own, as the machine may be busy."""
    right: dict[str, list[bool]] = defaultdict(list)
    confused: Counter[tuple[str, str | None]] = Counter()
    began = time.process_time()
    found = [detect(text) for _, text in labelled]
    seconds = time.process_time() - began
    for (code, _), language in zip(labelled, found, strict=True):
        right[code].append(language == code)
        if language != code:
            confused[code, language] += 1
    shares = {code: 100 * sum(hits) / len(hits) for code, hits in right.items()}
    return Accuracy(shares, confused, 1000 * seconds / len(labelled))


def _cut(pick: random.Random, code: str, sentence: str) -> str:
    count = pick.randint(2, 5)
    if length := WORD_LENGTH.get(code):
        count *= length
        start = pick.randrange(max(1, len(sentence) - count + 1))
        return sentence[start : start + count]
    words = sentence.split()
    start = pick.randrange(max(1, len(words) - count + 1))
    return " ".join(words[start : start + count])
