"""What counts as a right answer: folding, numbers, alternatives, and every check by its name."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.golden import Expected, GoldenQuestion
from core.messages import Mode, Source
from pipelines.checks import Outcome, failures, parted, tokens

PLAIN = GoldenQuestion(
    id="g1", line="shop", question="什么时候发货？", base="", document_id="", document="", location="",
    passage_id="", text="", created_at=datetime(2026, 11, 25, tzinfo=UTC),
)  # fmt: skip
SOURCE = Source("配送.md", "配送", "第 2 节", 0.9, "付款后 48 小时内发货。", "d1", "p1", "shop")


def failed(answer: str, **expected: object) -> list[str]:
    golden = replace(PLAIN, expected=Expected(**expected))  # type: ignore[arg-type]
    return [parted(each)[0] for each in failures(golden, Outcome(answer, Mode.GENERATED, [SOURCE], "zh"))]


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ("我们会在 48 小时内发货。", "48小时"),
        ("４８小时内发货", "48 小时"),
        ("运费 1,500.00 元", "1500 元"),
        ("Free RETURNS within 7 days.", "free returns"),
        ("Zahlbar bis 1.500,00 €", "1500 €"),
        ("À partir de 1 000 € d’achat", "1000 €"),
        ("À partir de 1000 € d’achat", "1\u202f000 €"),
        ("Koszt: 12 345 678,50 zł", "12345678,5 zł"),
        ("Доставка бесплатна от 1\u00a0500 ₽", "1500 ₽"),
        ("Ab CHF 1’000 liefern wir frei", "CHF 1000"),
        ("₹1,00,000 से ऊपर", "₹100000"),
        ("The iPhone 15 256 GB costs more", "256 GB"),
        ("共 1.5 kg", "1.50 KG"),
        ("满 ９９ 元包邮", "包邮 | 99元"),
        ("It is −5 °C outside", "-5°C"),
        ("환불은 3일 안에 처리됩니다", "환불"),
        ("السعر ٤٨ ساعة", "48 ساعة"),
        ("ﬁrst class", "first class"),
        ("Café", "Cafe\u0301"),
        ("คุณคืนสินค้าได้ภายใน 7 วัน", "คืนสินค้า"),
        ("पैसा ७ दिनों में वापस होगा", "7 दिनों में"),
        ("ສົ່ງເງິນຄືນພາຍໃນ 7 ມື້", "ເງິນຄືນ"),
        ("ប្រាក់នឹងត្រូវបានប្រគល់", "ប្រាក់"),
        ("ငွေကို ပြန်အမ်းပါမည်", "ပြန်အမ်း"),
        ("退款❤️成功", "退款成功"),
    ],
)
def test_the_same_thing_written_otherwise_is_the_same_fact(answer: str, fact: str) -> None:
    assert failed(answer, facts=[fact]) == []


@pytest.mark.parametrize(
    ("answer", "fact"),
    [
        ("1.5 小时", "15 小时"),
        ("15 小时", "1.5 小时"),
        ("148 小时内", "48 小时"),
        ("48.5 小时", "48 小时"),
        ("freedom", "free"),
        ("returned", "return"),
        ("5 °C", "-5 °C"),
        ("10 percent", "10 %"),
        ("version 1.2.3", "1.2"),
        ("1 000 €", "100 €"),
        ("11 000 €", "1000 €"),
        ("Call 400 800 1234", "400800"),
        ("1,00,00 ₹", "10000 ₹"),
        ("48 天", "48 小时"),
        ("谢谢!", "😊"),
        ("คุณคืนสินค้าได้", "คน"),
        ("पैसा वापस होगा", "वापसी"),
        ("राशि का भुगतान", "राशि की"),
        ("টাকা ফেরত", "টিকা"),
        ("好", "  "),
        ("好", "\u200b"),
        ("什么都没有", "。"),
    ],
)
def test_what_is_another_thing_is_another_fact(answer: str, fact: str) -> None:
    assert failed(answer, facts=[fact]) == ["fact"]


def test_a_number_in_groups_is_forbidden_as_one_and_as_its_parts() -> None:
    assert failed("Now from 1 000 €.", forbidden=["1000 €"]) == ["forbidden"]
    assert failed("The phone 15 256 GB.", forbidden=["256 GB"]) == ["forbidden"]


@pytest.mark.parametrize("signs", ["😊", "**", "！", "👍🏽", "❤️"])
def test_what_is_nothing_but_signs_is_looked_for_as_it_is(signs: str) -> None:
    assert failed("好的,明天发货。", forbidden=[signs]) == []
    assert failed(f"好的{signs} 明天发货。", forbidden=[signs]) == ["forbidden"]
    assert failed(f"好的{signs} 明天发货。", facts=[f"后天 | {signs}"]) == []
    assert failed("好的,明天发货。", facts=[signs]) == ["fact"]


@pytest.mark.parametrize(
    ("tag", "answer"),
    [
        ("en-US", "Your order leaves our house within two days."),
        ("zh-CN", "您的订单将在两天内发货,请耐心等待。"),
        ("zh-TW", "您的訂單將在兩天內發貨,請耐心等待。"),
        ("zh-Hant-HK", "您的訂單將在兩天內發貨,請耐心等待。"),
        ("zh-hant", "您的訂單將在兩天內發貨,請耐心等待。"),
    ],
)
def test_a_language_may_be_named_with_its_region(tag: str, answer: str) -> None:
    assert failed(answer, language=tag) == []
    assert failed("Ihre Bestellung verlässt unser Haus in zwei Tagen.", language=tag) == ["language"]


def test_every_check_fails_by_its_name() -> None:
    answer = "Shipping is free and takes 48 hours."
    assert failed(answer, forbidden=["免运费", "Free"]) == ["forbidden"]
    assert failed(answer, documents=["其他.md"]) == ["document"]
    assert failed(answer, documents=["其他.md", "配送.MD"]) == []
    assert failed(answer, language="zh") == ["language"]
    assert failed(answer, language="en", mode="generated") == []
    assert failed(answer, mode="quoted", max_characters=10) == ["mode", "length"]
    assert failed(answer, facts=["48 hours", "7 days", "Monday"]) == ["fact", "fact"]


def test_the_chosen_passage_is_to_be_among_the_sources() -> None:
    chosen = replace(
        PLAIN, document="配送.md", location="第 2 节", document_id="d1", passage_id="p1", text="旧文"
    )
    cited = Outcome("好", Mode.QUOTED, [SOURCE], "zh")
    assert failures(chosen, cited) == ()
    assert failures(replace(chosen, passage_id="p9"), cited) == ("passage:配送.md · 第 2 节",)
    assert failures(replace(chosen, passage_id="p9", text=SOURCE.text), cited) == ()
    assert failures(chosen, Outcome("好", Mode.HANDOFF)) == ("passage:配送.md · 第 2 节",)


def test_without_an_answer_nothing_else_is_looked_at() -> None:
    golden = replace(PLAIN, expected=Expected(facts=["48"]))
    assert failures(golden, Outcome("", None, error="engine_broken")) == ("error:engine_broken",)


def test_an_answer_too_short_to_tell_is_taken_to_be_in_the_language_asked_for() -> None:
    golden = replace(PLAIN, expected=Expected(language="ja"))
    assert failures(golden, Outcome("48", Mode.GENERATED, (), "ja")) == ()


@given(st.text())
def test_any_text_holds_itself_unless_it_is_nothing_but_punctuation(text: str) -> None:
    if tokens(text) and "|" not in text:
        golden = replace(PLAIN, expected=Expected(facts=[text], forbidden=[text]))
        assert [parted(each)[0] for each in failures(golden, Outcome(text, Mode.GENERATED))] == ["forbidden"]


@given(st.text(alphabet="0123456789.,- a%小"), st.text(alphabet="0123456789.,- a%小"))
def test_folding_twice_changes_nothing_and_more_text_around_takes_nothing_away(one: str, two: str) -> None:
    assert tokens(" ".join(tokens(one))) == tokens(one)
    assert failed(f"{one} ; {two}", facts=[two]) == ([] if two.strip() else ["fact"])
