"""Similar questions through the whole app: calibrated on the line's own questions, turned on, answered, and refused before."""

import asyncio
import string
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.gateway.conftest import Running, running
from tests.knowledge.models import ModelServer, serving

PAIRS = 60


@contextmanager
def embedding() -> Iterator[ModelServer]:
    """The tiny model in a thread of its own."""
    found: list[tuple[ModelServer, asyncio.AbstractEventLoop, asyncio.Event]] = []
    ready = threading.Event()

    async def serve() -> None:
        async with serving() as server:
            server.dimension = 2_048  # so that hardly two words share one
            leave = asyncio.Event()
            found.append((server, asyncio.get_running_loop(), leave))
            ready.set()
            await leave.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    server, loop, leave = found[0]
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(leave.set)
        thread.join()


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with embedding() as model:
        folder = tmp_path_factory.mktemp("similar")
        served: Running
        with (
            running(folder, frequent_answers=True, embedding_url=model.url, embedding_model="tiny") as served,
            httpx.Client(base_url=served.url, timeout=60) as client,
        ):
            yield client


def word(number: int, kind: str) -> str:
    letters = string.ascii_lowercase
    return f"{kind}u{letters[number // 26]}{letters[number % 26]}"


def faq() -> list[dict[str, object]]:
    return [
        {
            "question": f"{word(n, 'z')} {word(n, 'v')}",
            "phrasings": [f"{word(n, 'v')} and {word(n, 'z')}", f"tell {word(n, 'z')} {word(n, 'v')}"],
            "answer": f"Answer {word(n, 'z')}.",
        }
        for n in range(PAIRS)
    ]


def mode(http: httpx.Client, text: str) -> tuple[str, str]:
    body = {
        "model": "qwen2.5-7b",
        "messages": [{"role": "user", "content": text}],
        "metadata": {"line": "alike"},
    }
    reply = http.post("/v1/chat/completions", json=body).json()
    return reply["xiaoq"]["mode"], reply["choices"][0]["message"]["content"]


def test_a_line_learns_what_is_alike_and_then_answers_it(http: httpx.Client) -> None:
    assert (
        http.post("/api/lines", json={"id": "alike", "names": {"en": "Alike"}, "bases": []}).status_code
        == 201
    )
    few = http.post("/api/lines/alike/similar")
    assert (few.status_code, few.json()["error"]["code"]) == (409, "conflict")
    assert "200" in few.json()["error"]["message"]
    early = http.patch("/api/lines/alike", json={"frequent": {"semantic": True}})
    assert (early.status_code, early.json()["error"]["param"]) == (422, "frequent.semantic")
    assert http.post("/api/lines/alike/faq", json=faq()).status_code in (200, 201)
    golden = [
        {
            "question": f"please {word(n, 'v')} {word(n, 'z')}",
            "expected": {"facts": [f"Answer {word(n, 'z')}"]},
        }
        for n in range(30)
    ]
    assert http.post("/api/lines/alike/golden", json=golden).status_code == 201
    found = http.post("/api/lines/alike/similar").json()
    assert (found["embedding"], found["unanswerable"]) == ("tiny", PAIRS * 3 + 30)
    assert found["false_hits"] <= 0.005
    assert found["recall"] > 0.5
    line = http.get("/api/lines/alike").json()["frequent"]
    assert (line["threshold"], line["semantic"]) == (found["threshold"], False)
    asked = f"kindly {word(3, 'v')} {word(3, 'z')}"
    assert mode(http, asked)[0] != "approved"
    assert http.patch("/api/lines/alike", json={"frequent": {"threshold": 0.1}}).status_code == 422
    turned = http.patch("/api/lines/alike", json={"frequent": {"semantic": True}})
    assert turned.json()["frequent"]["semantic"] is True
    until = time.monotonic() + 30
    while mode(http, f"perhaps {word(4, 'v')} {word(4, 'z')}")[0] != "approved":
        assert time.monotonic() < until, "the phrasings are embedded in the background"
        time.sleep(0.2)
    assert mode(http, f"gladly {word(3, 'v')} {word(3, 'z')}") == ("approved", f"Answer {word(3, 'z')}.")
    assert mode(http, f"gladly not {word(3, 'v')} {word(3, 'z')}")[0] != "approved"
    assert "semantic" not in http.get("/api/lines/alike/export").text


def test_without_an_embedding_model_it_is_not_supported(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bare")
    with (
        running(folder, engine="quoted", engine_url=None, frequent_answers=True) as served,
        httpx.Client(base_url=served.url, timeout=60) as bare,
    ):
        refused = bare.post("/api/lines/shop/similar")
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "not_supported")
