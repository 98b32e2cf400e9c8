"""The shapes of the replies about versions of prompts. It does not make replies; see gateway/reply_shapes.py."""

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from core.prompts import PromptStatus
from gateway.reply_shapes import Count, Moment


class ParametersShape(TypedDict):
    """null leaves it to the line."""

    temperature: float | None
    top_p: float | None
    max_tokens: Count | None
    model: str | None


class PromptShape(TypedDict):
    """One version. `live`: new conversations begin with it. `follows` is what was live before it."""

    line: str
    version: Count
    status: PromptStatus
    live: bool
    texts: dict[str, str]
    parameters: ParametersShape
    note: str
    author: str
    parent: Count | None
    follows: Count | None
    created_at: Moment
    updated_at: Moment
    published_at: Moment | None


class PromptsReply(TypedDict):
    """`starter` are XiaoQ's own words, which a line without a live version speaks."""

    live: Count | None
    starter: dict[str, str]
    placeholders: list[str]
    prompts: list[PromptShape]


class PublicationReply(TypedDict):
    """`checking`: its golden questions are asked first; `evaluation` is the run (`GET /api/evaluations/{id}`)."""

    status: Literal["published", "checking", "blocked"]
    evaluation: str | None
    version: PromptShape


class RollbackReply(TypedDict):
    """`live` is the version that is live now, null for XiaoQ's own words."""

    live: Count | None
    rolled_back: Count | None


class SegmentShape(TypedDict):
    language: str
    op: Literal["equal", "delete", "insert"]
    text: str


class DiffReply(TypedDict):
    """Without insertions a language's segments give the text of `against`, without deletions that of `version`."""

    version: Count
    against: Count
    segments: list[SegmentShape]
