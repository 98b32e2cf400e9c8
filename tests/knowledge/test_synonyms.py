"""Other words for the same thing: what is recognised in a question, and what it changes in a search."""

from pathlib import Path

import pytest
import yaml

import knowledge.synonyms
from core.documents import Chunk
from knowledge.lexical import LexicalIndex, expand, weigh
from knowledge.synonyms import concepts, stem
from knowledge.terms import fold


def faq(number: int, question: str, text: str) -> Chunk:
    return Chunk(
        id=f"c{number}",
        base="shop",
        document_id="d1",
        document="faq.csv",
        position=number,
        row=number,
        title=question,
        location=f"row {number}",
        text=text,
        kind="faq",
        match=(question,),
    )


CHUNKS = [
    faq(1, "收到的商品破损了怎么办", "拍照联系客服"),
    faq(2, "怎么取消订单", "在订单页点取消"),
    faq(3, "How do I cancel my order?", "Open the order and cancel it."),
    faq(4, "How do I report a lost card?", "Call us at any hour."),
    faq(5, "会员等级有什么权益", "按消费额升级"),
]


def phrases(question: str) -> list[str]:
    return [concept.phrase for concept in concepts(question)]


def test_the_longest_han_phrase_is_taken_and_traditional_script_is_read() -> None:
    assert phrases("我要提前還貸") == ["提前还贷"]
    assert "退款" in next(concept for concept in concepts("什么时候退钱")).others


@pytest.mark.parametrize(
    ("question", "phrase"),
    [
        ("My order was CANCELLED", "cancelled"),
        ("please call off the party", "call off"),
        ("I will send it back", "send back"),
        ("signing in fails", "signing in"),
    ],
)
def test_english_phrases_are_seen_in_any_form(question: str, phrase: str) -> None:
    assert phrase in phrases(question)


def test_latin_words_are_matched_whole() -> None:
    assert phrases("the scarlet pinecone") == []


def test_stems_join_the_forms_of_a_word_and_leave_short_words_alone() -> None:
    assert {stem("ship"), stem("ships"), stem("shipped"), stem("shipping")} == {"ship"}
    assert stem("cancelled") == stem("cancel")
    assert stem("calling") == stem("call")
    assert stem("red") == "red"


def test_a_question_has_at_most_eight_concepts_each_once() -> None:
    everything = "发货快递运费签收取消下单预售缺货退款换货破损保修" * 50
    found = phrases(everything)
    assert len(found) == len(set(found)) == 8


def test_a_passage_that_says_it_in_other_words_is_surer_and_none_loses() -> None:
    index = LexicalIndex.of(CHUNKS)
    for question, wanted in (("I misplaced my card", 4), ("call off the order", 3), ("单子撤销", 2)):
        weights = weigh(question, [index])
        plain = {hit.row: hit for hit in index.search(weights, 5)}
        wider = {hit.row: hit for hit in index.search(weights, 5, expand(question, weights, [index]))}
        assert wider[wanted].coverage > plain[wanted].coverage
        assert max(wider.values(), key=lambda hit: hit.rank).row == wanted
        assert all(
            wider[p].coverage >= hit.coverage and wider[p].rank >= hit.rank for p, hit in plain.items()
        )
        assert all(hit.coverage <= 1 + 1e-6 for hit in wider.values())


def test_a_synonym_counts_less_than_the_word_itself() -> None:
    index = LexicalIndex.of(CHUNKS)

    def coverage(question: str) -> float:
        weights = weigh(question, [index])
        return index.search(weights, 1, expand(question, weights, [index]))[0].coverage

    assert coverage("misplaced card") < coverage("lost card")


def test_a_question_without_synonyms_is_searched_as_it_stands() -> None:
    index = LexicalIndex.of(CHUNKS)
    assert expand("会有什么权益", weigh("会有什么权益", [index]), [index]) == []
    assert expand("", {}, [index]) == []


def test_the_list_holds_groups_of_folded_phrases_and_repeats_none_within_a_group() -> None:
    listed = Path(knowledge.synonyms.__file__).with_name("synonyms.yaml")
    for group in yaml.safe_load(listed.read_text(encoding="utf-8")):
        said = [str(phrase) for phrase in group]
        assert len(said) > 1, said
        assert len(set(said)) == len(said), said
        assert [fold(phrase) for phrase in said] == said
