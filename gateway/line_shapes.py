"""The shapes of the replies about business lines. It does not make replies; see gateway/reply_shapes.py."""

from typing import Any, NotRequired

from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from gateway.reply_shapes import Count, Score


class LanguagesShape(TypedDict):
    pinned: str | None
    allowed: list[str]
    forbidden: list[str]


class HandoffRulesShape(TypedDict):
    words: list[str]
    after_unanswered: int | None
    keep_open: bool


class GenerationShape(TypedDict):
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    model: str | None


class FrequentShape(TypedDict):
    approved: bool
    cache: bool
    cache_seconds: Count
    semantic: bool
    threshold: float | None


class LineShape(TypedDict):
    """`prompt` is the live version, null for XiaoQ's own words. Managers see the line's lists of words, too."""

    id: str
    names: dict[str, str]
    bases: list[str]
    persona: str | None
    greeting: dict[str, str]
    suggestions: dict[str, list[str]]
    contact: dict[str, str]
    archived: bool
    languages: LanguagesShape
    glossary: list[str]
    hours: dict[str, list[str]]
    time_zone: str
    handoff: HandoffRulesShape
    generation: GenerationShape
    frequent: FrequentShape
    version: Count
    prompt: int | None
    word_lists: NotRequired[list[dict[str, Any]]]


class CalibrationReply(TypedDict):
    """`false_hits` and `recall` are shares of `unanswerable` and `answerable` questions."""

    threshold: Score
    false_hits: Score
    recall: Score
    unanswerable: Count
    answerable: Count
    embedding: str


class LinesReply(TypedDict):
    lines: list[LineShape]
