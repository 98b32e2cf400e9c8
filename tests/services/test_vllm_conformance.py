"""OpenAI's Python client through the app to the real vLLM: every field is taken, and streamed is as whole.

The model is tiny and random: it shows the form of an answer, not its sense.
"""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.conformance.asking import both
from tests.conformance.cases import CHAT, TEXTS
from tests.gateway.conftest import running
from tests.services.conftest import START_SECONDS, RunningVllm

pytestmark = [pytest.mark.service, pytest.mark.timeout(START_SECONDS + 60)]


@pytest.fixture(scope="module")
def official(vllm: RunningVllm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    assert vllm.engine.address
    url, key = vllm.engine.address
    folder = tmp_path_factory.mktemp("vllm")
    with (
        running(folder, engine_url=url, engine_key=key) as server,
        OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client,
    ):
        yield client


@pytest.mark.parametrize("name", CHAT)
def test_a_streamed_answer_amounts_to_the_whole_one(name: str, official: OpenAI) -> None:
    asked = CHAT[name]
    whole, streamed = both(official, "chat", asked)
    assert _unnamed(streamed) == _unnamed(whole)
    assert len(whole["choices"]) == asked.get("n", 1)
    assert "estimated" not in whole["usage"], "vLLM counts"
    longest = asked.get("max_completion_tokens") or asked["max_tokens"]
    assert whole["xiaoq"] == "generated"
    assert 0 < whole["usage"]["completion_tokens"] <= longest * asked.get("n", 1)
    SHOWS.get(name, lambda _: None)(whole["choices"][0])


def _unnamed(answer: dict[str, Any]) -> dict[str, Any]:
    """Without the ids of calls, which vLLM makes up anew each time."""
    choices = [{**one, "calls": [call[1:] for call in one["calls"]]} for one in answer["choices"]]
    return {**answer, "choices": choices}


def _is_json(choice: dict[str, Any]) -> None:
    if choice["finish_reason"] == "stop":
        assert isinstance(json.loads(choice["content"]), dict)


def _fits(choice: dict[str, Any]) -> None:
    """A random model may go on with white space until it is cut."""
    assert choice["content"].lstrip().startswith("{")
    if choice["finish_reason"] == "stop":
        told = json.loads(choice["content"])
        assert (type(told["state"]), type(told["count"])) == (bool, int)


def _has_probabilities(choice: dict[str, Any]) -> None:
    assert choice["tokens"]
    assert {others for _, others in choice["tokens"]} == {2}


def _calls(name: str) -> Any:
    def check(choice: dict[str, Any]) -> None:
        ((_, kind, called, arguments),) = choice["calls"]
        assert (kind, called) == ("function", name)
        assert arguments, "what it says in it is a random model's"

    return check


SHOWS: dict[str, Any] = {
    "a JSON object": _is_json,
    "a JSON schema": _fits,
    "probabilities": _has_probabilities,
    "a named function": _calls("refund"),
    "a required call": _calls("track"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_streamed_text_amounts_to_the_whole_one(name: str, official: OpenAI) -> None:
    whole, streamed = both(official, "texts", TEXTS[name])
    assert streamed == whole
    assert len(whole["choices"]) == TEXTS[name].get("n", 1)
    assert (
        0 < whole["usage"]["completion_tokens"] <= TEXTS[name].get("max_tokens", 16) * TEXTS[name].get("n", 1)
    )


def test_a_model_that_embeds_nothing_is_a_named_error(official: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        official.embeddings.create(model="qwen2.5-7b", input="x")
    assert raised.value.code == "not_supported"
