"""Texts in the encodings that people's files are in, with and without marks and declarations."""

import csv
import os
from collections import defaultdict
from pathlib import Path

import pytest

from knowledge.encodings import encoding_of
from tests.knowledge.reading import read

SHARED = Path(os.environ.get("XIAOQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
TEXTS = {
    "zh": "我的订单为什么还没有发货？",
    "zh-TW": "我的訂單為什麼還沒有發貨？請聯絡客服人員，謝謝。",
    "ja": "注文した商品はいつ届きますか。配送料は500円です。",
    "ko": "주문한 상품은 언제 도착합니까? 배송비는 무료입니다.",
    "ru": "Когда придёт мой заказ? Доставка бесплатная.",
    "ar": "متى يصل طلبي؟ الشحن مجاني لجميع العملاء.",
    "th": "สินค้าจะมาถึงเมื่อไหร่ จัดส่งฟรีทั่วประเทศ",
    "fr": "Où est ma commande ? La livraison est déjà payée, là-bas.",
}
CASES = [
    *((key, encoding) for key in TEXTS for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")),
    ("zh", "gb18030"), ("zh-TW", "big5"), ("ja", "cp932"), ("ja", "euc_jp"), ("ko", "euc_kr"), ("ko", "cp949"),
    ("ru", "cp1251"), ("ru", "koi8_r"), ("ar", "cp1256"), ("th", "cp874"), ("fr", "cp1252"),
]  # fmt: skip
FOLDER = SHARED / "data" / "language" / "ntrex_dev.tsv"
LEGACY = {
    "zh": ["gb18030"], "zh-TW": ["big5"], "ja": ["cp932", "euc_jp"], "ko": ["euc_kr"], "ru": ["cp1251", "koi8_r"],
    "ar": ["cp1256"], "th": ["cp874"], "fr": ["cp1252"], "de": ["cp1252"], "es": ["cp1252"], "pl": ["cp1250"],
    "tr": ["cp1254"],
}  # fmt: skip


@pytest.mark.parametrize(("language", "encoding"), CASES)
def test_text_in_any_common_encoding(language: str, encoding: str) -> None:
    (chunk,), _ = read("manual.txt", TEXTS[language].encode(encoding))
    assert chunk.text == TEXTS[language]


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("a.html", '<meta charset="gb2312"><p>退货</p>', "gb18030"),
        ("a.html", '<meta http-equiv="Content-Type" content="text/html; charset=big5"><p>退貨</p>', "big5"),
        ("a.xml", '<?xml version="1.0" encoding="GBK"?><a>退货</a>', "gb18030"),
        ("a.xml", '<?xml version="1.0" encoding="windows-1251"?><a>ты</a>', "cp1251"),
        ("a.csv", "名前,価格\nりんご,百円\n", "cp932"),
        ("a.json", '{"名": "退货政策"}', "gb18030"),
        ("a.md", "# 退货\n政策\n", "gb18030"),
    ],
)
def test_a_declaration_is_believed_where_the_bytes_bear_it_out(name: str, text: str, encoding: str) -> None:
    chunks, _ = read(name, text.encode(encoding))
    said = chunks[0].title + chunks[0].text
    assert "�" not in said
    assert any(word in said for word in ("退货", "退貨", "ты", "りんご"))


def test_a_false_declaration_is_not_believed() -> None:
    (chunk,), _ = read("a.html", '<meta charset="iso-8859-1"><p>退货政策说明</p>'.encode())
    assert chunk.text == "退货政策说明"


def test_a_broken_character_leaves_utf8_what_it_is() -> None:
    text = "退货政策:七天内可退。" * 50
    (chunk, *_), _ = read("a.txt", text.encode()[:-1])
    assert chunk.text.startswith("退货政策")


@pytest.mark.skipif(not FOLDER.exists(), reason="the development sets are not on this machine")
@pytest.mark.parametrize("language", LEGACY)
def test_a_few_sentences_of_real_text_are_told(language: str) -> None:
    by_language = defaultdict(list)
    with FOLDER.open(encoding="utf-8") as file:
        for code, sentence in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            by_language[code].append(sentence)
    for encoding in LEGACY[language]:
        sentences = by_language[language]
        samples = ["\n".join(sentences[at : at + 5]).encode(encoding, "ignore") for at in range(0, 400, 5)]
        right = sum(
            sample.decode(encoding) == sample.decode(encoding_of(sample, "x"), "replace")
            for sample in samples
        )
        assert right >= 0.97 * len(samples), encoding
