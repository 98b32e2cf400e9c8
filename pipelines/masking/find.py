"""Finds personal data in a text: folds it, asks every recogniser, keeps the best of what overlaps.

Does not replace or store anything, and knows neither customers nor documents.
"""

import re
from collections.abc import Iterable, Iterator

from core.privacy import Finding, Kind
from pipelines.masking.address_en import western_addresses
from pipelines.masking.address_zh import chinese_addresses
from pipelines.masking.candidates import Candidate, best
from pipelines.masking.cards import cards
from pipelines.masking.codes import codes, plates
from pipelines.masking.folding import Folded, fold
from pipelines.masking.handles import handles
from pipelines.masking.identity import identities
from pipelines.masking.mail import mails
from pipelines.masking.phones import phones
from pipelines.masking.shapes import loose_ends
from pipelines.masking.spoken import in_digits, in_words

_FIGURES = re.compile(
    r"[\d@＠﹫①-⒛⓪-⓿❶-➓ａ-ｚＡ-Ｚ²³¹⁰-₉]|[^\x00-\u06ff\u3000-\u303f\u4e00-\u9fff\uff00-\uff65\u2010-\u2027]"
    r"|[零〇○一二三四五六七八九壹贰貳叁參肆伍陆陸柒捌玖幺两兩]{2}"
    r"|[路街巷弄号室][一二三四五六七八九十]|[A-Za-z][·\-. ]?[零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖幺两]"
)
_WORDS = re.compile(
    r"艾特|爱特|小老鼠|圈a|at符号|[微薇威徽魏]信|微訊|微 信|v信|薇芯|绿泡泡|绿色软件|加[vqp微薇威我]|扣扣|抠抠|we ?chat|wei ?xin|vx|wx|v x|w x|联系我"
    r"|[ \(\[\{<_\-【「（]at[ \)\]\}>_\-】」）]|zero|one|two|three|double|ling|yao|[址住籍].{0,9}[省市]|str\.|straße"
)
"""One look for either spares a text without personal data all the others."""
_LIST_MARK = re.compile(r"^[ ]{0,8}[0-9]{1,3}[.)、](?=[ ])", re.MULTILINE)
_SOME_FIGURES = re.compile(r"[0-9][^0-9]{0,3}[0-9][^0-9]{0,3}[0-9]")
_OWN_ENDS = frozenset({Kind.EMAIL, Kind.ADDRESS, Kind.WECHAT, Kind.PLATE})
_HOME = re.compile("[住址籍]")
_STREET_FIGURE = re.compile(r"[0-9一二三四五六七八九十百〇零]")


def find(text: str) -> list[Finding]:
    """Sorted by place and not overlapping. Takes any text; time is linear in its length."""
    if _FIGURES.search(text) is None and _WORDS.search(text.lower()) is None:
        return []
    folded = _without_list_marks(fold(text))
    found = [_finding(folded, one) for one in _judged(folded, _candidates(folded))]
    for other in (in_digits(folded), in_words(folded)):
        if other is not None:
            found = _merged(found, [_finding(other, one) for one in _judged(other, _numbers(other))])
    return found


def _without_list_marks(folded: Folded) -> Folded:
    """The figures of "1. " at the beginning of a line belong to no number."""
    text = _LIST_MARK.sub(lambda mark: "\x02" * len(mark.group()), folded.text)
    return folded if text == folded.text else folded.rewritten(text)


def _candidates(folded: Folded) -> Iterator[Candidate]:
    yield from mails(folded)
    yield from _numbers(folded)
    if _STREET_FIGURE.search(folded.text) or _HOME.search(folded.text):
        yield from chinese_addresses(folded.text)
        yield from western_addresses(folded)


def _numbers(folded: Folded) -> Iterator[Candidate]:
    if folded.runs:
        yield from phones(folded)
        yield from cards(folded)
        yield from identities(folded)
    if _SOME_FIGURES.search(folded.text):
        yield from codes(folded)
    yield from plates(folded)
    yield from handles(folded)


def _judged(folded: Folded, candidates: Iterable[Candidate]) -> list[Candidate]:
    return best(
        one if one.kind in _OWN_ENDS else one._replace(loose=loose_ends(folded.text, one.start, one.end))
        for one in candidates
    )


def _finding(folded: Folded, one: Candidate) -> Finding:
    start, end = folded.place(one.start), folded.until(one.end)
    return Finding(one.kind, start, end, one.confidence, one.value)


def _merged(found: list[Finding], further: list[Finding]) -> list[Finding]:
    """Further findings where the first ones left the text free, and where they cover more of it."""
    if not further:
        return found
    everything = sorted([*found, *further], key=lambda one: (one.start, -one.end))
    kept: list[Finding] = []
    for one in everything:
        if not kept or kept[-1].end <= one.start:
            kept.append(one)
        elif one.end - one.start > kept[-1].end - kept[-1].start:
            kept[-1] = one
    return kept
