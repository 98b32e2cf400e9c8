"""The one form of a question: what must not change it, and what must."""

import random
import unicodedata

import pytest

from bench.cache_pairs import flips, variants
from pipelines.normalised import normalised
from pipelines.sentences import all_sentences

SAME = [
    ("怎么退款", "怎么退款？"), ("怎么退款", "　怎么 退款?? "), ("怎么退款", "你好，怎么退款"), ("怎么退款", "您好怎么退款！谢谢"),
    ("怎么退款", "“怎么退款”"), ("怎么退款", "请问怎么退款"), ("怎么退款", "Hi! 怎么退款~"), ("iPhone 15保修多久", "ｉＰｈｏｎｅ　１５ 保修多久。"),
    ("How do I get a refund?", "HOW DO I GET A REFUND"), ("How do I get a refund?", "Hello, how do I  get a refund? Thanks!"),
    ("Where is my order", "Good morning where is my order thank you"), ("费率是10%吗", "费率是１０ ％ 吗？"),
    ("5km内送吗", "5 km 内送吗"), ("Does it cost 100€?", "does it cost 100 €"), ("is 16GB enough", "Is 16 GB enough?"), ("open at 9am", "Open at 9 am"),
    ("¥100可以退吗", "￥ 100 可以退吗"), ("返金はできますか", "こんにちは。返金はできますか？"), ("환불되나요", "안녕하세요, 환불되나요?"),
    ("can't log in", "Can’t log in!"), ("الدفع", "مرحبا، الدفع؟"), ("退款多久到账", "退款\n多久\u200b到账"),
    ("返金、できますか", "返金､できますか"), ("「返金」できますか", "｢返金｣できますか"), ("返金できますか", "返金できますか〜"), ("返金できますか", "返金できますか・・・"),
    ("5～10日", "5〜10日"), ("怎么退款", "怎么退款﹖"), ("怎么退款", "﹁怎么退款﹂"), ("怎么退款", "〝怎么退款〞"), ("怎么退款", "怎么退款⋯⋯"), ("怎么退款", "怎么退款❓"),
    ("واپسی کیسے کریں", "واپسی کیسے کریں۔"), ("iade nasıl yapılır", "İade nasıl yapılır?"), ("استرداد", "\u202bاسترداد\u202c"),
    ("استرداد", "\u2067استـــرداد\u2069"), ("怎么退款", "请问一下，怎么退款"), ("怎么退款", "您好呀，请问一下怎么退款，十分感谢"), ("怎么退款", "亲，怎么退款"),
    ("كم تكلفة الشحن", "مرحباً، كم تكلفة الشحن؟ شكراً"), ("送料はいくらですか", "送料はいくらですか？宜しくお願いします。"), ("groß", "GROẞ?"), ("怎么退款", "怎么退款🤔"), ("怎么退款", "怎么退款🥺🥺"), ("where is my order", "Where is my order 🤣☺️"),
    ("was kostet das", "Grüß Gott, was kostet das?"), ("was kostet das", "GRÜSS GOTT! Was kostet das?"),
    ("怎么退款", "早上好怎么退款"), ("怎么退款", "Hi怎么退款thanks"), ("我的订单呢", "晚上好我的订单呢"), ("comment annuler", "Bonjour, comment annuler ? Merci d'avance"),
    ("wie storniere ich", "Hallo zusammen, wie storniere ich? Danke im Voraus"), ("how to refund", "Excuse me, how to refund? Thanks in advance!"),
]  # fmt: skip
OTHER = [
    ("within 5 m", "within 5 km"), ("5 m2", "5 m"), ("1 5 km", "15 km"), ("2 c++ books", "2 c books"), ("5 l'eau", "5l"),
    ("限额1.5万", "限额15万"), ("-5度", "5度"), ("1/2", "12"), ("打8折", "打８.５折"), ("10%", "10"), ("3:00开门", "300开门"),
    ("¥100", "100"), ("$100", "¥100"), ("10²", "102"), ("1½", "11/2"), ("一、二楼", "一二楼"), ("十 二", "十二"),
    ("可以退吗", "可以退"), ("我的卡", "我卡"), ("开通了", "开通"), ("开通", "关闭"), ("能退", "不能退"), ("A+", "A"), ("A-", "A"),
    ("C++", "C"), ("we're open", "were open"), ("5\"", "5"), ("5'", "5"), ("退貨", "退货"), ("你好像没发货", "像没发货"),
    ("早退怎么算", "退怎么算"), ("Hai thẻ bị khóa", "thẻ bị khóa"), ("5~10天", "510天"), ("5-10天", "510天"), ("1,000", "1"),
    ("v2.0", "v20"), ("a@b.c", "ab.c"), ("#1", "1"), ("año", "ano"), ("sıkıldım", "sikildim"), ("买1 0个", "买10个"), ("~5天", "5天"),
    ("不，要发票", "不要发票"), ("不！退款", "不退款"), ("你好，不，能退吗", "你好，不能退吗"), ("不是，我要退款", "不是我要退款"), ("没有，取消了", "没有取消了"),
    ("No, quiero cancelar", "No quiero cancelar"), ("Não, quero cancelar", "Não quero cancelar"), ("Không, hủy đơn", "Không hủy đơn"),
    ("Don't! Cancel my order", "Don't cancel my order"), ("Отменить нельзя, оставить", "Отменить, нельзя оставить"), ("لا، أريد الإلغاء", "لا أريد الإلغاء"),
    ("Welche Maße hat der Koffer?", "Welche Masse hat der Koffer?"), ("In Maßen", "IN MASSEN"), ("退款不？要换货", "退款不要换货"),
    ("老板，不，要发票", "老板，不要发票"), ("Refund? No, exchange it", "Refund, no exchange it"), ("Cửa hàng ở tầng một, hai", "Cửa hàng ở tầng một"),
    ("Prijs per week, dag", "Prijs per week"), ("Which Model 3 trims?", "Which Model 3?"), ("上午还是早", "上午还是"),
    ("早、晚班几点换", "晚班几点换"), ("Hai, ba ngày có kịp không", "Ba ngày có kịp không"), ("Hoy, ¿a qué hora abren?", "¿A qué hora abren?"),
    ("晚上好打车吗", "早上好打车吗"), ("晚上好停车吗", "停车吗"), ("怎么说谢谢", "怎么说"), (".NET怎么装", "NET怎么装"), ("壹、贰号楼", "壹贰号楼"), ("退款🙆", "退款🙅"), ("Hello单车怎么还", "单车怎么还"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_way_a_question_is_typed_does_not_matter(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_may_ask_something_else_stays_apart(one: str, other: str) -> None:
    assert normalised(one) != normalised(other)


def test_every_greeting_before_a_comma_and_every_thanks_after_a_full_stop_go() -> None:
    for code, sentences in all_sentences().items():
        for greeting in sentences.greetings:
            assert normalised(f"{greeting}, refund 15") == "refund 15", (code, greeting)
        for thanks in sentences.thanks:
            assert normalised(f"refund 15. {thanks}!") == "refund 15", (code, thanks)


def test_a_message_that_is_only_polite_stays_one() -> None:
    assert normalised("你好") == "你好"
    assert normalised("Thanks!") == "thanks"
    assert normalised("?!") == ""


def test_of_thousands_of_flips_none_meets_its_other() -> None:
    pairs = flips()
    assert len(pairs) >= 5_000
    assert [pair for _, pair in pairs if normalised(pair[0]) == normalised(pair[1])] == []


def test_every_other_way_of_typing_a_question_is_found() -> None:
    pairs = variants()
    assert len(pairs) >= 5_000
    assert [pair for pair in pairs if normalised(pair[0]) != normalised(pair[1])] == []


ALPHABET = "0123456789..,,::--//%%¥$ ab一二十开关不吗的了　１２½²①é'\"!?？。，、…—~(）\n+#=<>"


def test_the_form_of_a_form_is_itself_and_its_digits_are_those_of_the_text() -> None:
    dice = random.Random(7)
    for _ in range(20_000):
        text = "".join(dice.choices(ALPHABET, k=dice.randint(1, 14)))
        form = normalised(text)
        assert normalised(form) == form, text
        digits = [c for c in unicodedata.normalize("NFKC", text) if c.isdecimal()]
        assert [c for c in form if c.isdecimal()] == digits, text


def test_any_character_may_come() -> None:
    dice = random.Random(11)
    for _ in range(2_000):
        text = "".join(chr(dice.choice([dice.randrange(0x300), dice.randrange(0x110000)])) for _ in range(12))
        assert normalised(text) == normalised(f" {text}\n"), ascii(text)
