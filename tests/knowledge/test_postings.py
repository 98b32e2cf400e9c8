"""Postings count, merge and score as the textbook's formula over plain lists of terms would."""

import math
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from knowledge.postings import K1, B, Postings, merged

Texts = Sequence[Sequence[int]]


def _texts(rng: random.Random, count: int) -> list[list[int]]:
    return [[rng.randint(1, 40) for _ in range(rng.randint(0, 30))] for _ in range(count)]


def _postings(texts: Texts) -> Postings:
    ids = np.asarray([term for text in texts for term in text], np.uint64)
    rows = np.asarray([row for row, text in enumerate(texts) for _ in text], np.int32)
    return Postings.counted(ids, rows, len(texts))


def _frequencies(postings: Postings, *terms: int) -> list[int]:
    begin, end = postings.spans(np.asarray(terms, np.uint64))
    return (end - begin).tolist()


def _held(postings: Postings) -> dict[tuple[int, int], int]:
    return {
        (int(term), int(row)): int(often)
        for term, begin, end in zip(
            postings.vocabulary, postings.starts[:-1], postings.starts[1:], strict=True
        )
        for row, often in zip(postings.rows[begin:end], postings.counts[begin:end], strict=True)
    }


def _expected(texts: Texts) -> dict[tuple[int, int], int]:
    return {(term, row): often for row, text in enumerate(texts) for term, often in Counter(text).items()}


def test_a_batch_is_counted() -> None:
    texts = _texts(random.Random(1), 50)
    postings = _postings(texts)
    assert _held(postings) == _expected(texts)
    assert postings.lengths.tolist() == list(map(len, texts))
    assert _frequencies(postings, 1, 99) == [sum(1 in t for t in texts), 0]


def test_merging_gives_what_counting_all_at_once_gives() -> None:
    rng = random.Random(2)
    parts = [_texts(rng, count) for count in (7, 0, 30, 1)]
    live = [[rng.random() < 0.7 for _ in part] for part in parts]
    kept = [
        text
        for part, alive in zip(parts, live, strict=True)
        for text, on in zip(part, alive, strict=True)
        if on
    ]
    number = iter(range(len(kept)))
    targets = [np.asarray([next(number) if on else -1 for on in alive], np.int32) for alive in live]
    whole = merged([_postings(part) for part in parts], targets, len(kept))
    assert _held(whole) == _expected(kept)
    assert whole.lengths.tolist() == list(map(len, kept))
    assert (np.diff(whole.vocabulary.astype(np.int64)) > 0).all()
    for begin, end in zip(whole.starts[:-1], whole.starts[1:], strict=True):
        assert (np.diff(whole.rows[begin:end].astype(np.int64)) > 0).all()


def test_a_merge_in_many_slices_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = _texts(random.Random(3), 60)
    targets = [np.arange(30, dtype=np.int32), np.arange(30, 60, dtype=np.int32)]
    parts = [_postings(texts[:30]), _postings(texts[30:])]
    whole = merged(parts, targets, 60)
    monkeypatch.setattr("knowledge.postings._AT_ONCE", 5)
    assert _held(merged(parts, targets, 60)) == _held(whole) == _expected(texts)


def test_scores_are_those_of_bm25_for_all_rows_and_for_some() -> None:
    texts = _texts(random.Random(4), 80)
    postings = _postings(texts)
    average = sum(map(len, texts)) / len(texts)
    norms = postings.norms(average)
    ids, worth = np.asarray([3, 17, 99, 5], np.uint64), np.asarray([1.5, 0.2, 7.0, 2.0], np.float32)

    spans = postings.spans(ids)

    def bm25(text: Sequence[int], term: int) -> float:
        often = text.count(term)
        return often * (K1 + 1) / (often + K1 * (1 - B + B * len(text) / average))

    expected = [sum(w * bm25(text, int(t)) for t, w in zip(ids, worth, strict=True)) for text in texts]
    assert np.allclose(postings.scores(spans, worth, norms), expected, atol=1e-5)
    for rows in (np.arange(80), np.asarray([0, 4, 79]), np.asarray([11])):
        some = postings.saturated(spans, rows, norms)
        assert np.allclose(worth @ some, np.asarray(expected)[rows], atol=1e-5)
        assert ((some > 0) == [[int(t) in texts[row] for row in rows] for t in ids]).all()


def test_nothing_is_found_in_nothing() -> None:
    empty = _postings([])
    assert empty.size == 0
    assert _frequencies(empty, 1) == [0]
    assert not len(empty.scores(empty.spans(np.ones(1, np.uint64)), np.ones(1, np.float32), empty.norms(1.0)))
    assert merged([], [], 0).size == 0
    assert math.isclose(float(_postings([[]]).norms(0.0)[0]), K1 * (1 - B), rel_tol=1e-6)
