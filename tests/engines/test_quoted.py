"""The engine without a model quotes word for word, and only what answers."""

import pytest

from core.messages import Passage
from engines.excerpt import excerpt
from engines.quoted import QuotedEngine
from tests.support.asking import ask, generation_request

MANUAL = (
    """# 退换货说明

自签收之日起七天内，商品完好即可申请无理由退货。超过七天的，请联系客服说明情况。生鲜商品不支持无理由退货。

## 运费由谁承担

- 质量问题：运费由我们承担。
- 个人原因：运费由您承担，每单 12 元。

## 退款多久到账

退款在仓库收到商品后三个工作日内原路退回。信用卡可能再晚两天。
"""
    + "本手册的其他章节与退换货无关，仅供存档。" * 20
)


def passage(text: str, score: float = 0.9, **fields: object) -> Passage:
    given = {"id": text[:8], "base": "shop", "document_id": "d1", "document": "manual.md"}
    given |= {"title": "", "location": "", "text": text, "score": score, "language": "zh"} | fields
    return Passage(**given)  # type: ignore[arg-type]


async def test_an_faq_answer_is_given_whole() -> None:
    answer = "请先核对收货地址。" * 60
    best = passage(answer, kind="faq", question="为什么还没收到？")
    heard = await ask(QuotedEngine(), generation_request(passages=[best, passage("别的")], answerable=True))
    assert heard.text == answer
    assert list(heard.chunks[0].passages or ()) == [best]
    assert max(len(chunk.text) for chunk in heard.chunks) <= 20
    assert heard.finish_reasons == ["stop"]
    usage = heard.chunks[-1].usage
    assert usage is not None
    assert usage.estimated
    assert usage.completion_tokens > 100


async def test_nothing_is_said_where_nothing_answers() -> None:
    heard = await ask(QuotedEngine(), generation_request(passages=[passage("别的")], answerable=False))
    (only,) = heard.chunks
    assert (only.text, only.finish_reason, list(only.passages or ())) == ("", "stop", [])


@pytest.mark.parametrize(
    ("question", "holds"),
    [
        ("退货的运费谁出？", "个人原因：运费由您承担，每单 12 元。"),
        ("退款几天能到账", "退款在仓库收到商品后三个工作日内原路退回。"),
        ("超过七天还能退吗", "超过七天的，请联系客服说明情况。"),
        ("生鲜能退吗", "生鲜商品不支持无理由退货。"),
    ],
)
async def test_of_a_long_text_the_sentences_that_answer(question: str, holds: str) -> None:
    request = generation_request(question, passages=[passage(MANUAL)], answerable=True)
    heard = await ask(QuotedEngine(), request)
    assert holds in heard.text
    assert heard.text in MANUAL
    assert len(heard.text) <= 300


def test_english_sentences_are_found_by_their_words() -> None:
    text = (
        "We ship every weekday before noon. Parcels travel for two to four days. "
        "Refunds are paid to the card you used, within 3.5 days of the return. " + "Opening hours vary. " * 30
    )
    quoted = excerpt(text, "When do I get refunded?")
    assert "Refunds are paid to the card you used, within 3.5 days of the return." in quoted
    assert quoted in text


def test_a_table_row_stays_whole() -> None:
    rows = [f"| Plan {number} | {number}00 calls per minute | limit |" for number in range(40)]
    quoted = excerpt("\n".join(rows), "What is the limit of Plan 17?")
    assert rows[17] in quoted
    assert set(quoted.split("\n")) <= set(rows)


def test_a_sentence_without_end_is_cut_and_says_so() -> None:
    text = "一个没有句号的长句，" * 60
    quoted = excerpt(text, "长句")
    assert len(quoted) <= 300
    assert quoted.endswith("…")
    assert quoted[:-1] in text


def test_a_short_text_is_not_touched() -> None:
    assert excerpt("  Only this. And that.\n", "anything") == "Only this. And that."


@pytest.mark.parametrize(
    ("language", "others", "expected"),
    [
        ("zh", [passage("中文", 0.86)], "中文"),
        ("zh-Hant", [passage("中文", 0.86)], "中文"),
        ("zh", [passage("中文", 0.7)], "中文"),
        ("zh", [passage("别处", 0.7, document_id="d2")], "English"),
        ("zh", [passage("别处", 0.85, document_id="d2")], "别处"),
        ("fr", [passage("中文", 0.9)], "English"),
        ("und", [passage("中文", 0.9)], "English"),
    ],
)
async def test_the_customers_language_is_preferred_where_it_answers_as_well(
    language: str, others: list[Passage], expected: str
) -> None:
    passages = [passage("English", 0.9, language="en"), *others]
    heard = await ask(
        QuotedEngine(), generation_request(passages=passages, answerable=True, language=language)
    )
    assert heard.text == expected
