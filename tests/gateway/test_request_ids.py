"""One id names a request everywhere: the answer, the model server, the stored turn, an error, a stream's error."""

import json

import httpx

from tests.gateway.conftest import Running

HEADERS = {"x-request-id": "order-4711"}


def ask(site: Running, **more: object) -> httpx.Response:
    body = {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": "How do refunds work?"}], **more}
    return httpx.post(f"{site.url}/v1/chat/completions", json=body, headers=HEADERS, timeout=30)


def test_the_callers_id_goes_all_the_way(site: Running) -> None:
    answer = ask(site)
    assert answer.headers["x-request-id"] == "order-4711"
    sent = {name.lower(): value for name, value in site.upstream.headers[-1].items()}
    assert sent["x-request-id"] == "order-4711"
    conversation = answer.json()["xiaoq"]["conversation_id"]
    stored = httpx.get(f"{site.url}/api/conversations/{conversation}", timeout=30).json()
    assert [turn["request_id"] for turn in stored["turns"]] == ["order-4711"]


def test_an_error_carries_it(site: Running) -> None:
    refused = ask(site, model="nobody")
    assert refused.json()["error"]["request_id"] == "order-4711" == refused.headers["x-request-id"]


def test_an_error_in_a_stream_carries_it(site: Running) -> None:
    site.proxy.mode = "die"
    try:
        events = [line[6:] for line in ask(site, stream=True).text.splitlines() if line.startswith("data: ")]
    finally:
        site.mend()
    assert json.loads(events[-1])["error"]["request_id"] == "order-4711"


def test_an_id_that_is_none_is_replaced(site: Running) -> None:
    answer = httpx.get(f"{site.url}/healthz", headers={"x-request-id": "no id"}, timeout=60)
    assert answer.headers["x-request-id"].startswith("req_")
