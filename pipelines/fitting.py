"""Whether an answer that is there already is in a language in which the line would answer this question.

Compares codes, and scripts where a short message's code cannot be told; detects nothing itself.
"""

import unicodedata
from collections import Counter

from core.messages import LanguageRules


def fits(answer: str, written_in: str, asked: str, language: str, rules: LanguageRules) -> bool:
    """`written_in` is the answer's language ("und" where nobody said), `language` the one the line answers in.

    The question is one that the answer was written for. So where its language was taken for another of the same script,
    as happens with two or three words, the answer still fits, unless the line says in which languages it answers.
    """
    if written_in in ("", "und") or _same(written_in, language):
        return not rules.pinned or written_in in ("", "und") or _fits_pin(written_in, rules.pinned)
    if rules.pinned or rules.allowed or any(_same(written_in, one) for one in rules.forbidden):
        return False
    return _script(answer) == _script(asked)


def _same(one: str, other: str) -> bool:
    return one.partition("-")[0] == other.partition("-")[0]


def _fits_pin(written_in: str, pinned: str) -> bool:
    """A pinned script counts: Simplified Chinese is no Traditional Chinese."""
    return written_in == pinned or not ("zh" in (written_in, pinned) and _same(written_in, pinned))


def _script(text: str) -> str:
    scripts = Counter(unicodedata.name(c, "?").partition(" ")[0] for c in text[:200] if c.isalpha())
    return max(scripts, key=lambda script: scripts[script]) if scripts else ""
