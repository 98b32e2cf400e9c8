"""The shapes of the replies that programs rely on, as /openapi.json describes them.

It does not make replies: the routes do, and the tests hold what they send against this. A reply may grow; what
stands here stays.
"""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from core.messages import Mode

Score = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Milliseconds = dict[str, Count]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


class SourceShape(TypedDict):
    document: str
    title: str
    location: str
    score: Score
    text: str


class FoundShape(SourceShape):
    passage_id: str
    document_id: str
    base: str
    kind: str
    page: int | None
    question: str | None
    parts: dict[str, Score]


class SearchReply(TypedDict):
    passages: list[FoundShape]
    answerable: bool
    threshold: Score


class HandoffShape(TypedDict):
    reason: str
    contact: str


class XiaoqShape(TypedDict):
    """What XiaoQ adds to OpenAI's reply."""

    mode: Mode
    line: str
    language: str
    conversation_id: str
    turn_id: str
    sources: list[SourceShape]
    handoff: HandoffShape | None
    timings: Milliseconds
    suggestions: list[str]


class UsageShape(TypedDict):
    """`estimated` is there, and true, where the engine did not count."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count
    estimated: NotRequired[Literal[True]]


class AnswerShape(TypedDict):
    role: Literal["assistant"]
    content: str | None
    refusal: str | None


class ChoiceShape(TypedDict):
    index: Count
    message: AnswerShape
    logprobs: dict[str, Any] | None
    finish_reason: str


class CompletionReply(TypedDict):
    """OpenAI's chat completion, and `xiaoq`."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: Annotated[list[ChoiceShape], Field(min_length=1, max_length=8)]
    usage: UsageShape
    xiaoq: XiaoqShape


class ResponseReply(TypedDict):
    """OpenAI's response, and `xiaoq`."""

    id: str
    object: Literal["response"]
    created_at: int
    model: str
    status: Literal["completed", "incomplete"]
    output: list[dict[str, Any]]
    usage: dict[str, Any]
    xiaoq: XiaoqShape


class ModelShape(TypedDict):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelsReply(TypedDict):
    object: Literal["list"]
    data: list[ModelShape]


class FileShape(TypedDict):
    """One file of an upload. `error` is a sentence where `status` is `failed`."""

    id: str | None
    name: str
    status: str
    chunks: Count
    error: str | None


class FilesReply(TypedDict):
    documents: list[FileShape]


class DocumentShape(FileShape):
    notes: list[str]
    columns: dict[str, str]
    size: Count
    sha256: str
    updated_at: Moment


class DocumentsReply(TypedDict):
    documents: list[DocumentShape]


class PreviewReply(TypedDict):
    columns: list[str]
    rows: list[list[str]]
    guessed: dict[str, str]


class PassagesReply(TypedDict):
    document: DocumentShape
    total: Count
    passages: list[dict[str, Any]]


class JobReply(TypedDict):
    id: str
    line: str
    status: Literal["running", "done"]
    done: Count
    total: Count
    failed: Count
    documents: list[FileShape]
    error: str | None


class PairShape(TypedDict):
    id: str
    document_id: str
    document: str
    location: str
    question: str
    phrasings: list[str]
    answer: str
    title: str
    language: str
    owner: str
    valid_from: Day | None
    valid_until: Day | None
    status: Literal["draft", "approved"]


class PairsReply(TypedDict):
    pairs: list[PairShape]


class AttachmentsReply(TypedDict):
    conversation_id: str
    attachments: list[FileShape]


class FeedbackReply(TypedDict):
    turn_id: str
    score: Literal[-1, 0, 1]


class ConversationShape(TypedDict):
    id: str
    line: str
    channel: str
    title: str
    language: str | None
    turns: Count
    handoff: bool
    started_at: Moment
    updated_at: Moment


class ConversationsReply(TypedDict):
    conversations: list[ConversationShape]


class TurnShape(TypedDict):
    id: str
    asked_at: Moment
    line: str
    channel: str
    question: str
    answer: str
    mode: Mode | None
    status: str
    sources: list[SourceShape]
    timings: Milliseconds


class ConversationReply(TypedDict):
    id: str
    turns: list[TurnShape]


class HealthReply(TypedDict):
    status: Literal["ok"]


class PartShape(TypedDict):
    ready: bool
    detail: str


class ReadyReply(TypedDict):
    ready: bool
    parts: dict[str, PartShape]


class MeReply(TypedDict):
    kind: Literal["key", "console", "local"]
    name: str
    role: str
    line: str | None
    rights: list[str]
    csrf: str | None


class AccountShape(TypedDict):
    id: str
    name: str
    role: str
    line: str | None
    openid: bool
    disabled: bool
    created_at: Moment
    last_sign_in_at: Moment | None


class AccountsReply(TypedDict):
    accounts: list[AccountShape]
