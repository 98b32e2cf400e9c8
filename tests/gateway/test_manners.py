"""What a question's body asks, read part by part, is what the whole shape says, however often its manner came before."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from gateway.manners import LONGEST, MOST, Asked, Manners
from gateway.plain_chat import plain_chat
from tests.gateway.test_plain_chat import BODY
from tests.support.fuzzing import attempts

MODEL = "qwen2.5-7b"
KNOWING = Manners((MODEL,))
"""Knows the manners of all that was tried before."""


def by_the_whole_shape(body: dict[str, Any]) -> Asked | None:
    chat = plain_chat(body)
    if chat is None or chat.model != MODEL or len(chat.spoken) != 1 or not chat.spoken[0].content.strip():
        return None
    line, conversation_id = (
        (chat.metadata.line, chat.metadata.conversation_id) if chat.metadata else (None, None)
    )
    manner = (line, chat.picked, bool(chat.stream))
    return None if conversation_id is not None else (chat.spoken[0].content, chat.user, manner)  # type: ignore[return-value]


@settings(max_examples=attempts(600), deadline=None)
@given(body=BODY)
def test_part_by_part_is_the_whole(body: dict[str, Any]) -> None:
    for _ in range(2):
        assert KNOWING.asked(orjson.dumps(body)) == by_the_whole_shape(body)


def body(**more: Any) -> bytes:
    return orjson.dumps({"model": MODEL, "messages": [{"role": "user", "content": "怎么退款?"}], **more})


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"stream": True}, {"stream": 1}),
        ({"stream": False}, {"stream": 0.0}),
        ({"max_tokens": 1}, {"max_tokens": True}),
        ({"max_tokens": 64}, {"max_tokens": 64.0}),
        ({"temperature": 1}, {"temperature": True}),
        ({"metadata": {"line": "shop"}}, {"metadata": {"line": "shop", "conversation_id": "conv-1"}}),
        ({}, {"n": 2}),
        ({}, {"user": ""}),
        ({}, {"metadata": None}),
    ],
)
def test_what_only_resembles_what_is_known_is_not(good: dict[str, Any], bad: dict[str, Any]) -> None:
    manners = Manners((MODEL,))
    assert manners.asked(body(**good)) is not None
    assert manners.asked(body(**bad)) is None
    assert manners.asked(body(**good)) is not None


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[]", b"null", b"1", b"\xff", b'{"metadata": %b}' % (b"[" * 900 + b"]" * 900)]
)
def test_what_is_no_request_asks_nothing(broken: bytes) -> None:
    assert Manners((MODEL,)).asked(broken) is None
    nested = body().replace(b'"model"', b'"metadata": %b, "model"' % (b"[" * 300 + b"]" * 300))
    assert Manners((MODEL,)).asked(nested) is None


def test_what_is_known_is_bounded() -> None:
    manners = Manners((MODEL,))
    for number in range(MOST + 5):
        assert manners.asked(body(metadata={"line": f"line-{number}"})) is not None
    assert len(manners._known) == 5
    assert manners.asked(body(metadata={"line": "x" * 128})) is not None
    assert all(len(known) <= LONGEST for known in manners._known)
