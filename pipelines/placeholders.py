"""The placeholders of a prompt: the fixed list, what is wrong with a text and where, and putting values in.

Knows no line and no language: pipelines/profile.py says what each one stands for.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Literal

from core.prompts import PromptProblem

PLACEHOLDERS: Sequence[str] = (
    "persona",
    "line_name",
    "contact",
    "hours",
    "today",
    "now",
    "customer_language",
    "passages",
    "glossary",
    "max_characters",
)
LONGEST_TEXT = 20_000
"""Characters of a prompt in one language."""
MOST_PROBLEMS = 20
"""Told at a time, in one language."""

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}\n]*)(\}?)|\}")
"""Doubled braces, something in braces that may lack its end, a closing brace by itself."""
_SHOWN = 60


def filled(text: str, value: Callable[[str], str]) -> str:
    """The text with a value in each placeholder's place, and single braces for doubled ones.

    One pass: what is put in is never read. What no check has passed stays as it is.
    """

    def put(match: re.Match[str]) -> str:
        if match[0] in ("{{", "}}"):
            return match[0][0]
        if match[2] and match[1] in PLACEHOLDERS:
            return value(match[1])
        return match[0]

    return _TOKEN.sub(put, text)


def names_in(text: str) -> Sequence[str]:
    """The placeholders that a text uses, in order, each as often as it stands there."""
    return [match[1] for match in _TOKEN.finditer(text) if match[2] and match[1] in PLACEHOLDERS]


def escaped(text: str) -> str:
    """Plain words as the text of a prompt."""
    return text.replace("{", "{{").replace("}", "}}")


def problems_of(texts: Mapping[str, str]) -> Sequence[PromptProblem]:
    """Everything that is wrong with a prompt, by language in the order given, from the beginning of its text on."""
    if not texts:
        return [PromptProblem("empty", 0, 0)]
    return [*chain.from_iterable(_problems(language, text) for language, text in texts.items())]


def _problems(language: str, text: str) -> Sequence[PromptProblem]:
    if not text.strip():
        return [PromptProblem("empty", 0, len(text), language)]
    if len(text) > LONGEST_TEXT:
        detail = {"characters": len(text), "limit": LONGEST_TEXT}
        line, column = _place(text, LONGEST_TEXT)
        return [PromptProblem("too_long", LONGEST_TEXT, len(text), language, line, column, detail)]
    found = (_problem(match, language, text) for match in _TOKEN.finditer(text))
    return [*islice(filter(None, found), MOST_PROBLEMS)]


def _problem(match: re.Match[str], language: str, text: str) -> PromptProblem | None:
    """What is wrong with one token; the place of one that lacks its end goes as far as its words."""
    start, end = match.span()
    detail: dict[str, Any] = {}
    code: Literal["stray_brace", "unclosed_placeholder", "unknown_placeholder"]
    if match[0] in ("{{", "}}") or (match[2] and match[1] in PLACEHOLDERS):
        return None
    if match[0] == "}":
        code = "stray_brace"
    elif not match[2]:
        code, end = "unclosed_placeholder", start + 1 + len(match[1].rstrip()[:_SHOWN])
    else:
        code, detail = "unknown_placeholder", {"name": match[1][:_SHOWN]}
    return PromptProblem(code, start, end, language, *_place(text, start), detail)


def _place(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    begun = text.rfind("\n", 0, at) + 1
    return text.count("\n", 0, at) + 1, at - begun + 1
