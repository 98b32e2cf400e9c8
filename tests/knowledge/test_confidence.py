"""How sure the score says a passage is, and in which order the texts put the first few."""

from dataclasses import replace

import pytest

from core.documents import Chunk
from knowledge.confidence import THRESHOLD, scored
from knowledge.evidence import Asked
from knowledge.fusion import Ranked, fuse
from knowledge.lexical import LexicalIndex, question_terms
from knowledge.search import Search
from knowledge.segments import batches, counted
from knowledge.starter import starter_files
from tests.knowledge.chunks import chunk
from tests.knowledge.reading import read

FILLER = [
    chunk(n, f"Passage {n} speaks of the weather in town {n} and of little else.") for n in range(10, 30)
]


def _asked(question: str, *chunks: Chunk) -> tuple[list[Ranked], list[Chunk]]:
    numbered = [replace(one, row=n + 1) for n, one in enumerate(chunks)]
    segments = [counted(batch) for batch in batches(numbered)]
    search = Search.of([LexicalIndex(segments, [None] * len(segments))], question, 0)
    ranked = search.ranked()[:12]
    by_row = {one.row: one for one in numbered}
    found = scored(Asked(question, search.weights), ranked, [by_row[one.row] for one in ranked])
    return found, [by_row[one.row] for one in found]


def test_a_passage_that_holds_the_question_close_together_comes_before_one_that_holds_it_scattered() -> None:
    apart = " It rained for a long while and nobody went out to see it." * 6
    scattered = chunk(1, f"The lighthouse stands.{apart} A keeper came.{apart} It was painted red.{apart}")
    close = chunk(2, f"{apart}{apart} The lighthouse keeper painted the door red.{apart}")
    _, chunks = _asked("who painted the door of the lighthouse keeper red", scattered, close, *FILLER)
    assert chunks[0].id == "c2"


@pytest.mark.parametrize(
    ("question", "text", "known"),
    [
        ("When was the lighthouse keeper born?", "The lighthouse keeper was born in 1871 in a barn.", True),
        ("When was the lighthouse keeper born?", "The keeper of the zoo feeds tigers at noon.", False),
        ("Где родился смотритель маяка?", "Смотритель маяка родился в деревне у самого моря.", True),
        ("Где родился смотритель маяка?", "Смотритель зоопарка кормит тигров в полдень.", False),
        ("灯塔守护人是哪一年出生的?", "灯塔守护人于1871年出生在海边的一个谷仓里。", True),
        ("灯塔守护人是哪一年出生的?", "动物园的饲养员每天中午给老虎喂食。", False),
        ("ผู้ดูแลประภาคารเกิดที่ไหน", "ผู้ดูแลประภาคารเกิดที่หมู่บ้านริมทะเล", True),
    ],
)
def test_one_threshold_serves_several_languages(question: str, text: str, known: bool) -> None:
    found, _ = _asked(question, chunk(1, text), *FILLER)
    assert (bool(found) and found[0].score >= THRESHOLD) is known


def test_that_nothing_else_came_along_is_no_evidence() -> None:
    found, _ = _asked("帮我写一首诗", chunk(1, "付款后 48 小时内发出。", "为什么还没发货,帮我看看"))
    assert not found or found[0].score < THRESHOLD


def test_a_pair_is_known_by_its_nearest_phrasing_not_by_a_part_of_it() -> None:
    pair = chunk(1, "Use the app.", "How do I block my card after it was stolen abroad?", "block card")
    near, _ = _asked("how can I block my card", pair, *FILLER)
    far, _ = _asked("card games for a long winter evening with my old aunt", pair, *FILLER)
    assert near[0].score >= THRESHOLD > far[0].score


def test_scores_fall_along_the_order_and_say_what_they_are_made_of() -> None:
    found, _ = _asked("weather in town 12", *FILLER)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert {"bm25", "coverage", "near", "margin"} <= found[0].parts.keys()


def test_a_question_without_a_letter_finds_nothing() -> None:
    assert _asked("?!", *FILLER)[0] == []
    assert fuse([], "en") == []


@pytest.mark.parametrize("question", ["退货的运费由谁承担?", "Who pays for return shipping?"])
def test_a_pair_leads_where_the_manual_says_the_same_and_neither_stands_out(question: str) -> None:
    """Two sources that agree leave each other no margin; the pair is sure of itself by its question."""
    shop = [one for path in starter_files("shop") for one in read(path.name, path.read_bytes())[0]]
    found, chunks = _asked(question, *shop)
    assert (chunks[0].kind, chunks[0].title in ("退货运费", "Who pays return shipping")) == ("faq", True)
    assert found[0].score >= THRESHOLD


@pytest.mark.parametrize("question", ["When was the lighthouse keeper born?", "灯塔守护人是哪一年出生的?"])
def test_what_a_text_holds_does_not_depend_on_what_was_asked_of_others(question: str) -> None:
    weights = question_terms(question)
    texts = [
        "The lighthouse keeper was born in 1871.",
        "灯塔守护人于1871年出生。",
        "",
        "Born keepers keep.",
        "天气",
    ]
    asked = Asked(question, weights)
    first, again = asked.held(texts[:3]), asked.held([*reversed(texts), texts[1]])
    alone = [Asked(question, weights).held([text]) for text in texts]
    for part in range(3):
        each = [one[part][0] for one in alone]
        assert first[part] == each[:3]
        assert again[part] == [*reversed(each), each[1]]
