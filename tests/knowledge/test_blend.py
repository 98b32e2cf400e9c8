"""How words and meaning are weighed against each other, and how far a model is trusted."""

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings

from knowledge.blend import blend
from knowledge.embedder import texts_of
from knowledge.trial import trial
from knowledge.trust import PLAIN, SAMPLE, measured, probes, sampled, span, tongue
from tests.knowledge.chunks import chunk


def order(values: list[float]) -> list[int]:
    return sorted(range(len(values)), key=lambda n: -values[n])


def test_without_trust_words_alone_order() -> None:
    assert blend([3.0, 6.0, 0.0], [0.9, 0.1, None], 0.0) == [0.5, 1.0, 0.0]


def test_with_full_trust_cosines_alone_order() -> None:
    assert order(blend([3.0, 6.0, 0.0, 1.0], [0.9, 0.1, 0.95, None], 1.0))[:2] == [2, 0]


def test_both_sides_together_beat_either_alone() -> None:
    """A passage that is second on both sides comes first where each side's first is far down on the other."""
    lexical, cosines = [1.0, 0.9, 0.1, 0.1], [0.1, 0.78, 0.8, 0.1]
    assert order(blend(lexical, cosines, 0.25))[0] == 1


def test_a_missing_cosine_counts_as_the_farthest_known() -> None:
    first, second, missing, farthest = blend([1.0, 0.5, 0.2, 0.2], [0.5, 0.6, None, 0.3], 0.3)
    assert missing == pytest.approx(farthest)
    assert min(first, second) > missing


def test_cosines_that_hardly_differ_say_hardly_anything() -> None:
    assert order(blend([1.0, 0.8], [0.7, 0.7003], 0.3)) == [0, 1]


@pytest.mark.parametrize("trust", [0.0, 0.3, 1.0])
def test_odd_sides_are_no_errors_and_all_lies_within_bounds(trust: float) -> None:
    assert blend([], [], trust) == []
    assert all(0.0 <= value <= 1.0 for value in blend([0.0, 3.0, 0.0], [0.2, 0.9, -1.0], trust))
    assert blend([2.0, 1.0], [None, None], trust) == [1.0, 0.5]
    assert len(blend([0.0], [0.5], trust)) == 1


@pytest.mark.parametrize("scale", [0.01, 1.0, 40.0])
def test_the_order_does_not_hang_on_the_scale_of_the_lexical_side(scale: float) -> None:
    lexical, cosines = [5.0, 4.0, 1.0], [0.2, 0.5, 0.6]
    scaled = [rank * scale for rank in lexical]
    assert blend(scaled, cosines, 0.2) == pytest.approx(blend(lexical, cosines, 0.2))


def _sides(count: int, right_by_words: float, right_by_meaning: float) -> tuple[np.ndarray, np.ndarray]:
    """Two sides that find the right chunk with these chances, each by noise of its own."""
    random = np.random.default_rng(5)
    words, meaning = random.random((count, count)) * 0.5, random.random((count, count)) * 0.5
    each = np.arange(count)
    words[each, each] += np.where(random.random(count) < right_by_words, 0.5, 0.0)
    meaning[each, each] += np.where(random.random(count) < right_by_meaning, 0.5, 0.0)
    return words, meaning


def test_a_model_that_finds_nothing_is_not_trusted() -> None:
    assert measured(*_sides(120, 0.9, 0.0), ["en"] * 120) == {"*": 0.0, "en": 0.0}


def test_a_model_is_trusted_more_the_more_it_finds() -> None:
    shares = [measured(*_sides(120, 0.8, right), ["en"] * 120)["*"] for right in (0.7, 0.85, 0.97)]
    assert 0 < shares[0] < shares[1] < shares[2] <= 0.5


def test_each_language_is_measured_by_itself_where_enough_is_written_in_it() -> None:
    english, chinese = _sides(60, 0.8, 0.9), _sides(60, 0.8, 0.0)
    words, meaning = np.zeros((125, 125)), np.zeros((125, 125))
    for at, (by_words, by_meaning) in ((0, english), (60, chinese)):
        words[at : at + 60, at : at + 60] = by_words
        meaning[at : at + 60, at : at + 60] = by_meaning
    trust = measured(words, meaning, ["en"] * 60 + ["zh"] * 60 + ["thai"] * 5)
    assert trust.keys() == {"*", "en", "zh"}
    assert trust["zh"] == 0.0 < trust["en"]


def test_where_neither_side_finds_anything_a_little_trust_is_left() -> None:
    assert 0 < measured(*_sides(120, 0.0, 0.0), ["en"] * 120)["*"] < 0.2


def test_nothing_to_measure_leaves_a_little_trust() -> None:
    nothing = np.empty((0, 1))
    assert 0 < measured(nothing, nothing, ())["*"] < 0.2


@pytest.mark.parametrize(("lowest", "width"), [(0.0, 1.0), (0.7, 0.2), (-0.2, 0.6)])
def test_the_span_of_cosines_follows_the_model(lowest: float, width: float) -> None:
    _, cosines = _sides(120, 0.8, 0.9)
    low, high = span(cosines)
    assert low < high
    assert span(lowest + width * cosines) == pytest.approx(
        (lowest + width * low, lowest + width * high), abs=1e-3
    )


def test_of_few_questions_no_span_is_told() -> None:
    assert span(np.eye(5)) == PLAIN
    low, high = span(np.full((20, 20), 0.8))
    assert 0.8 == low < high


def test_a_phrasing_is_asked_and_left_out() -> None:
    pairs = [chunk(n, "An answer.", f"first {n}", f"second {n}", f"third {n}") for n in range(200)]
    asked = probes(pairs)
    assert len(asked) == 200
    for probe in asked:
        assert probe.question not in probe.chunk.match
        assert len(probe.chunk.match) == 2
    assert probes(pairs) == asked


def test_a_sentence_is_asked_and_its_passage_keeps_half_of_it_at_most() -> None:
    texts = [
        f"The first rule {n}. The warranty of part {n} lasts for twelve months. The end is {n}."
        for n in range(200)
    ]
    whole = 0
    for number, probe in enumerate(probes([chunk(n, text) for n, text in enumerate(texts)])):
        assert probe.question == f"The warranty of part {number} lasts for twelve months."
        assert probe.question not in probe.chunk.text
        assert f"The end is {number}." in probe.chunk.text
        whole += "The warranty" not in probe.chunk.text
    assert whole == 67


def test_scripts_without_marks_and_small_bases_are_asked_about_too() -> None:
    thai = "สวัสดีครับ " * 60
    assert len(probes([chunk(0, thai)])) > 1
    assert probes([chunk(0, "Short.")]) == []
    assert probes([]) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("我的订单在哪里?", "zh"),
        ("Where is the order that I made?", "en"),
        ("Где мой заказ?", "cyrillic"),
        ("أين طلبي", "arabic"),
        ("สินค้าอยู่ที่ไหน", "thai"),
        ("12345", "und"),
        ("", "und"),
    ],
)
def test_a_tongue_is_a_language_or_a_script(text: str, told: str) -> None:
    assert tongue(text) == told


class Letters(Embeddings):
    """Texts are near by the letters that they share."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [
            [text.lower().count(letter) + 0.01 for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts
        ]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


def test_questions_about_one_chunk_do_not_stand_in_each_others_way() -> None:
    """A small base is asked several questions a chunk: what was left out for one is still there for the others."""
    words = (
        "apple basil",
        "cherry dill",
        "elder fennel",
        "grape hazel",
        "iris jasmine",
        "kiwi lemon",
        "mango nutmeg",
    )
    pairs = [
        chunk(
            n,
            "An answer.",
            *(f"{word} {word} {suffix}" for suffix in ("now", "here", "mine", "too")),
            row=n + 1,
        )
        for n, word in enumerate(words)
    ]
    low, _ = trial(pairs, Letters(), texts_of).span
    assert len(probes(pairs)) > 2 * len(pairs)
    assert low < 0.95


def test_the_sample_is_spread_over_the_base() -> None:
    rows = list(range(1000, 1000 + 7 * SAMPLE, 7))
    assert sampled(rows) == rows
    many = sampled(range(100_000))
    assert len(many) == SAMPLE
    assert many[0] == 0
    assert many[-1] > 99_000
    assert sampled([]) == []
