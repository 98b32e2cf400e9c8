"""The plain shape of a chat request says the same as the full model, and passes nothing that the model refuses."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.plain_chat import PlainChat, plain_chat
from gateway.schema import ChatRequest
from tests.support.fuzzing import attempts

ADAPTER = TypeAdapter(ChatRequest)
ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9000),
    st.floats(-1, 3),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
)
TEXT = st.one_of(st.text(max_size=8), st.just("怎么退款"), st.just(""))
MESSAGE = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "assistant", "developer", "tool", "x"]), "content": TEXT}),
    st.fixed_dictionaries({"role": st.just("user"), "content": TEXT}, optional={"name": ANY}),
    st.fixed_dictionaries({"role": ANY, "content": ANY}),
)  # fmt: skip
BODY = st.fixed_dictionaries(
    {"model": st.one_of(st.just("qwen2.5-7b"), ANY), "messages": st.one_of(st.lists(MESSAGE, max_size=4), ANY)},
    optional={
        "stream": st.one_of(st.booleans(), ANY),
        "temperature": ANY,
        "top_p": ANY,
        "max_tokens": ANY,
        "user": st.one_of(st.text(max_size=4), st.just("a\x7f"), st.just("a\n"), ANY),
        "metadata": st.one_of(
            st.fixed_dictionaries({}, optional={"line": st.sampled_from(["shop", "a b", "-x", None, 3, "shop\n"]),
                                                "conversation_id": st.sampled_from(["conv-1", "", None])}),
            ANY,
        ),
        "n": st.just(1),
        "stream_options": st.just({"include_usage": True}),
    },
)  # fmt: skip


@settings(max_examples=attempts(600), deadline=None)
@given(body=BODY)
def test_what_is_plain_means_what_the_model_means(body: dict[str, Any]) -> None:
    plain = plain_chat(body)
    if plain is None:
        return
    full = ADAPTER.validate_python(body)
    assert said(plain) == said(full)


def said(request: ChatRequest | PlainChat) -> list[Any]:
    metadata = request.metadata
    return [
        request.model,
        list(request.spoken),
        bool(request.stream),
        request.user,
        (metadata.line, metadata.conversation_id) if metadata else (None, None),
        request.sampling(),
        request.wanted_tokens,
        request.wants_usage,
        request.n,
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"model": "m", "messages": [{"role": "user", "content": "怎么退款?"}]},
        {"model": "m", "messages": [{"role": "system", "content": ""}, {"role": "user", "content": "x"}], "stream": True},
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "user": "c-1", "metadata": {"line": "shop"}, "max_tokens": 9},
    ],
)  # fmt: skip
def test_what_programs_send_is_plain(body: dict[str, Any]) -> None:
    assert plain_chat(body) is not None


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {"model": "m"},
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "top_p": 0},
    ],
)
def test_what_is_refused_is_left_to_the_model_to_refuse(body: Any) -> None:
    assert plain_chat(body) is None
    with pytest.raises(ValidationError):
        ADAPTER.validate_python(body)
