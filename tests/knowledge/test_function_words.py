"""Which words of a question say little about its subject, and that no language's list harms another."""

import pytest

from knowledge.function_words import LATIN, function_mask, function_words
from knowledge.lexical import question_terms


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what is the capital of france", {"what", "is", "the", "of"}),
        ("was ist die hauptstadt von frankreich", {"was", "ist", "die", "von"}),
        ("quelle est la capitale de la france", {"quelle", "est", "la", "de"}),
        ("cual es la capital de francia", {"cual", "es", "la", "de"}),
        ("какой город является столицей франции", {"какой", "является"}),
        ("ما هي عاصمة فرنسا", {"ما", "هي"}),
        ("फ्रांस की राजधानी क्या है", {"की", "क्या", "है"}),
    ],
)
def test_function_words_are_those_of_the_questions_language(question: str, expected: set[str]) -> None:
    assert function_words(question.split()) == expected


def test_english_keeps_words_that_other_languages_use_as_function_words() -> None:
    assert not function_words(["war", "reparations"])
    assert "die" not in function_words("why do cells die".split())


@pytest.mark.parametrize(
    ("script", "run", "content"),
    [("han", "怎么退货", "退货"), ("unspaced", "ใครดูแลประภาคาร", "ดูแลประภาคาร")],
)
def test_runs_without_spaces_are_masked_by_character(script: str, run: str, content: str) -> None:
    masked = function_mask(script, run)
    assert "".join(c for c, functional in zip(run, masked, strict=True) if not functional) == content


def test_a_function_word_weighs_less_in_a_question() -> None:
    weights = question_terms("Wo steht der Leuchtturm und wer hat ihn gebaut?")
    assert weights["leuchtturm"] == 1.0
    assert weights["der"] < 0.5 > weights["wer"]
    assert "the" in LATIN
