"""The language of a message, and what does not tell one."""

import opencc
import pytest

from pipelines.language import detect_language, likely_language
from pipelines.languages.chinese import ALSO_JAPANESE, CHARACTER_FILE, characters
from tests.support.han import lines


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我的订单为什么还没发货?", "zh"),
        ("我的訂單為什麼還沒發貨?", "zh-Hant"),
        ("Where is my parcel and when will it arrive?", "en"),
        ("Wo bleibt meine Bestellung, und wann wird sie geliefert?", "de"),
        ("注文した商品はいつ届きますか?", "ja"),
        ("제 주문은 언제 배송되나요?", "ko"),
        ("สินค้าของฉันจะมาถึงเมื่อไหร่", "th"),
        ("Где мой заказ и когда его доставят?", "ru"),
        ("ຄຳສັ່ງຊື້ຂອງຂ້ອຍຢູ່ໃສ", "lo"),
        ("ការបញ្ជាទិញរបស់ខ្ញុំនៅឯណា", "km"),
        ("API 限流是多少?", "zh"),
        ("How do I return an item?", "en"),
        ("how do i reset my password", "en"),
        ("can I pay in ten days", "en"),
        ("kan ik in termijnen betalen voor mijn bestelling?", "nl"),
        ("bisa saya kembalikan barang ini?", "id"),
        ("bolehkah saya pulangkan barang ini kerana rosak?", "ms"),
        ("nasaan na ang order ko", "tl"),
        ("asa na ang akong order", "ceb"),
        ("Onde está o meu pedido", "pt"),
        ("¿Dónde está mi pedido?", "es"),
        ("سفارش من کجاست", "fa"),
        ("میرا آرڈر کہاں ہے", "ur"),
        ("أين طلبي", "ar"),
        ("発送", "ja"),
        ("iPhone 15 Pro Max ราคาเท่าไหร่", "th"),
        ("I want to speak to 王小明 please", "en"),
    ],
)
def test_full_messages(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("don 8812 van chua nhan duoc", "vi"),
        ("shop oi khi nao giao hang vay", "vi"),
        ("toi muon huy don hang", "vi"),
        ("thanh toan that bai", "vi"),
        ("gusto nako i-cancel ang order", "ceb"),
        ("kanus-a ang refund", "ceb"),
        ("potrebuju fakturu", "cs"),
        ("posilate do polska?", "cs"),
        ("adres degisikligi", "tr"),
        ("betaling mislukt", "nl"),
        ("app crasht steeds", "nl"),
        ("account bloccato", "it"),
        ("app travando direto", "pt"),
        ("kapan refund masuk", "id"),
        ("ایپ بار بار بند", "ur"),
        ("پولم کی برمیگرده", "fa"),
        ("返品方法", "ja"),
        ("送料", "ja"),
        ("会員登録", "ja"),
        ("有冇人", "zh-Hant"),
        ("送料无料吗", "zh"),
    ],
)
def test_messages_as_phones_type_them(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("मेरा order delivery कब होगा", "hi"),
        ("account password reset कैसे करें", "hi"),
        ("my order कब आएगा", "hi"),
        ("payment done কিন্তু order নাই", "bn"),
        ("account password 忘了", "zh"),
        ("please 帮我 cancel order", "zh"),
        ("order delivery はいつ", "ja"),
        ("refund payment 안됐어요", "ko"),
        ("return refund ยังไงคะ", "th"),
        ("account password забыл", "ru"),
        ("account password نسيت", "ar"),
        ("order delivery کب آئے گی", "ur"),
        ("delivery to تهران please", "en"),
        ("refund for 茅台 please", "en"),
    ],
)
def test_borrowed_words_leave_a_sentence_in_its_language(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "Mera order kahan hai", "bhai paise wapas karo", "mujhe refund chahiye", "kogda pridet posylka", "ya hochu vernut dengi",
        "wo de dingdan zai nali", "kifak, wen el order", "sefaresh man kojast", "arigato", "jumun eonje wayo",
    ],
)  # fmt: skip
def test_what_is_in_the_letters_of_another_language_is_taken_for_none(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Je voudrais voir le film Mera Naam de Raj Kapoor", "fr"),
        ("Can I get a spasibo sticker with my order?", "en"),
    ],
)
def test_a_foreign_word_in_a_sentence_changes_nothing(text: str, language: str) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [("Де моє замовлення і коли його доставлять?", "uk"), ("Πού είναι το δέμα μου;", "el")],
)
def test_a_language_without_sentences_of_its_own_is_not_taken_for_its_neighbour(
    text: str, language: str
) -> None:
    assert detect_language(text) == language


@pytest.mark.parametrize(
    "text",
    [
        "", "12345", "???", "OK", "138-0013-8000", "👍", "ok", "no", "Amazon", "service@example.com",
        "https://example.com/Bestellung", "SKU-12345-AB", "[PHONE_1]", "iPhone 15 Pro", "Samsung Galaxy", "WiFi", "ok ok", "Where is 我的订单",
    ],
)  # fmt: skip
def test_what_does_not_tell(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("OK", "en"), ("12345", "zh"), ("", "zh"), ("退 refund", "zh"), ("怎么 cancel my order", "zh"), ("iPhone 15 Pro Max 退款", "zh"),
        ("How do I use 支付宝?", "en"), ("Can I pay with 微信支付 here", "en"), ("Kann ich hier mit 支付宝 bezahlen", "de"),
        ("Paket an Иван Петров senden bitte", "de"), ("My name is Иван Петров", "en"), ("colis pour 王小明 svp", "fr"),
    ],
)  # fmt: skip
def test_where_nothing_tells_the_script_decides(text: str, language: str) -> None:
    assert likely_language(text) == language


def test_the_characters_of_each_script_are_those_of_openccs_tables() -> None:
    assert CHARACTER_FILE.read_text(encoding="utf-8") == lines(), "python -m tests.support.han writes it anew"
    simplified, traditional, japanese = characters()
    assert not simplified & traditional | simplified & japanese | traditional & japanese
    assert "们" in simplified
    assert "們" in traditional
    assert "発" in japanese
    assert "台" not in simplified


def test_the_simplified_characters_that_japanese_writes_too_are_those_of_openccs_tables() -> None:
    simplified, traditional, _ = characters()
    plainly, in_japanese = (opencc.OpenCC(name).convert for name in ("t2s", "t2jp"))
    assert {
        plainly(one) for one in traditional if plainly(one) == in_japanese(one)
    } & simplified == ALSO_JAPANESE
