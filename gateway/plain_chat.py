"""The plain shape of a chat request, checked by hand: what nine of ten programs send. It passes no value that the
model of gateway/schema.py would refuse, and takes nothing that is not plain; that one then decides and words the error.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from core.messages import OPEN_PARAMETERS, Message, Role, Sampling
from gateway.message_schema import LONGEST_TEXT

MOST_MESSAGES, LONGEST_MODEL, MOST_TOKENS = 256, 200, 8192
FIELDS = frozenset(("model", "messages", "stream", "temperature", "top_p", "max_tokens", "user", "metadata"))
ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
CUSTOMER = re.compile(r"[^\x00-\x1f\x7f]{1,256}")
DEFAULTS = Sampling()


@dataclass(frozen=True, slots=True)
class PlainMetadata:
    line: str | None = None
    conversation_id: str | None = None
    cache: None = None


@dataclass(frozen=True, slots=True)
class PlainChat:
    """As gateway.schema.ChatRequest, as far as its readers go."""

    model: str
    spoken: Sequence[Message]
    stream: bool | None
    user: str | None
    metadata: PlainMetadata | None
    picked: Sampling
    wanted_tokens: int | None
    n: int | None = None
    wants_usage: bool = False

    def sampling(self) -> Sampling:
        return self.picked


def plain_chat(content: Any) -> PlainChat | None:
    """The request, or None where anything is not plain."""
    if type(content) is not dict or not FIELDS.issuperset(content):
        return None
    model, stream, user = content.get("model"), content.get("stream"), content.get("user")
    spoken, picked = _messages(content.get("messages")), _picked(content)
    metadata = _metadata(content["metadata"]) if "metadata" in content else PlainMetadata()
    if not (
        type(model) is str
        and 0 < len(model) <= LONGEST_MODEL
        and spoken is not None
        and picked is not None
        and metadata is not None
        and (stream is None or type(stream) is bool)
        and (user is None or is_customer(user))
    ):
        return None
    return PlainChat(model, spoken, stream, user, metadata, picked, content.get("max_tokens"))


def is_customer(user: Any) -> bool:
    return type(user) is str and CUSTOMER.fullmatch(user) is not None


def lone_text(messages: Any) -> str | None:
    """What the user says, where that is the only message."""
    found = _messages(messages) if type(messages) is list and len(messages) == 1 else None
    return found[0].content if found else None


def _messages(given: Any) -> list[Message] | None:
    if type(given) is not list or not 0 < len(given) <= MOST_MESSAGES:
        return None
    found: list[Message] = []
    for one in given:
        if type(one) is not dict or len(one) != 2:
            return None
        named, content = one.get("role"), one.get("content")
        role = ROLES.get(named) if type(named) is str else None
        if role is None or type(content) is not str or len(content) > LONGEST_TEXT:
            return None
        found.append(Message(role, content))
    return found if any(message.role == "user" for message in found) else None


def _picked(content: Mapping[str, Any]) -> Sampling | None:
    """None where a value is out of bounds or of another type; what is null is not said."""
    temperature, top_p, most = content.get("temperature"), content.get("top_p"), content.get("max_tokens")
    if not (
        (temperature is None or (type(temperature) in (int, float) and 0 <= temperature <= 2))
        and (top_p is None or (type(top_p) in (int, float) and 0 < top_p <= 1))
        and (most is None or (type(most) is int and 0 < most <= MOST_TOKENS))
    ):
        return None
    return _sampling(temperature, top_p, most)


@lru_cache(1000)
def _sampling(temperature: float | None, top_p: float | None, most: int | None) -> Sampling:
    """A program says the same every time."""
    said = {"temperature": temperature, "top_p": top_p, "max_tokens": most}
    return Sampling(
        DEFAULTS.temperature if temperature is None else temperature,
        DEFAULTS.top_p if top_p is None else top_p,
        DEFAULTS.max_tokens if most is None else most,
        unsaid=OPEN_PARAMETERS.difference(name for name, value in said.items() if value is not None),
    )


def _metadata(given: Any) -> PlainMetadata | None:
    if type(given) is not dict or not given.keys() <= {"line", "conversation_id"}:
        return None
    line, conversation_id = given.get("line"), given.get("conversation_id")
    for one in (line, conversation_id):
        if not (one is None or (type(one) is str and IDENTIFIER.fullmatch(one))):
            return None
    return PlainMetadata(line, conversation_id)
