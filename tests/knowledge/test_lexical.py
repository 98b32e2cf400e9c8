"""Searching segments: alike however the chunks are spread, whatever is gone, and however much is read."""

import random
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from core.documents import Chunk
from knowledge.lexical import Expansion, Hit, LexicalIndex, weigh
from knowledge.segments import batches, counted, merge
from tests.knowledge.chunks import EXPIRED, chunk

_WORDS = [a + b for a in ("ba", "ko", "lu", "mi", "ne", "su") for b in ("rta", "nd", "lle", "x", "quo", "sh")]


def _corpus(count: int) -> list[Chunk]:
    rng = random.Random(5)
    shares = [1 / (place + 1) for place in range(len(_WORDS))]

    def words(most: int) -> str:
        return " ".join(rng.choices(_WORDS, shares, k=rng.randint(2, most)))

    return [
        chunk(n, words(60), *(words(6) for _ in range(rng.randint(1, 5) if n % 3 == 0 else 0)), row=n + 10)
        for n in range(count)
    ]


CORPUS = _corpus(300)
QUESTIONS = [" ".join(random.Random(n).sample(_WORDS, 4)) for n in range(40)]


def _found(index: LexicalIndex, question: str, k: int = 10) -> list[Hit]:
    return index.search(weigh(question, [index]), k)


def _spread(chunks: Sequence[Chunk], *sizes: int) -> LexicalIndex:
    edges = np.r_[0, np.cumsum(sizes)].tolist()
    segments = [counted(chunks[begin:end]) for begin, end in pairwise(edges)]
    return LexicalIndex(segments, [None] * len(segments))


def _same(one: Sequence[Hit], other: Sequence[Hit]) -> None:
    assert [hit.row for hit in one] == [hit.row for hit in other]
    assert np.allclose([(h.rank, h.coverage) for h in one], [(h.rank, h.coverage) for h in other], atol=1e-5)


@pytest.mark.parametrize("question", QUESTIONS[:10])
def test_chunks_are_found_alike_in_one_segment_and_in_many(question: str) -> None:
    _same(_found(_spread(CORPUS, 300), question), _found(_spread(CORPUS, 100, 1, 150, 49), question))


@pytest.mark.parametrize("question", QUESTIONS[:10])
def test_what_is_gone_is_not_found_and_after_a_merge_it_never_was(question: str) -> None:
    segments = [counted(CORPUS[:120]), counted(CORPUS[120:])]
    alive = [np.arange(120) % 2 == 0, np.arange(180) % 5 > 0]
    rows = {int(row) for part, live in zip(segments, alive, strict=True) for row in part.rows[live]}
    left = [one for one in CORPUS if one.row in rows]
    holed, clean = LexicalIndex(segments, alive), LexicalIndex([merge(segments, alive)], [None])
    assert holed.count == clean.count == len(left)
    assert {hit.row for hit in _found(holed, question)} <= rows
    _same(_found(clean, question), _found(LexicalIndex.of(left), question))


@pytest.mark.parametrize("question", QUESTIONS[:10])
def test_words_of_many_chunks_count_alike_as_vectors_and_posting_by_posting(
    question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for few in (0, len(CORPUS) * 10):
        monkeypatch.setattr("knowledge.frequent._FEW", few)
        index = LexicalIndex.of(CORPUS)
        weights = weigh(question, [index])
        own, other = (
            {term: 0.9 * weight for term, weight in weigh(word, [index]).items()}
            for word in (question.split()[0], "barta")
        )
        found.append([index.search(weights, 10), index.search(weights, 10, [Expansion(own, [other])])])
    assert found[0][0]
    for vectors, postings in zip(*found, strict=True):
        _same(vectors, postings)


def test_with_few_postings_read_nearly_the_same_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    index = _spread(CORPUS, 200, 100)
    whole = [_found(index, question)[0] for question in QUESTIONS]
    monkeypatch.setattr("knowledge.lexical._BUDGET", 200)
    monkeypatch.setattr("knowledge.lexical._MORE_CANDIDATES", 60)
    few = [_found(index, question)[0] for question in QUESTIONS]
    assert sum(one.row == other.row for one, other in zip(whole, few, strict=True)) >= 0.85 * len(whole)


def test_a_text_that_stands_there_ten_thousand_times_is_found_once_and_hides_no_other() -> None:
    copies = [chunk(n, "The same text.", row=n) for n in range(10_000)]
    index = LexicalIndex.of([*copies, chunk(10_000, "A text that is not quite the same", row=10_000)])
    assert [hit.row for hit in _found(index, "same text", 3)] == [0, 10_000]


def test_a_pairs_best_phrasing_counts_most_and_the_next_two_a_little() -> None:
    one = chunk(0, "Yes, it is.", "Is parking free?", row=1)
    more = chunk(1, "Yes.", "Is parking free?", "Is parking free of charge?", "free parking", row=2)
    hits = _found(
        LexicalIndex.of([one, more, chunk(2, "Something else", "Who calls?", row=3)]), "is parking free"
    )
    assert hits[0].row == 2
    assert hits[1].row == 1
    assert hits[0].rank < 1.5 * hits[1].rank


def test_a_pair_with_thousands_of_phrasings_and_batches_full_of_them() -> None:
    pairs = [chunk(n, "A.", *(f"phrasing {n} {i}" for i in range(1500)), row=n + 1) for n in range(4)]
    assert [len(batch) for batch in batches(pairs)] == [2, 2]
    assert _found(LexicalIndex.of(pairs), "phrasing 3 1499", 1)[0].row == 4
    assert counted([chunk(0, "A.", *("q",) * 5000, row=1)]).phrasings.size == 4096


def test_facts_name_what_a_chunk_is_and_leave_out_what_is_not_valid() -> None:
    sale = chunk(0, "Half price!", "Sale?", row=1, language="en", **EXPIRED)
    index = LexicalIndex.of([sale, chunk(1, "HALF  price", row=2, language="de")])
    first, last = EXPIRED["valid_from"].toordinal(), EXPIRED["valid_until"].toordinal()
    known = index.facts([1, 2, 3], first)
    assert known.keys() == {1, 2}
    assert (known[1].language, known[1].kind, known[1].length) == ("en", "faq", 11)
    assert known[1].text == known[2].text
    assert index.facts([1, 2], last + 1).keys() == index.facts([1, 2], first - 1).keys() == {2}


def test_a_question_without_terms_finds_nothing() -> None:
    index = LexicalIndex.of(CORPUS)
    assert _found(index, "?!") == _found(index, "") == []
    assert _found(LexicalIndex.of([]), "barta") == []
