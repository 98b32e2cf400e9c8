"""The shapes of the replies about the audit and about a customer's data; see reply_shapes.py."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from gateway.reply_shapes import Count, Moment

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class AuditEntryShape(TypedDict):
    number: int
    at: Moment
    actor: str
    act: str
    object: str
    subject: str
    reason: str
    detail: dict[str, str | int]


class AuditReply(TypedDict):
    entries: list[AuditEntryShape]


class AnchorShape(TypedDict):
    number: Count
    digest: Digest


class VerdictReply(TypedDict):
    whole: bool
    checked: Count
    place: str
    reason: str
    anchor: AnchorShape | None


class KeptConversationShape(TypedDict):
    """`turns` in the customer's own words; `personal_data` is what their placeholders stand for."""

    id: str
    owner: str
    customer: str | None
    line: str
    channel: str
    started_at: Moment
    updated_at: Moment
    turns: list[dict[str, Any]]
    files: list[dict[str, Any]]
    personal_data: list[dict[str, str]]


class CustomerReply(TypedDict):
    customer: str
    pseudonyms: list[str]
    exported_at: Moment
    conversations: list[KeptConversationShape]
    audit: list[dict[str, Any]]


class ErasedReply(TypedDict):
    """How many rows of which table are gone."""

    customer: str
    erased: dict[str, Count]
