"""The shapes of the replies about keys, as /openapi.json describes them. A reply may grow; what stands here stays."""

from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from core.access import Scope
from gateway.reply_shapes import Count, Moment


class LimitsShape(TypedDict):
    requests_per_minute: Count | None
    requests_per_day: Count | None
    tokens_per_minute: Count | None
    tokens_per_day: Count | None
    streams: Count | None
    token_budget: Count | None


class KeyShape(TypedDict):
    id: str
    name: str
    role: str
    line: str | None
    created_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None
    expires_at: Moment | None
    scopes: list[Scope]
    limits: LimitsShape
    tokens_used: Count


class NewKeyReply(KeyShape):
    key: str


class KeysReply(TypedDict):
    keys: list[KeyShape]
