"""Personal data of every kind, planted wherever a customer or a manager can write, and looked for everywhere else."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.conftest import Running, running
from tests.support.canaries import CANARIES, SENTENCE, leaks, leaks_in_files

pytestmark = pytest.mark.process
PHONE = CANARIES["phone"]
TOOL = {
    "type": "function",
    "function": {
        "name": "call_back",
        "description": f"Calls {CANARIES['foreign phone']}",
        "parameters": {"type": "object", "properties": {"number": {"type": "string", "description": PHONE}}},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("canaries")


@pytest.fixture(scope="module")
def planted(folder: Path) -> Iterator[Running]:
    with running(folder) as server:
        with httpx.Client(base_url=server.url, timeout=60) as http:
            plant(http)
        yield server


def plant(http: httpx.Client) -> None:
    """Every way in, once."""
    _knowledge(http)
    conversation = _talk(http)
    _files(http, conversation)
    asked = _ask(
        http, [{"role": "user", "content": "再看看我的文件里写了什么?"}], conversation_id=conversation
    )
    http.post(
        "/api/feedback", json={"turn_id": asked["xiaoq"]["turn_id"], "score": -1, "comment": SENTENCE}
    ).raise_for_status()
    http.post("/api/lines/shop/search", json={"question": SENTENCE}).raise_for_status()
    http.post("/api/lines/shop/inspect", json={"text": SENTENCE}).raise_for_status()
    # What is refused leaves no trace of what it held, either.
    assert http.post("/v1/chat/completions", json={"model": SENTENCE, "messages": []}).status_code in (
        400,
        404,
    )
    assert http.get(f"/api/conversations/{PHONE}").status_code == 404
    assert http.get(f"/api/nothing/{PHONE}").status_code == 404


def _knowledge(http: httpx.Client) -> None:
    change = {"persona": f"你是小Q。投诉请找{SENTENCE}"}
    http.patch("/api/lines/bank", json=change).raise_for_status()
    files = [
        ("files", (f"{PHONE} {CANARIES['plate']}.txt", f"# 客户登记\n\n{SENTENCE}\n".encode())),
        ("files", ("customers.csv", f"姓名,备注\n王小美,{SENTENCE}\n".encode())),
        ("files", (f"{PHONE}.pdf", SENTENCE.encode())),
    ]
    http.post("/api/lines/shop/documents", files=files).raise_for_status()
    pair = {"question": f"{PHONE}是谁的电话?", "answer": SENTENCE, "phrasings": [SENTENCE]}
    http.post("/api/lines/shop/faq", json=[pair]).raise_for_status()
    found = http.post("/api/lines/shop/search", json={"question": "怎么退货?"}).json()["passages"][0]
    golden = {
        "question": f"怎么退货? {SENTENCE}", "document_id": found["document_id"],
        "passage_id": found["passage_id"],
    }  # fmt: skip
    http.post("/api/lines/shop/golden", json=golden).raise_for_status()


def _talk(http: httpx.Client) -> str:
    arguments = json.dumps({"number": PHONE, "note": SENTENCE}, ensure_ascii=False)
    call = {"id": "call_1", "type": "function", "function": {"name": "call_back", "arguments": arguments}}
    dialogue = [
        {"role": "system", "content": f"The customer: {SENTENCE}"},
        {"role": "user", "content": SENTENCE},
        {"role": "assistant", "content": f"收到,{PHONE}。", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": json.dumps({"reached": SENTENCE})},
        {"role": "user", "content": f"请打这个电话 ①③⑨ 5827 1046,或者{SENTENCE}", "name": PHONE},
    ]
    reply = _ask(http, dialogue, tools=[TOOL])
    assert PHONE in reply["choices"][0]["message"]["content"], "the customer's own number comes back to them"
    for line in ("shop", "bank"):
        _ask(http, [{"role": "user", "content": SENTENCE}], line=line)
    return str(reply["xiaoq"]["conversation_id"])


def _files(http: httpx.Client, conversation: str) -> None:
    file = ("files", (f"{PHONE} {CANARIES['email']}.md", f"# {PHONE}\n\n{SENTENCE}".encode()))
    http.post(
        f"/api/conversations/{conversation}/attachments", files=[file], params={"user": PHONE}
    ).raise_for_status()


def _ask(
    http: httpx.Client, messages: list[dict[str, Any]], *, line: str = "shop", **more: Any
) -> dict[str, Any]:
    metadata = {"line": line}
    if (conversation := more.pop("conversation_id", None)) is not None:
        metadata = {"conversation_id": conversation}
    body = {"model": "qwen2.5-7b", "messages": messages, "user": PHONE, "metadata": metadata, **more}
    reply = http.post("/v1/chat/completions", json=body)
    reply.raise_for_status()
    found: dict[str, Any] = reply.json()
    return found


def test_the_model_sees_none_of_it(planted: Running) -> None:
    assert planted.upstream.requests
    for request in planted.upstream.requests:
        assert set(leaks(json.dumps(request, ensure_ascii=False).encode())) == set()
        assert "[PHONE_1]" in json.dumps(request)


def test_no_file_of_the_data_folder_holds_any_of_it(planted: Running, folder: Path) -> None:
    assert leaks_in_files(folder) == {}


@pytest.mark.parametrize(
    "address",
    [
        "/metrics", "/readyz", "/api/conversations", "/api/export/transcripts.csv", "/api/lines/shop/documents",
        "/api/lines/shop/golden", "/openapi.json",
    ],
)  # fmt: skip
def test_what_others_read_holds_none_of_it(planted: Running, address: str) -> None:
    with httpx.Client(base_url=planted.url, timeout=60) as http:
        answer = http.get(address)
    assert answer.status_code == 200
    assert set(leaks(answer.content)) == set()


def test_a_transcript_is_read_with_placeholders(planted: Running) -> None:
    with httpx.Client(base_url=planted.url, timeout=60) as http:
        found = http.get("/api/conversations").json()["conversations"]
        transcripts = [http.get(f"/api/conversations/{one['id']}").content for one in found]
    assert len(transcripts) == 3
    assert all(set(leaks(transcript)) == set() for transcript in transcripts)
    assert any(b"[PHONE_1]" in transcript for transcript in transcripts)


def test_the_log_holds_none_of_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path) as server, closing(httpx.Client(base_url=server.url, timeout=60)) as http:
        plant(http)
        server.proxy.mode = "refuse"  # the model is gone: errors are logged, too
        _ask(http, [{"role": "user", "content": SENTENCE}])
        server.mend()
        asyncio.run(_leave(server.url))
    out, err = capfd.readouterr()
    assert "request" in out + err
    assert set(leaks((out + err).encode())) == set()
    assert leaks_in_files(tmp_path) == {}, "nor do the files after a stop"


async def _leave(url: str) -> None:
    """A customer who leaves in the middle."""
    body = {"model": "qwen2.5-7b", "stream": True, "messages": [{"role": "user", "content": SENTENCE}]}
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as http,
        http.stream("POST", "/v1/chat/completions", json=body) as reply,
    ):
        await anext(reply.aiter_bytes())
