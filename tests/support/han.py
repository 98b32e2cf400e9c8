"""Works out pipelines/languages/characters.txt from OpenCC's tables.

Usage: python -m tests.support.han   (writes the file anew)
"""

from pathlib import Path

import opencc

from pipelines.languages.chinese import CHARACTER_FILE

# Simplified forms that Traditional text has too, as characters of their own: 皇后, 公里, 干涉, 台灣.
IN_BOTH = frozenset(
    "后里干只面台松谷丑斗曲困系准制冲划卜几才了于云克丰仆伙借出别占厘吁吊吃同向周咸唇回夫夸奸姜家局尸岳布帘幸并征志"
    "念恤戚扎扣折托挂据采搜旋晒朱朴杆板栗核欲沈沾注泄游烟玩症秋签致舍范荐蔑表辟郁重霉韵须胡涂累仿修梁岩凶效皂群峰床"
)
# Forms that OpenCC takes for Japanese and that Chinese texts are full of.
CHINESE_TOO = frozenset("欠研予弁缶糸郎翻萌慎戻")
IDEOGRAPHS = [chr(code) for code in range(0x4E00, 0xA000)]


def lines() -> str:
    """One line each: characters that only Simplified, only Traditional, only Japanese text holds."""
    to_simplified, to_traditional, from_japanese = (_changed(table) for table in ("t2s", "s2t", "jp2t"))
    written = set(to_simplified.values()) | set(to_traditional)
    japanese = set(from_japanese) - written - set(to_simplified) - CHINESE_TOO
    simplified = set(to_traditional) - IN_BOTH - set(to_simplified)
    traditional = set(to_simplified) - set(to_traditional) - japanese
    return "".join("".join(sorted(group)) + "\n" for group in (simplified, traditional, japanese))


def _changed(table: str) -> dict[str, str]:
    converted = opencc.OpenCC(table).convert("\n".join(IDEOGRAPHS)).split("\n")
    return {old: new for old, new in zip(IDEOGRAPHS, converted, strict=True) if old != new}


if __name__ == "__main__":
    Path(CHARACTER_FILE).write_text(lines(), encoding="utf-8")
