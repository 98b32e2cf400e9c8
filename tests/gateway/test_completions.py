"""OpenAI's own client against the app: what it gets, and what the model saw."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.gateway.conftest import Running
from tests.support.asking import until

ASK = "我的订单为什么还没发货？"


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def body(**fields: Any) -> dict[str, Any]:
    return {"model": "qwen2.5-7b", "messages": [user(ASK)], **fields}


def test_the_quickstart_runs_with_only_its_base_url_changed(client: OpenAI) -> None:
    completion = client.chat.completions.create(
        model="gpt-4o",
        messages=[
            {"role": "developer", "content": "You are a helpful assistant."},
            {"role": "user", "content": "Hello! Where is my parcel?"},
        ],
    )
    assert "Where is my parcel?" in (completion.choices[0].message.content or "")
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "qwen2.5-7b"


def test_the_quickstart_streams(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Say 'double bubble bath' ten times fast."}],
        stream=True,
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert "double bubble bath" in text
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].finish_reason for chunk in chunks].count("stop") == 1
    assert chunks[-1].choices[0].finish_reason == "stop"


async def test_the_async_client_asks_in_parallel_without_crossing(site: Running) -> None:
    async with AsyncOpenAI(base_url=f"{site.url}/v1", api_key="any", max_retries=0) as official:

        async def ask(number: int) -> str:
            answer = await official.chat.completions.create(
                model="qwen2.5-7b", messages=[{"role": "user", "content": f"parcel no. {number:03}?"}]
            )
            return answer.choices[0].message.content or ""

        answers = await asyncio.gather(*(ask(number) for number in range(8)))
    for number, answer in enumerate(answers):
        assert f"parcel no. {number:03}?" in answer
        assert sum(f"parcel no. {other:03}?" in answer for other in range(8)) == 1


def test_the_model_sees_the_callers_system_message_and_sampling(site: Running, client: OpenAI) -> None:
    client.chat.completions.create(
        model="qwen2.5-7b",
        messages=[{"role": "system", "content": "Answer as a pirate."}, {"role": "user", "content": ASK}],
        temperature=0.25,
        top_p=0.5,
        max_tokens=77,
        stop=["END"],
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.2,
        response_format={"type": "json_object"},
    )
    sent = site.upstream.requests[-1]
    assert "Answer as a pirate." in sent["messages"][0]["content"]
    assert {name: sent[name] for name in ("temperature", "top_p", "stop", "seed")} == {
        "temperature": 0.25, "top_p": 0.5, "stop": ["END"], "seed": 7,
    }  # fmt: skip
    assert sent["presence_penalty"] == 0.1
    assert sent["frequency_penalty"] == 0.2
    assert sent["response_format"] == {"type": "json_object"}
    assert 77 in (sent.get("max_tokens"), sent.get("max_completion_tokens"))


def test_a_whole_dialogue_replaces_the_stored_one(site: Running, client: OpenAI) -> None:
    client.chat.completions.create(
        model="qwen2.5-7b",
        messages=[
            {"role": "user", "content": "My name is Lin."},
            {"role": "assistant", "content": "Hello Lin."},
            {"role": "user", "content": [{"type": "text", "text": "What is my parcel's state?"}]},
        ],
    )
    spoken = [message["content"] for message in site.seen() if message["role"] != "system"]
    assert spoken[:2] == ["My name is Lin.", "Hello Lin."]
    assert "What is my parcel's state?" in spoken[-1]


def test_a_conversation_goes_on_by_its_id_for_its_own_customer_only(
    site: Running, http: httpx.Client
) -> None:
    first = http.post("/v1/chat/completions", json=body(messages=[user("Parcel 4711, where?")], user="lin"))
    conversation = first.headers["x-conversation-id"]
    assert first.json()["xiaoq"]["conversation_id"] == conversation
    more = body(messages=[user("And when?")], metadata={"conversation_id": conversation}, user="lin")
    assert http.post("/v1/chat/completions", json=more).headers["x-conversation-id"] == conversation
    assert any("Parcel 4711, where?" in message["content"] for message in site.seen()[:-1])
    stranger = http.post("/v1/chat/completions", json={**more, "user": "wang"})
    assert stranger.status_code == 404
    assert stranger.json()["error"]["code"] == "not_found"


def test_what_xiaoq_adds(http: httpx.Client) -> None:
    reply = http.post("/v1/chat/completions", json=body(metadata={"line": "shop"})).json()
    added = reply["xiaoq"]
    assert set(added) == {
        "mode", "line", "language", "conversation_id", "turn_id", "sources", "suggestions", "handoff", "timings",
    }  # fmt: skip
    assert (added["mode"], added["line"], added["language"]) == ("generated", "shop", "zh")
    assert set(added["sources"][0]) == {"document", "title", "location", "score", "text"}
    assert added["timings"]["total"] >= 0
    assert (
        reply["usage"]["total_tokens"]
        == reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
    )


def test_a_line_is_a_model(http: httpx.Client, client: OpenAI) -> None:
    assert {"qwen2.5-7b", "shop", "bank", "saas"} <= {model.id for model in client.models.list()}
    assert client.models.retrieve("shop").id == "shop"
    reply = http.post("/v1/chat/completions", json=body(model="shop")).json()
    assert (reply["model"], reply["xiaoq"]["line"]) == ("shop", "shop")


def test_the_bytes_of_a_stream(http: httpx.Client) -> None:
    asked = body(stream=True, stream_options={"include_usage": True})
    reply = http.post("/v1/chat/completions", json=asked)
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-conversation-id"]
    events = reply.content.split(b"\n\n")
    assert events.pop() == b""
    assert events.pop() == b"data: [DONE]"
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events]
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] > 0
    finish = chunks[-2]
    assert finish["choices"][0]["finish_reason"] == "stop"
    assert finish["xiaoq"]["conversation_id"] == reply.headers["x-conversation-id"]
    assert all("xiaoq" not in chunk and chunk["usage"] is None for chunk in chunks[:-2])


def test_request_ids_are_echoed_where_sane_on_errors_too(http: httpx.Client) -> None:
    given = http.post("/v1/chat/completions", json=body(), headers={"x-request-id": "abc-1"})
    assert given.headers["x-request-id"] == "abc-1"
    wrong = http.post("/v1/chat/completions", json=body(n=9), headers={"x-request-id": "abc-2"})
    assert (wrong.status_code, wrong.headers["x-request-id"]) == (400, "abc-2")
    hostile = http.get("/healthz", headers={"x-request-id": "a b\tc"})
    assert hostile.headers["x-request-id"].startswith("req_")


@pytest.fixture
def dying(site: Running) -> Iterator[None]:
    """The model's connection breaks after its first 2,000 bytes."""
    site.proxy.mode = "die"
    yield
    site.mend()


@pytest.mark.usefixtures("dying")
def test_an_answer_that_breaks_off_ends_in_an_error_and_never_in_done(
    http: httpx.Client, client: OpenAI
) -> None:
    reply = http.post("/v1/chat/completions", json=body(stream=True))
    events = reply.content.strip().split(b"\n\n")
    # Pieces of the model's that come in together go out as one: what they say counts, not how many they are.
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in events[:-1]]
    assert "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks).startswith("ECHO:")
    assert b"[DONE]" not in reply.content
    assert b'"finish_reason":"stop"' not in reply.content
    error = json.loads(events[-1].removeprefix(b"data: "))["error"]
    assert (error["type"], error["code"]) == ("server_error", "engine_broken")
    with pytest.raises(openai.APIError):
        list(
            client.chat.completions.create(
                model="qwen2.5-7b", messages=[{"role": "user", "content": ASK}], stream=True
            )
        )
    whole = http.post("/v1/chat/completions", json=body())
    assert (whole.status_code, whole.json()["error"]["code"]) == (502, "engine_broken")
    assert whole.headers["x-conversation-id"]


async def test_a_reader_who_leaves_stops_the_model(site: Running) -> None:
    site.upstream.piece_seconds = 0.05
    gone = site.app.state.metrics.requests.labels("/v1/chat/completions", "POST", "499")
    try:
        for stream in (True, False):
            before = gone.value
            aborted, completed = site.upstream.aborted, site.upstream.completed
            seen = len(site.upstream.requests)
            async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
                asking = asyncio.create_task(_read_some(http, body(stream=stream)))
                await until(lambda seen=seen: len(site.upstream.requests) > seen)  # type: ignore[misc]
                await asyncio.sleep(0.1)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
            # The whole answer would take a quarter of a minute.
            await until(lambda aborted=aborted: site.upstream.aborted > aborted)  # type: ignore[misc]
            assert site.upstream.completed == completed
        # Counted once the request has ended, which the model's server does not wait for.
        await until(lambda: gone.value > before)
        async with httpx.AsyncClient(base_url=site.url, timeout=60) as http:
            counted = (await http.get("/metrics")).text
        assert 'route="/v1/chat/completions",status="499"' in counted, "nothing broke on our side"
    finally:
        site.upstream.piece_seconds = 0.0


async def _read_some(http: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    async with http.stream("POST", "/v1/chat/completions", json=asked) as reply:
        async for _ in reply.aiter_bytes():
            pass


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({name: value}, name)
    for name, value in {
        "store": True, "service_tier": "auto", "chat_template_kwargs": {"enable_thinking": True},
        "logit_bias": {"50256": -100}, "functions": [], "modalities": ["text"], "audio": {}, "guided_json": {},
        "reasoning_effort": "low", "prediction": {}, "api_base": "http://127.0.0.1", "best_of": 2,
    }.items()
]  # fmt: skip
REFUSED += [
    ({"metadata": {"ticket": "1"}}, "metadata.ticket"),
    ({"messages": [{"role": "user", "content": "x", "cache": 1}]}, "messages[0].cache"),
    (
        {
            "messages": [
                user(ASK),
                {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
            ]
        },
        "messages[1].content",
    ),
]


@pytest.mark.parametrize(("fields", "param"), REFUSED, ids=[param for _, param in REFUSED])
def test_what_is_not_served_is_refused_by_name(
    fields: dict[str, Any], param: str, http: httpx.Client
) -> None:
    reply = http.post("/v1/chat/completions", json=body(**fields))
    error = reply.json()["error"]
    assert reply.status_code == 400
    assert (error["type"], error["param"], error["code"]) == (
        "invalid_request_error", param, "unsupported_parameter",
    )  # fmt: skip


INVALID: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": [user("hi")] * 257}, "messages"),
    ({"messages": [user("x" * 100_001)]}, "messages[0].content"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
    ({"temperature": 2.1}, "temperature"),
    ({"temperature": "hot"}, "temperature"),
    ({"top_p": 0}, "top_p"),
    ({"max_tokens": 8193}, "max_tokens"),
    ({"max_completion_tokens": 0}, "max_completion_tokens"),
    ({"user": "a\nb"}, "user"),
]


@pytest.mark.parametrize(("fields", "param"), INVALID)
def test_what_is_out_of_bounds_is_refused_by_name(
    fields: dict[str, Any], param: str, http: httpx.Client, site: Running
) -> None:
    before = len(site.upstream.requests)
    reply = http.post("/v1/chat/completions", json=body(**fields))
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert len(site.upstream.requests) == before


def test_unknown_names_are_404_in_the_envelope_of_openai(client: OpenAI, http: httpx.Client) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="llama", messages=[{"role": "user", "content": "x"}])
    assert raised.value.code == "model_not_found"
    reply = http.post("/v1/chat/completions", json=body(metadata={"line": "nowhere"}))
    assert (reply.status_code, reply.json()["error"]["param"]) == (404, "metadata.line")
    assert http.get("/v1/nothing").json()["error"]["code"] == "not_found"
    wrong_method = http.get("/v1/chat/completions")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")
    assert wrong_method.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.parametrize("declared", [True, False])
def test_a_big_body_is_refused_while_it_arrives(declared: bool, http: httpx.Client) -> None:
    data = json.dumps(body(user="x" * 1_100_000)).encode()
    content: Any = data if declared else (data[i : i + 65_536] for i in range(0, len(data), 65_536))
    reply = http.post("/v1/chat/completions", content=content)
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b"null"])
def test_a_body_that_is_no_request(content: bytes, http: httpx.Client) -> None:
    reply = http.post("/v1/chat/completions", content=content)
    assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
