"""OpenAI's Python client, field by field: streamed as whole, told in usage, refused in its own classes of errors."""

import json
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tests.conformance.asking import both, create
from tests.conformance.cases import CALLS, CHAT, PHONE, REFUSED, TEXTS, Refused, chat
from tests.gateway.conftest import Running
from tests.support.obedient import ObedientUpstream

ALL = CHAT | CALLS


@pytest.mark.parametrize("name", ALL)
def test_a_streamed_answer_amounts_to_the_whole_one(name: str, official: OpenAI, obedient: Running) -> None:
    asked = ALL[name]
    whole, streamed = both(official, "chat", asked)
    assert streamed == whole
    sent = obedient.upstream.requests[-1]
    assert [choice["index"] for choice in whole["choices"]] == list(range(asked.get("n") or 1))
    assert (
        sum(whole["usage"][name] for name in ("prompt_tokens", "completion_tokens"))
        == whole["usage"]["total_tokens"]
    )
    for field in ("stop", "seed", "tools", "tool_choice", "parallel_tool_calls", "response_format", "logprobs",
                  "top_logprobs", "presence_penalty", "frequency_penalty"):  # fmt: skip
        assert sent.get(field) == asked.get(field), field
    assert sent["max_tokens"] == asked.get("max_completion_tokens") or asked["max_tokens"]
    assert PHONE not in json.dumps(sent, ensure_ascii=False)


@pytest.mark.parametrize("name", TEXTS)
def test_a_streamed_text_amounts_to_the_whole_one(name: str, official: OpenAI, obedient: Running) -> None:
    whole, streamed = both(official, "texts", TEXTS[name])
    assert streamed == whole
    assert len(whole["choices"]) == TEXTS[name].get("n", 1)
    assert PHONE not in json.dumps(obedient.upstream.requests[-1], ensure_ascii=False)


def told(official: OpenAI, name: str) -> Any:
    (choice, *_) = both(official, "chat", ALL[name])[0]["choices"]
    return choice


def test_what_each_field_brings_about(official: OpenAI) -> None:
    assert PHONE in told(official, "personal data")["content"], "the customer reads his own number"
    assert told(official, "text parts")["content"] == "You said: Where is\nparcel 4711?"
    assert told(official, "one stop")["content"] == "You said: Where is "
    assert told(official, "max_tokens")["finish_reason"] == "length"
    assert told(official, "max_completion_tokens")["finish_reason"] == "length"
    assert {others for _, others in told(official, "probabilities")["tokens"]} == {2}
    assert json.loads(told(official, "a JSON schema")["content"]) == {"state": True, "count": 7}
    named = told(official, "a named function")
    assert (named["finish_reason"], [call[2] for call in named["calls"]]) == ("tool_calls", ["refund"])
    own = told(official, "calls by its own choice")["calls"]
    assert [call[2] for call in own] == ["track", "refund"]
    assert all(PHONE in json.loads(call[3])["text"] for call in own), "the program that acts needs the number"
    assert len(told(official, "one call at a time")["calls"]) == 1


def test_the_clients_own_gathering_gives_the_same(official: OpenAI) -> None:
    """The helper that OpenAI ships for streams is stricter about their order than any reader of ours."""
    for name in ("a question", "probabilities", "calls by its own choice", "n"):
        whole = official.chat.completions.create(**ALL[name])
        with official.chat.completions.stream(**ALL[name]) as stream:
            gathered = stream.get_final_completion()
        for ours, theirs in zip(whole.choices, gathered.choices, strict=True):
            assert theirs.message.content == (ours.message.content or theirs.message.content)
            assert theirs.finish_reason == ours.finish_reason
            calls = [call.to_dict() for call in ours.message.tool_calls or ()]
            assert [
                {
                    **call.to_dict(),
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
                for call in theirs.message.tool_calls or ()
            ] == [call | {"index": at} for at, call in enumerate(calls)]


def test_a_message_is_shaped_as_the_client_types_it(official: OpenAI) -> None:
    whole = official.chat.completions.create(**CHAT["a question"])
    assert whole.choices[0].message.to_dict() == {
        "role": "assistant", "content": "You said: Where is parcel 4711?", "refusal": None,
    }  # fmt: skip
    assert (whole.system_fingerprint, whole.service_tier) == (None, None)
    assert whole._request_id, "x-request-id"
    again = official.chat.completions.create(
        model="qwen2.5-7b",
        messages=[
            *CHAT["a question"]["messages"],
            whole.choices[0].message,
            {"role": "user", "content": "And now?"},
        ],
    )
    assert again.choices[0].message.content == "You said: And now?", "its own message goes back in"


def test_headers_of_the_client_change_nothing(official: OpenAI) -> None:
    twice = [
        official.chat.completions.create(
            **CHAT["a question"],
            extra_headers={"Idempotency-Key": "same", "OpenAI-Organization": "org", "OpenAI-Beta": "x"},
        )
        for _ in range(2)
    ]
    assert twice[0].id != twice[1].id


@pytest.mark.parametrize("refused", REFUSED.values(), ids=list(REFUSED))
def test_what_is_refused_is_named(refused: Refused, official: OpenAI, obedient: Running) -> None:
    before = len(obedient.upstream.requests)
    known = {
        name: refused.body[name] for name in refused.body.keys() & {"model", "messages", "prompt", "input"}
    }
    rest = {name: value for name, value in refused.body.items() if name not in known}
    with pytest.raises(openai.APIStatusError) as raised:
        create(official, refused.to)(**known, extra_body=rest)
    error = raised.value
    assert (type(error).__name__, error.status_code, error.code, error.param) == (
        refused.error, refused.status, refused.code, refused.param,
    )  # fmt: skip
    assert error.request_id
    assert len(obedient.upstream.requests) == before


OF_THE_MODEL = [
    ("chat", 400, "temperature is wrong", 400, "engine_rejected"),
    ("chat", 400, "maximum context length is 2048 tokens", 200, ""),
    ("texts", 400, "maximum context length is 2048 tokens", 400, "context_length_exceeded"),
    ("texts", 404, "Not Found", 404, "not_supported"),
    ("texts", 501, "no", 404, "not_supported"),
    ("embeddings", 404, "Not Found", 404, "not_supported"),
    ("embeddings", 400, "too long", 400, "engine_rejected"),
    ("embeddings", 500, "broke", 503, "engine_unavailable"),
]
CLASSES = {400: openai.BadRequestError, 404: openai.NotFoundError, 503: openai.InternalServerError}
ASKED: dict[str, dict[str, Any]] = {
    "chat": CHAT["a question"],
    "texts": TEXTS["a text"],
    "embeddings": {"model": "qwen2.5-7b", "input": "x"},
}


@pytest.mark.parametrize(("to", "status", "message", "ours", "code"), OF_THE_MODEL)
def test_errors_of_the_model_have_the_clients_own_classes(
    to: str, status: int, message: str, ours: int, code: str, official: OpenAI, obedient: Running
) -> None:
    upstream = obedient.upstream
    assert isinstance(upstream, ObedientUpstream)
    upstream.refuses = (status, message)
    if ours == 200:  # the prompt is shortened, and asked again
        assert create(official, to)(**ASKED[to]).choices
        return
    with pytest.raises(CLASSES[ours]) as raised:
        create(official, to)(**ASKED[to])
    assert (raised.value.status_code, raised.value.code) == (ours, code)
    assert message not in str(raised.value)
    assert create(official, to)(**ASKED[to]), "the next one is answered"


def test_vectors_are_the_same_in_either_form(official: OpenAI, obedient: Running) -> None:
    texts = ["a", f"我的手机号是 {PHONE}", "b"]
    plain = official.embeddings.create(model="text-embedding-3-small", input=texts, encoding_format="float")
    packed = official.embeddings.create(model="text-embedding-3-small", input=texts)
    assert [one.index for one in plain.data] == [0, 1, 2]
    assert [one.embedding for one in packed.data] == [one.embedding for one in plain.data]
    assert (plain.model, plain.usage.prompt_tokens) == ("qwen2.5-7b", plain.usage.total_tokens)
    sent = obedient.upstream.requests[-1]
    assert sent["input"] == ["a", "我的手机号是 [PHONE_1]", "b"]
    assert "dimensions" not in sent
    small = official.embeddings.create(model="text-embedding-3-small", input="a", dimensions=3)
    assert len(small.data[0].embedding) == 3


def test_models_are_listed_and_read_one_by_one(official: OpenAI) -> None:
    listed = [model.id for model in official.models.list()]
    assert {"qwen2.5-7b", "shop"} <= set(listed)
    assert official.models.retrieve("shop").object == "model"
    with pytest.raises(openai.NotFoundError):
        official.models.retrieve("llama")


def test_a_text_is_kept_like_a_question(official: OpenAI, obedient: Running) -> None:
    told: Any = official.completions.create(**TEXTS["personal data in it"]).to_dict()
    with httpx.Client(base_url=obedient.url, timeout=60) as http:
        (turn,) = http.get(f"/api/conversations/{told['xiaoq']['conversation_id']}").json()["turns"]
    assert PHONE not in json.dumps(turn, ensure_ascii=False)
    assert (turn["mode"], turn["status"]) == ("generated", "done")
    assert "[PHONE_1]" in turn["answer"]
    assert PHONE in told["choices"][0]["text"]


def test_a_key_that_is_none_is_an_error_of_authentication(locked: Running) -> None:
    with OpenAI(base_url=f"{locked.url}/v1", api_key="xq-none", max_retries=0) as stranger:
        for ask in (
            lambda: stranger.chat.completions.create(**chat()),
            lambda: stranger.completions.create(**TEXTS["a text"]),
            lambda: stranger.embeddings.create(model="qwen2.5-7b", input="x"),
        ):
            with pytest.raises(openai.AuthenticationError) as raised:
                ask()
            assert raised.value.code == "invalid_api_key"
