"""Simplified or Traditional Chinese, or Japanese written in Han characters alone: told by the characters.

Knows no words. The three sets are OpenCC's tables worked out beforehand: those take 30 MB where the sets take two.
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

FEW = 6
"""Han characters, the most that Japanese has in a row now and then: names, addresses, words such as 注文番号確認."""
_NOT_JAPANESE = frozenset("吗嗎我你您们們么麼吧呢哪谁怎什这這很没還还是把让讓啊")
ALSO_JAPANESE = frozenset(
    "万与乱争亘会体余侠党内写刹励匀区医却参双叙号嘘嘱国堕壮声奥学宝寝寿将尽届属峡弥弯当彦径恋恒悦惨担挟掴数断旧昼晋条来枢桧楼横欧残殴没浅涛温湾"
    "湿滞潜灯炉点状独狭猫献画痴盗砺礼祢祷禄禅秘称税窃粽胆脚脱芦茎莱葱蒋虚虫蚕蛮蝉装触誉践辞遥随静麦黄"
)
"""Characters of the simplified set that Japanese writes the same."""

_JAPANESE_WORDS = re.compile(
    "返品|返金|送料|注文|荷物|支払|割引|手数料|受付|問合|見積|締切|口座|申込|税込|税抜|切替|予約|不具合"
)
"""What customers ask for in Han characters alone, and Chinese calls otherwise: 返品方法, 送料."""
_TRADITIONAL = re.compile("[「」『』冇嘅咗喺唔哋嚟嗰佢畀啲嘢乜冚攞揾搵嗌瞓]")
"""Quotation marks, and characters of Cantonese, which Hong Kong writes above all: 有冇人."""

CHARACTER_FILE = Path(__file__).with_name("characters.txt")


class Characters(NamedTuple):
    """Characters that only one of the three writes."""

    simplified: frozenset[str]
    traditional: frozenset[str]
    japanese: frozenset[str]


def told_by_characters(text: str) -> str:
    """`zh`, `zh-Hant` or `ja`, for a text in Han characters without kana; `zh` where they do not tell."""
    # What is left of the text tells how many there are in half the time of counting each.
    simplified, traditional, japanese = _counted(text)
    if japanese > simplified and japanese * 3 >= traditional:
        return "ja"
    likely = may_be_in(text) if len(text) <= FEW else ()
    if "ja" in likely and (len(likely) == 1 or _JAPANESE_WORDS.search(text)):
        return "ja"
    if traditional == simplified:
        return "zh-Hant" if _TRADITIONAL.search(text) else "zh"
    return "zh-Hant" if traditional > simplified else "zh"


def may_be_in(text: str) -> list[str]:
    """Which of the three a text in Han characters without kana may be in: 你好 is the same in both scripts, 東京 is Japanese
    as well."""
    simplified, traditional, japanese = _counted(text)
    found = []
    if not traditional and not japanese:
        found.append("zh")
    if not simplified and not japanese:
        found.append("zh-Hant")
    if len(text.strip()) <= FEW and not _not_japanese().intersection(text):
        found.append("ja")
    return found


@cache
def _not_japanese() -> frozenset[str]:
    return _NOT_JAPANESE | (characters().simplified - ALSO_JAPANESE)


def _counted(text: str) -> tuple[int, ...]:
    """How many characters of each of the three sets there are."""
    return tuple(len(text) - len(some.sub("", text)) for some in _runs())


@cache
def characters() -> Characters:
    """The three sets, a line of the file each."""
    return Characters(*map(frozenset, CHARACTER_FILE.read_text(encoding="utf-8").splitlines()))


@cache
def _runs() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"[{''.join(sorted(some))}]+") for some in characters())
