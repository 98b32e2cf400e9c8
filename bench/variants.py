"""The development sets made harder: typing errors, the other Chinese script, many languages, many passages; and the
starter FAQ with one phrasing of each pair kept back. It measures nothing."""

import csv
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from bench.sets import QuestionSet, sentences, squad
from core.documents import Chunk
from knowledge.starter import starter_files
from tests.knowledge.chunks import chunk

_TYPOS = 3
_FURTHER = ("de", "es", "fr", "hi", "ja", "ko", "vi")
"""Languages without questions: their sentences are the other passages of the index of twelve languages."""
_MANY = 20_000
_END = re.compile(r"(?<=[。！？!?])")


def with_typos(questions: QuestionSet, chance: random.Random) -> QuestionSet:
    """Three random slips a question: two letters changed over, one left out, one replaced by another one's."""
    letters = [c for text, _ in questions.questions for c in text if c.isalpha()]
    asked = []
    for text, gold in questions.questions:
        for _ in range(_TYPOS):
            text = _slip(text, letters, chance)
        asked.append((text, gold))
    return replace(questions, questions=asked)


def _slip(text: str, letters: Sequence[str], chance: random.Random) -> str:
    at = chance.randrange(max(1, len(text) - 1))
    kind = chance.randrange(3)
    if kind == 0:
        return text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text[:at] + (chance.choice(letters) if kind == 1 else "") + text[at + 1 :]


def other_script(questions: QuestionSet) -> QuestionSet:
    """Questions in simplified characters, passages as they are."""
    import opencc

    simplify = opencc.OpenCC("t2s").convert
    return replace(questions, questions=[(simplify(text), gold) for text, gold in questions.questions])


def in_one_index(sets: Sequence[QuestionSet]) -> Mapping[str, QuestionSet]:
    """Language → its questions over the passages of all sets and of seven further languages."""
    chunks: list[Chunk] = []
    asked: dict[str, Sequence[tuple[str, str]]] = {}
    for one in sets:
        ids = {old.id: f"c{len(chunks) + n}" for n, old in enumerate(one.chunks)}
        chunks += [replace(old, id=ids[old.id], row=len(chunks) + n + 1) for n, old in enumerate(one.chunks)]
        asked[one.name.removeprefix("xquad.")] = [(text, ids[gold]) for text, gold in one.questions]
    news = sentences()
    for code in _FURTHER:
        for start in range(0, len(news[code]), 4):
            chunks.append(_passage(len(chunks), " ".join(news[code][start : start + 4])))
    return {code: QuestionSet(code, chunks, questions) for code, questions in asked.items()}


def twenty_thousand(questions: QuestionSet) -> QuestionSet:
    """The set's passages among others made of sentences of the two other Chinese sets, four or so in each."""
    chance = random.Random(0)
    pool = [
        sentence
        for name in ("drcd_dev", "xquad.zh")
        for one in squad(name, 1).chunks
        for sentence in _END.split(one.text)
        if sentence.strip()
    ]
    chunks = list(questions.chunks)
    while len(chunks) < _MANY:
        chunks.append(_passage(len(chunks), "".join(chance.sample(pool, chance.randint(3, 5)))))
    return replace(questions, chunks=chunks)


def _passage(number: int, text: str) -> Chunk:
    return replace(chunk(number, text), row=number + 1)


def starter_faq() -> Mapping[str, QuestionSet]:
    """The starter FAQ's pairs of all bases; the last phrasing of each is asked and not indexed."""
    rows = list(_starter_rows())
    asked = [(row["phrasings"].split("|")[-1], f"c{n}") for n, row in enumerate(rows)]
    pairs, answers = [], []
    for number, row in enumerate(rows):
        phrasings = [row["question"], *row["phrasings"].split("|")[:-1]]
        pairs.append(replace(chunk(number, row["answer"], *phrasings, title=row["title"]), row=number + 1))
        answers.append(_passage(number, row["answer"]))
    return {
        "starter FAQ, question and phrasings indexed": QuestionSet("", pairs, asked),
        "starter FAQ, only the answers indexed": QuestionSet("", answers, asked),
    }


def _starter_rows() -> Iterator[dict[str, str]]:
    for base in ("shop", "bank", "saas"):
        path = next(path for path in starter_files(base) if path.name == "faq.csv")
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from (row for row in csv.DictReader(lines) if row["phrasings"])
