"""Which of the encodings before Unicode a text is in: the one under which it looks most like writing.

Bytes are no proof: most texts decode under several. What tells is that real text uses the common characters of
one script, in words of one script, with capitals at their beginnings. It knows no files.
"""

import re
from collections.abc import Callable, Sequence

_SAMPLE = 20_000
_ENOUGH = 0.6


def likeliest(data: bytes) -> str | None:
    """Python's name of the encoding, or None where the bytes look like text under none."""
    sample = data[:_SAMPLE]
    scores = [(_score(sample, encoding, rate), encoding) for encoding, rate in _CANDIDATES]
    best, encoding = max(scores, key=lambda entry: entry[0])  # the first of equals
    return encoding if best >= _ENOUGH else None


def wide(data: bytes, *, hangul: bool) -> str | None:
    """UTF-16 without a mark, in the byte order that gives common characters; None for anything else.

    `hangul` is to be False where another encoding is as likely: common Chinese of GB 2312 reads as Hangul.
    """
    sample = data[: min(len(data), _SAMPLE) & ~1]
    if len(data) % 2 or not sample:
        return None
    scores = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        text = sample.decode(encoding, errors="replace")
        scores[encoding] = sum(_everyday(char, hangul) for char in text) / len(text)
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] >= 0.9 and scores[best] > min(scores.values()) + 0.2 else None


def _everyday(char: str, hangul: bool) -> bool:
    if char < "\u0e80":
        return char.isprintable() or char in "\r\n\t"
    if "\u4e00" <= char <= "\u9fff":
        return any(common(char) for common in _COMMON_HAN)
    return char in _PUNCTUATION or "\u3041" <= char <= "\u30fe" or (hangul and "\uac00" <= char <= "\ud7a3")


def _score(sample: bytes, encoding: str, rate: Callable[[str, bytes], float]) -> float:
    """In [0, 1]; 0 where the bytes are impossible. A character may be cut at the sample's end."""
    text = sample.decode(encoding, errors="replace")
    broken = text[:-2].count("\ufffd")
    if broken > 0.002 * len(text):
        return 0.0
    return rate(text, sample)


def _han_level_one(encoding: str, low: int, high: int) -> Callable[[str], bool]:
    """Whether a character is among the common ones, which these standards put first, in rows of their own."""

    def common(char: str) -> bool:
        code = char.encode(encoding, errors="ignore")
        return len(code) == 2 and low <= code[0] <= high

    return common


_COMMON_HAN = (
    _han_level_one("gb2312", 0xB0, 0xD7),
    _han_level_one("big5", 0xA4, 0xC6),
    _han_level_one("shift_jis", 0x88, 0x97),
)
_PUNCTUATION = set("，。！？、；：（）《》〈〉「」『』【】〔〕“”‘’…—～·￥％．／＋－＝　〜・ー々°×→")


def _east_asian(
    common: Callable[[str], bool], *, kana: bool = False, hangul: bool = False
) -> Callable[[str, bytes], float]:
    def rate(text: str, _sample: bytes) -> float:
        others = [char for char in text if char > "\x7f"]
        good = sum(_weight(char, common, kana, hangul) for char in others) - 0.7 * len(_ALONE.findall(text))
        letters = [char for char in others if char not in _PUNCTUATION]
        score = max(0.0, good / len(others)) if others else 0.0
        if kana:  # Japanese without kana is Chinese
            shown = sum("\u3041" <= char <= "\u30fe" for char in letters)
            score *= 1.0 if shown > 0.12 * len(letters) else 0.85
        return score * (1.0 if hangul else 0.99)  # common Hangul are common Han elsewhere, not the other way

    return rate


_ALONE = re.compile(r"(?:[a-z][^\x00-\x7f](?![^\x00-\x7f])|(?<![^\x00-\x7f])[^\x00-\x7f](?=[a-z]))")
"""One character inside a Latin word is an accent or an apostrophe that swallowed its neighbour."""


def _weight(char: str, common: Callable[[str], bool], kana: bool, hangul: bool) -> float:
    if char in _PUNCTUATION:
        return 1.0
    if "\u3041" <= char <= "\u30fe":
        return 1.0 if kana else 0.2
    if "\uac00" <= char <= "\ud7a3":
        return 1.0 if hangul and common(char) else 0.0
    if "\uff01" <= char <= "\uff5e":
        return 0.9
    if "\u4e00" <= char <= "\u9fff":
        return 0.1 if hangul else 1.0 if common(char) else 0.35
    return 0.0


_WORD = re.compile(r"[^\W\d_]+(?:[\u0e30-\u0e4e\u064b-\u0652]+[^\W\d_]*)*")


_CYRILLIC_VOWELS = set("аеиоуыэюяёіїє")


def _alphabet(letters: str, *, rare: float = 0.3) -> Callable[[str, bytes], float]:
    """Rates words beyond ASCII: letters of the alphabet, not mixed with another, capitals only at the start."""
    known = set(letters) | set(letters.upper())
    latin = letters[0] < "\u0250"

    def rate(text: str, _sample: bytes) -> float:
        others = sum(char > "\x7f" for char in text)
        if not others:
            return 0.0
        good = 0.0
        for word in _WORD.findall(text):
            foreign = [char for char in word if char > "\x7f"]
            if not foreign:
                continue
            shaped = word.islower() or word.isupper() or word[1:].islower() or word.lower() == word.upper()
            pure = latin or len(foreign) == len(word)
            share = 1.0 if shaped and pure else rare
            good += share * sum(1.0 if char in known else rare for char in foreign)
        if letters[0] == "а":
            lower = [char for char in text.lower() if "\u0400" <= char <= "\u04ff"]
            # Hebrew reads as Cyrillic words with hardly a vowel.
            good *= 1.0 if sum(char in _CYRILLIC_VOWELS for char in lower) >= 0.28 * len(lower) else 0.8
        marks = sum(char in "«»“”‘’„…–—№€°·©®™§£¡¿،؛؟\u200c\u200d\u200e\u200f\xa0฿" for char in text)
        return min(1.0, (good + 0.8 * marks) / others) * 0.98

    return rate


_CANDIDATES: Sequence[tuple[str, Callable[[str, bytes], float]]] = (
    ("gb18030", _east_asian(_han_level_one("gb2312", 0xB0, 0xD7))),
    ("big5hkscs", _east_asian(_han_level_one("big5", 0xA4, 0xC6))),
    ("cp932", _east_asian(_han_level_one("shift_jis", 0x88, 0x97), kana=True)),
    ("euc_jp", _east_asian(_han_level_one("euc_jp", 0xB0, 0xCF), kana=True)),
    ("cp949", _east_asian(_han_level_one("euc_kr", 0xB0, 0xC8), hangul=True)),
    ("cp1252", _alphabet("àâäáãåæçéèêëíìîïñóòôöõøœßúùûü")),
    ("cp1251", _alphabet("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ")),
    ("koi8_r", _alphabet("абвгдежзийклмнопрстуфхцчшщъыьэюяё")),
    (
        "cp1256",
        _alphabet("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگ\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652"),
    ),
    ("cp874", _alphabet("".join(map(chr, [*range(0x0E01, 0x0E3B), *range(0x0E40, 0x0E4F)])))),
    ("cp1253", _alphabet("αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋ")),
    ("cp1255", _alphabet("אבגדהוזחטיךכלםמןנסעףפץצקרשת")),
    ("cp1250", _alphabet("ąćęłńóśźżáčďéěíňřšťúůýžőűöüäâăîșşțţ")),
    ("cp1254", _alphabet("çğıİöşüâî")),
    ("cp1258", _alphabet("àáâãèéêìíòóôõùúýăđơưạảấầẩẫậắằẳẵặẹẻẽ")),
)
