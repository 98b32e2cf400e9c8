"""The development sets as passages and questions. They lie outside the project; knows no index."""

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.documents import Chunk
from tests.knowledge.chunks import chunk

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SQUAD = ("cmrc2018_dev", "drcd_dev", "xquad.zh", "xquad.en", "xquad.ar", "xquad.th", "xquad.ru")
PHRASINGS = (5, 20, None)


@dataclass(frozen=True)
class QuestionSet:
    """Questions with the id of the one passage that answers each."""

    name: str
    chunks: Sequence[Chunk]
    questions: Sequence[tuple[str, str]]


def present() -> bool:
    """Whether the sets are on this machine."""
    return (DATA / "retrieval").is_dir()


def squad(name: str, most: int | None = None) -> QuestionSet:
    """A set in SQuAD's format, thinned evenly to about `most` questions."""
    data = json.loads((DATA / "retrieval" / f"{name}.json").read_text(encoding="utf-8-sig"))["data"]
    paragraphs = [paragraph for article in data for paragraph in article["paragraphs"]]
    chunks = [_numbered(n, chunk(n, paragraph["context"])) for n, paragraph in enumerate(paragraphs)]
    questions = [(entry["question"], chunks[n].id) for n, p in enumerate(paragraphs) for entry in p["qas"]]
    return QuestionSet(name, chunks, _thinned(questions, most))


def banking(phrasings: int | None, most: int | None = None) -> QuestionSet:
    """Banking77 as FAQ pairs: an intent is a pair, its first training questions the phrasings."""
    intents: dict[str, list[str]] = defaultdict(list)
    for row in rows_of("train"):
        intents[row["category"]].append(row["text"])
    numbers = {intent: n for n, intent in enumerate(sorted(intents))}
    chunks = [
        _numbered(n, chunk(n, f"answer {n}", *intents[intent][:phrasings])) for intent, n in numbers.items()
    ]
    tests = [(row["text"], f"c{numbers[row['category']]}") for row in rows_of("test")]
    return QuestionSet(f"banking77, {phrasings or 'all'} phrasings", chunks, _thinned(tests, most))


def sentences() -> dict[str, list[str]]:
    """Language code → sentences of news, the same in every language."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (DATA / "language" / "ntrex_dev.tsv").read_text(encoding="utf-8").splitlines():
        code, _, sentence = line.partition("\t")
        found[code].append(sentence)
    return found


def _numbered(number: int, one: Chunk) -> Chunk:
    return replace(one, row=number + 1)


def _thinned(questions: Sequence[tuple[str, str]], most: int | None) -> Sequence[tuple[str, str]]:
    return questions if most is None else questions[:: max(1, len(questions) // most)]


def rows_of(part: str) -> list[dict[str, str]]:
    """Banking77's `train` or `test`: rows with `text` and `category`."""
    with (DATA / "cache" / f"{part}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
