"""What was changed between two texts, word by word: words as they are spaced, Chinese and its like by the sign.

Knows no prompt.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Op = Literal["equal", "delete", "insert"]

_UNSPACED = "぀-ヿ㐀-䶿一-鿿豈-﫿฀-໿က-႟ក-៿"
"""Kana, Han, Thai, Lao, Burmese, Khmer: no spaces between words."""
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|\n|[^\S\n]+|[^\w\s]|_")
_LARGEST = 3_000
"""Words of a changed part that are compared one by one; of a larger one all counts as changed."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of both texts (`equal`), of the old one alone (`delete`) or of the new one alone (`insert`)."""

    op: Op
    text: str


def changes(old: str, new: str) -> Sequence[Segment]:
    """The way from one text to the other: all but insertions give the old one, all but deletions the new one."""
    found: list[Segment] = []
    lines = SequenceMatcher(None, old.splitlines(True), new.splitlines(True), autojunk=False)
    before, after = old.splitlines(True), new.splitlines(True)
    for op, i, j, k, m in lines.get_opcodes():
        left, right = "".join(before[i:j]), "".join(after[k:m])
        if op == "equal":
            found.append(Segment("equal", left))
        else:
            found += _by_word(left, right)
    return _joined(found)


def changes_by_language(old: Mapping[str, str], new: Mapping[str, str]) -> Mapping[str, Sequence[Segment]]:
    """The changes in every language that either has."""
    languages = dict.fromkeys((*old, *new))
    return {language: changes(old.get(language, ""), new.get(language, "")) for language in languages}


def _by_word(old: str, new: str) -> Sequence[Segment]:
    before, after = _WORD.findall(old), _WORD.findall(new)
    if len(before) > _LARGEST or len(after) > _LARGEST:
        return [Segment("delete", old), Segment("insert", new)]
    found: list[Segment] = []
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    for n, (op, i, j, k, m) in enumerate(opcodes):
        left, right = "".join(before[i:j]), "".join(after[k:m])
        if op == "equal" and not (0 < n < len(opcodes) - 1 and _chance(left)):
            found.append(Segment("equal", left))
        else:
            found += [Segment("delete", left), Segment("insert", right)]
    return found


def _chance(text: str) -> bool:
    """Whether a match between two changes is no more than a sign or a space: it would only break the change up."""
    return len(text) == 1 and text != "\n"


def _joined(segments: Iterable[Segment]) -> Sequence[Segment]:
    """Neighbouring changes as one: what was taken out, then what was put in its place."""
    found: list[Segment] = []
    taken, put = "", ""
    for segment in (*segments, None):
        if segment is not None and segment.op != "equal":
            taken += segment.text if segment.op == "delete" else ""
            put += segment.text if segment.op == "insert" else ""
            continue
        found += [Segment("delete", taken)] if taken else []
        found += [Segment("insert", put)] if put else []
        taken = put = ""
        if segment is not None and found and found[-1].op == "equal":
            found[-1] = Segment("equal", found[-1].text + segment.text)
        elif segment is not None and segment.text:
            found.append(segment)
    return found
