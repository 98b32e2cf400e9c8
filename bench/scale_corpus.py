"""Chunks and questions for measuring at scale: passages of the development sets cut into sentences and
joined anew.

Where the sets are absent, words of a Zipf distribution stand in: sizes and speeds can be measured with both,
whether the right passage is found only with the sets.
"""

import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.documents import Chunk

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "retrieval"
SETS = ("cmrc2018_dev", "drcd_dev", "xquad.zh", "xquad.en", "xquad.ar", "xquad.th", "xquad.ru")
_SENTENCE = re.compile(r"[^。!?!?.؟\n]+[。!?!?.؟\n]*\s*")


@dataclass(frozen=True)
class Corpus:
    """`gold` are passages with questions asked of them; `pools` are sentences, by set, that distractors are
    made of, none of them from a gold passage."""

    gold: Sequence[str]
    questions: Sequence[tuple[str, int]]
    pools: Sequence[Sequence[str]]
    real: bool


def load(seed: int = 7) -> Corpus:
    """Every second passage is asked about, the others are cut into sentences."""
    if not DATA.is_dir():
        return _invented(random.Random(seed))
    gold: list[str] = []
    questions: list[tuple[str, int]] = []
    pools: list[list[str]] = []
    for name in SETS:
        data = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8-sig"))["data"]
        pool: list[str] = []
        for number, paragraph in enumerate(p for article in data for p in article["paragraphs"]):
            if number % 2:
                pool += _SENTENCE.findall(paragraph["context"])
                continue
            questions += [(one["question"], len(gold)) for one in paragraph["qas"]]
            gold.append(paragraph["context"])
        pools.append(pool)
    return Corpus(gold, questions, pools, True)


def _invented(rng: random.Random) -> Corpus:
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(50_000)]
    shares = [1 / (rank + 3) for rank in range(len(words))]
    pool = [" ".join(rng.choices(words, shares, k=14)).capitalize() + ". " for _ in range(20_000)]
    gold = ["".join(rng.sample(pool, 6)) for _ in range(1000)]
    return Corpus(gold, [(text[:60], number) for number, text in enumerate(gold)], [pool], False)


def chunks(corpus: Corpus, count: int, seed: int = 11) -> Iterator[Chunk]:
    """`count` chunks: the gold passages first, then distractors of about the passages' length."""
    rng = random.Random(seed)
    for number in range(count):
        if number < len(corpus.gold):
            yield _chunk(number, corpus.gold[number])
            continue
        pool = rng.choice(corpus.pools)
        text = f"{rng.choice(_SIGNS)}{number:07d} "
        wanted = rng.randint(200, 600)
        while len(text) < wanted:
            text += rng.choice(pool)
        yield _chunk(number, text)


_SIGNS = ("No. ", "编号 ", "Ref. ", "订单 ")


def _chunk(number: int, text: str) -> Chunk:
    return Chunk(
        id=f"c{number}",
        base="big",
        document_id=f"d{number // 1000}",
        document=f"part-{number // 1000}.txt",
        position=number % 1000,
        title="",
        location=f"{number % 1000 + 1}",
        text=text,
    )
