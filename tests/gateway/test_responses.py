"""The Responses API as OpenAI's quickstart uses it, through OpenAI's own client."""

import httpx
import openai
import pytest
from openai import OpenAI

from tests.gateway.conftest import Running


def test_the_quickstart(client: OpenAI) -> None:
    response = client.responses.create(
        model="gpt-5", input="Write a one-sentence bedtime story about a unicorn."
    )
    assert "bedtime story about a unicorn" in response.output_text
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.total_tokens > 0


def test_the_quickstart_streams(client: OpenAI) -> None:
    stream = client.responses.create(
        model="gpt-5",
        input=[{"role": "user", "content": "Say 'double bubble bath' ten times fast."}],
        stream=True,
    )
    events = list(stream)
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
    ]  # fmt: skip
    assert kinds[-4:] == [
        "response.output_text.done", "response.content_part.done", "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert set(kinds[4:-4]) == {"response.output_text.delta"}
    assert [event.sequence_number for event in events] == list(range(len(events)))
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == text
    assert "double bubble bath" in text


def test_a_dialogue_with_what_came_out_before(site: Running, client: OpenAI) -> None:
    first = client.responses.create(model="qwen2.5-7b", input="My name is Lin.", instructions="Be brief.")
    client.responses.create(
        model="qwen2.5-7b",
        input=[
            {"role": "user", "content": "My name is Lin."},
            *[item.to_dict() for item in first.output],  # type: ignore[list-item]
            {"role": "user", "content": [{"type": "input_text", "text": "What is my name?"}]},
        ],
    )
    spoken = [message["content"] for message in site.seen() if message["role"] != "system"]
    assert spoken[0] == "My name is Lin."
    # The echo holds the rules, which name a placeholder and a tag: as somebody's words they are neither.
    as_it_came = spoken[1].replace("[~PHONE_1]", "[PHONE_1]").replace("< passages>", "<passages>")
    assert as_it_came.replace("< /passages>", "</passages>") == first.output_text.strip()
    assert "What is my name?" in spoken[-1]
    assert "Be brief." in str(site.upstream.requests[-2]["messages"][0])


def test_an_answer_that_breaks_off_raises_in_the_client(site: Running, client: OpenAI) -> None:
    site.proxy.mode = "die"
    try:
        with pytest.raises(openai.APIError):
            list(client.responses.create(model="qwen2.5-7b", input="Where is my parcel?", stream=True))
    finally:
        site.mend()


@pytest.mark.parametrize("field", ["previous_response_id", "store", "tools", "reasoning", "background"])
def test_what_is_not_served_is_refused_by_name(field: str, http: httpx.Client) -> None:
    reply = http.post("/v1/responses", json={"model": "qwen2.5-7b", "input": "x", field: "y"})
    error = reply.json()["error"]
    assert (reply.status_code, error["param"], error["code"]) == (400, field, "unsupported_parameter")
    silent = http.post("/v1/responses", json={"model": "qwen2.5-7b", "input": []})
    assert silent.json()["error"]["param"] == "input"
