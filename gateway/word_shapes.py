"""The shapes of the replies about sensitive words, and of a dry run of a message.

It does not make replies; see gateway/reply_shapes.py.
"""

from typing import Any

from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from core.messages import Mode
from core.words import Action
from gateway.reply_shapes import Count, FoundShape, Moment, Score


class FindingShape(TypedDict):
    """Where personal data stands in the text as it was sent."""

    kind: str
    start: Count
    end: Count
    confidence: Score


class BudgetShape(TypedDict):
    """Tokens. `left` is below 0 where the question by itself is longer than the window."""

    window: Count
    exact: bool
    parts: dict[str, Count]
    used: Count
    left: int


class InspectReply(TypedDict):
    masked: str
    findings: list[FindingShape]
    words: list[dict[str, Any]]
    language: str | None
    route: str
    mode: Mode
    passages: list[FoundShape]
    prompt: list[dict[str, Any]]
    prompt_version: Count | None
    budget: BudgetShape | None


class WordListShape(TypedDict):
    id: str
    name: str
    category: str
    action: Action
    line: str | None
    replacement: str
    homophones: bool
    enabled: bool
    count: Count
    updated_at: Moment | None


class WordListsReply(TypedDict):
    lists: list[WordListShape]


class FilledListReply(WordListShape):
    duplicates: Count
    unusable: Count
    left_out: list[dict[str, Any]]


class UploadedWordsReply(TypedDict):
    lists: list[WordListShape]
    duplicates: Count
    unusable: Count
    left_out: list[dict[str, Any]]


class TriedReply(TypedDict):
    """`action` is the strongest of what was hit, `pass` where nothing was."""

    action: str
    text: str
    hits: list[dict[str, Any]]


class HitsReply(TypedDict):
    hits: list[dict[str, Any]]
