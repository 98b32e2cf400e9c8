"""What a program says with each of its questions (model, line, parameters, whether to stream), read once and known again.

The words and who says them are left: of a request like the one before it they are all that is new. Checking the rest anew
is what a question's body costs most by. Knows no key and no answer.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import orjson

from core.messages import Sampling
from gateway.plain_chat import is_customer, lone_text, plain_chat

LONGEST = 512
"""Bytes of what is known again."""
MOST = 1_000
"""Manners that are known; then all are forgotten."""
ANY_WORDS = [{"role": "user", "content": "?"}]


class Manner(NamedTuple):
    line: str | None
    sampling: Sampling
    stream: bool


Asked = tuple[str, str | None, Manner]
"""The text, the customer and the manner of a question that begins a conversation."""


class Manners:
    """`models` are the names of the one that answers."""

    def __init__(self, models: Collection[str]) -> None:
        self._models = models
        self._known: dict[bytes, Manner] = {}

    def asked(self, body: bytes) -> Asked | None:
        """What the body of a chat request asks, where it is plain and holds one message, the user's."""
        try:
            content = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if type(content) is not dict:
            return None
        text, customer = lone_text(content.pop("messages", None)), content.pop("user", None)
        if text is None or not text.strip() or not (customer is None or is_customer(customer)):
            return None
        manner = self._manner(content)
        return None if manner is None else (text, customer, manner)

    def _manner(self, rest: dict[str, Any]) -> Manner | None:
        """Known by its JSON, in which `1`, `1.0` and `true` differ as they do to whoever checks it."""
        try:
            written = orjson.dumps(rest)
        except orjson.JSONEncodeError:  # nested more deeply than that writes
            return None
        known = self._known.get(written)
        if known is None and (known := self._read(rest)) is not None and len(written) <= LONGEST:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[written] = known
        return known

    def _read(self, rest: dict[str, Any]) -> Manner | None:
        chat = plain_chat({**rest, "messages": ANY_WORDS})
        if chat is None or chat.model not in self._models:
            return None
        if chat.metadata and chat.metadata.conversation_id is not None:
            return None
        return Manner(chat.metadata.line if chat.metadata else None, chat.picked, bool(chat.stream))
