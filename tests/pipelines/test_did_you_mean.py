"""Questions that are offered where nothing answers."""

from dataclasses import replace

from core.messages import Passage, Retrieval
from pipelines.did_you_mean import did_you_mean
from pipelines.evidence import Evidence

PAIR = Passage("p", "shop", "d", "faq.csv", "t", "l", "answer", 0.45, kind="faq", question="怎么换货？")


def offered(*passages: Passage, answerable: bool = False) -> list[str]:
    return list(did_you_mean(Evidence(Retrieval(passages, answerable=answerable, threshold=0.5))))


def test_only_close_questions_with_an_answer_are_offered_three_at_most() -> None:
    assert offered(PAIR, PAIR) == ["怎么换货？"]
    assert offered(replace(PAIR, score=0.39), replace(PAIR, kind="text", question=None)) == []
    assert offered(*(replace(PAIR, question=f"q{n}") for n in range(5))) == ["q0", "q1", "q2"]


def test_none_where_something_answers() -> None:
    assert offered(PAIR, answerable=True) == []
