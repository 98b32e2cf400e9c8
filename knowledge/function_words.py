"""Words that shape a question and say little about its subject: question words, articles, prepositions.

A small knowledge base has too few passages to learn this from, and passages ask few questions: without these
lists one threshold means something else in each language. It knows nothing of any corpus.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import yaml

from knowledge.terms import accents_off, fold

_LISTS = Path(__file__).with_name("function_words.yaml")
_SURE = 2
"""Words that must be of another language before English gives way to it: `war` and `die` are English too."""

HAN = """
    为什么 怎么样 怎么办 怎么 怎样 什么时候 什么 多少 多久 多长时间 几天 哪里 哪些 哪个 哪儿 哪 谁 如何 为何 是不是 能不能 可不可以 有没有 要不要 会不会 可以 能否 是否
    能 可 会 要 想 请问 请 您好 你好 谢谢 麻烦 一下 我们 你们 他们 我 你 您 他 她 它 的 了 吗 呢 吧 啊 呀 嘛 是 在 有 和 与 或 及 就 都 也 还 又 很 这个
    那个 这 那 个 被 把 对 从 到 于 以 之 其 而 则 但 如果 因为 所以 现在 知道 告诉 关于 到底 应该 需要 帮忙 帮我 帮 没有 一个 里面 里 上 下 时候 东西
""".split()
"""Simplified, since text is folded before."""

LATIN = frozenset(
    """
    a an the i me my mine you your yours he she it its we us our they them their this that these
    those there here is am are was were be been being do does did doing done have has had having can
    could will would shall should may might must what when where which who whom whose why how of to
    in on at by for from with about into and or but if then than so as not no any some all s t m re
    ve ll d don doesn didn isn aren please hi hello hey thanks thank want need like get got know
    tell let just also too very more much many long often still yet time times day days today
    tomorrow yesterday tonight night week now ago last next first new old best better good apply use
    using used find see look looks make makes take takes give gives write start goes go going come
    comes way ways thing things one two ever each every both between before after during over under
    out up down off only again away something anything someone anyone everybody really possible able
    try trying happen happens mean means say says said think work works own other another same such
    while until since through without because though maybe lot bit sure ok
    """.split()
)


_NONE: frozenset[str] = frozenset()


def function_words(words: Iterable[str]) -> frozenset[str]:
    """Which of a question's folded words are function words, in the one language that most of them are of.

    Languages with letters of their own need no such choice.
    """
    asked = frozenset(words)
    spaced, own_script = _spaced(), _own_script()
    other = max((asked & listed for listed in spaced.values()), key=len, default=_NONE)
    english = asked & LATIN
    latin = other if len(other) >= _SURE and len(other) > len(english) else english
    return latin | (asked & own_script)


def function_mask(script: str, run: str) -> list[bool]:
    """For each character of a run without spaces (`han`, `unspaced`, `paired`), whether it belongs to a function
    word."""
    mask = [False] * len(run)
    for match in (_han_pattern() if script == "han" else _unspaced_pattern()).finditer(run):
        mask[match.start() : match.end()] = [True] * (match.end() - match.start())
    return mask


def _either(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, phrases), key=len, reverse=True)))


@cache
def _han_pattern() -> re.Pattern[str]:
    return _either(HAN)


@cache
def _unspaced_pattern() -> re.Pattern[str]:
    return _either({fold(phrase) for phrases in _lists()["unspaced"].values() for phrase in phrases.split()})


@cache
def _spaced() -> Mapping[str, frozenset[str]]:
    return {language: _forms(words) for language, words in _lists()["spaced"].items()}


@cache
def _own_script() -> frozenset[str]:
    return frozenset().union(*(_forms(words) for words in _lists()["own_script"].values()))


def _forms(words: str) -> frozenset[str]:
    """Folded, with accents and as people type without them."""
    folded = [fold(word) for word in words.split()]
    return frozenset([*folded, *map(accents_off, folded)])


@cache
def _lists() -> Mapping[str, Mapping[str, str]]:
    """The lists, read once; importing this module reads nothing."""
    lists: Mapping[str, Mapping[str, str]] = yaml.safe_load(_LISTS.read_text(encoding="utf-8"))
    return lists
