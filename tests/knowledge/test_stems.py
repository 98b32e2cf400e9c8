"""What the forms of a word share, and how far another form of a word counts as the word."""

import pytest

from knowledge.evidence import Asked
from knowledge.lexical import question_terms
from knowledge.stems import stem


@pytest.mark.parametrize(
    ("word", "cut"),
    [
        ("доставку", "<достав"),
        ("refunded", "<refund"),
        ("parcel", "<parce"),
        ("fees", ""),
        ("والمدرسة", "مدرس"),
        ("كتابها", "تاب"),
        ("من", ""),
        ("", ""),
    ],
)
def test_a_word_is_cut_to_what_its_forms_share(word: str, cut: str) -> None:
    assert stem(word) == cut


@pytest.mark.parametrize(
    ("question", "other_form", "other_word"),
    [
        ("Сколько стоит доставка?", "Цена доставкой не меняется.", "Цена растёт каждый год."),
        ("أين المكتبة؟", "وجدنا مكتبات كثيرة.", "وجدنا سيارة جديدة."),
    ],
)
def test_another_form_of_a_word_counts_for_most_of_it(
    question: str, other_form: str, other_word: str
) -> None:
    weights = question_terms(question)
    words = Asked(question, weights).held([question, other_form, other_word]).words
    assert words[0] == pytest.approx(1.0)
    assert words[0] > words[1] > words[2]
    assert words[1] >= 0.25
