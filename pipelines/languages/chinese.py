"""Simplified or Traditional Chinese, or Japanese written in Han characters alone: told by the characters.

Knows no words; the sets are worked out of OpenCC's tables when the first Han character comes.
"""

from collections import Counter
from functools import cache
from typing import NamedTuple

# Simplified forms that Traditional text has too, as characters of their own: 皇后, 公里, 干涉, 台灣.
_IN_BOTH = frozenset(
    "后里干只面台松谷丑斗曲困系准制冲划卜几才了于云克丰仆伙借出别占厘吁吊吃同向周咸唇回夫夸奸姜家局尸岳布帘幸并征志"
    "念恤戚扎扣折托挂据采搜旋晒朱朴杆板栗核欲沈沾注泄游烟玩症秋签致舍范荐蔑表辟郁重霉韵须胡涂累仿修梁岩凶效皂群峰床"
)
# Forms that OpenCC takes for Japanese and that Chinese texts are full of.
_CHINESE_TOO = frozenset("欠研予弁缶糸郎翻萌慎戻")
_IDEOGRAPHS = [chr(code) for code in range(0x4E00, 0xA000)]


class Characters(NamedTuple):
    """Characters that only one of the three writes."""

    simplified: frozenset[str]
    traditional: frozenset[str]
    japanese: frozenset[str]


def told_by_characters(text: str) -> str:
    """`zh`, `zh-Hant` or `ja`, for a text in Han characters without kana; `zh` where they do not tell."""
    known = characters()
    seen = Counter(text)
    simplified, traditional, japanese = (
        sum(times for character, times in seen.items() if character in group) for group in known
    )
    if japanese > simplified and japanese * 3 >= traditional:
        return "ja"
    if traditional == simplified:
        return "zh-Hant" if any(quote in text for quote in "「」『』") else "zh"
    return "zh-Hant" if traditional > simplified else "zh"


@cache
def characters() -> Characters:
    """The three sets; twenty thousand characters through three tables take a few milliseconds, once."""
    to_simplified, to_traditional, from_japanese = (_changed(table) for table in ("t2s", "s2t", "jp2t"))
    simplified = frozenset(to_traditional) - _IN_BOTH - frozenset(to_simplified)
    traditional = frozenset(to_simplified) - frozenset(to_traditional)
    written = frozenset(to_simplified.values()) | frozenset(to_traditional)
    japanese = frozenset(from_japanese) - written - frozenset(to_simplified) - _CHINESE_TOO
    return Characters(simplified, traditional - japanese, japanese)


def _changed(table: str) -> dict[str, str]:
    import opencc

    converted = opencc.OpenCC(table).convert("\n".join(_IDEOGRAPHS)).split("\n")
    return {old: new for old, new in zip(_IDEOGRAPHS, converted, strict=True) if old != new}
