"""What a passage shares with a question is marked, in every script, and nothing of it is run."""

import pytest

from pages.highlight import highlighted


@pytest.mark.parametrize(
    ("text", "question", "shown"),
    [
        ("退款在7天内到账", "退款多久到账？", "<mark>退款</mark>在7天内<mark>到账</mark>"),
        ("七天內可以退貨", "怎么退货", "七天內可以<mark>退貨</mark>"),
        ("Refunds take 7 days", "How long is a refund?", "<mark>Refunds</mark> take 7 days"),
        ("The fee is ＲＭＢ 20", "fee in rmb", "The <mark>fee</mark> is <mark>ＲＭＢ</mark> 20"),
        ("Die Gebühr", "gebuhr", "Die <mark>Gebühr</mark>"),
        ("返金は七日以内", "返金はいつ", "<mark>返金</mark>は七日以内"),
        ("Nothing in common", "退款", "Nothing in common"),
    ],
)
def test_what_is_shared_is_marked(text: str, question: str, shown: str) -> None:
    assert highlighted(text, question) == shown


def test_words_that_every_question_has_are_not_marked() -> None:
    assert "<mark>" not in highlighted("This is what we do for you", "What do you do for me?")
    assert "<mark>" not in highlighted("为什么还没有人问我的", "为什么我的订单还没发货？")


def test_a_letter_that_folds_to_two_keeps_its_place() -> None:
    assert highlighted("Straße und ﬁnal", "strasse final") == "<mark>Straße</mark> und <mark>ﬁnal</mark>"


def test_everything_is_text_and_lines_are_kept() -> None:
    shown = highlighted("<b>refund</b> & {x} $y\nnext", "refund")
    assert shown == "&lt;b&gt;<mark>refund</mark>&lt;/b&gt; &amp; &#123;x} &#36;y<br>next"
