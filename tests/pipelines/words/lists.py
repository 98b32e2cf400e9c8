"""Word lists for tests: one of each action, in Chinese and English."""

from core.words import WordList

BLOCK = WordList("b", "Never", "illegal", "block", ("法轮功", "六合彩", "kill yourself", "motherf", "abcdef"))
REPLACE = WordList(
    "r", "Rude", "abuse", "replace", ("ass", "hell", "penis", "赌博", "赌", "AV女优", "8964", "lol", "ano", "cdx"),
    replacement="[…]",
)  # fmt: skip
HANDOFF = WordList("h", "Lawyers", "legal", "handoff", ("律师函", "lawsuit"))
FLAG = WordList("f", "Rivals", "rival", "flag", ("竞品", "传奇", "fuck"), homophones=True)
OWN = WordList("o", "The bank's own", "bank", "replace", ("庞氏", "bcd"), line="bank", replacement="…")
ALL = (BLOCK, REPLACE, HANDOFF, FLAG, OWN)
