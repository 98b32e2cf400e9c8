"""The served app killed, damaged, doubled and put under another clock: what a customer and an operator then see."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.gateway.knowledge import MANUAL, new_line, search, upload
from tests.support.app_process import ForkedApp
from tests.support.upstream import EchoUpstream, serving

pytestmark = pytest.mark.process

QUESTION = "How do I descale the Zephyr kettle?"


@pytest.fixture
def start() -> Iterator[Callable[..., ForkedApp]]:
    made: list[ForkedApp] = []

    def begin(data: Path, **more: Any) -> ForkedApp:
        made.append(ForkedApp(data, **more))
        return made[-1]

    yield begin
    for app in made:
        app.close()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the sample knowledge in it, which takes a while: to be copied."""
    data = tmp_path_factory.mktemp("planted") / "data"
    app = ForkedApp(data)
    try:
        app.start()
        app.kill()
    finally:
        app.close()
    return data


@pytest.fixture
def data(planted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(planted, tmp_path / "data"))


def client(base: str) -> httpx.Client:
    return httpx.Client(base_url=base, timeout=30)


def ask(http: httpx.Client, text: str, conversation: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"model": "kettles", "messages": [{"role": "user", "content": text}]}
    if conversation:
        body["metadata"] = {"conversation_id": conversation}
    reply = http.post("/v1/chat/completions", json=body)
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()["xiaoq"]
    return told


def parts(http: httpx.Client) -> dict[str, dict[str, Any]]:
    reply = http.get("/readyz")
    assert reply.status_code == 200, reply.text
    found: dict[str, dict[str, Any]] = reply.json()["parts"]
    return found


def wait_for_a_snapshot(data: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not list((data / "snapshots").glob("*.xqb")):
        assert time.monotonic() < deadline, "no snapshot was made"
        time.sleep(0.1)


def test_a_damaged_database_is_restored_and_the_index_follows(
    start: Callable[..., ForkedApp], data: Path
) -> None:
    app = start(data)
    with client(app.start()) as http:
        new_line(http, "kettles")
        upload(http, "kettles", ("manual.md", MANUAL))
        before = ask(http, QUESTION)
    app.kill()
    for path in (data / "snapshots").glob("*.xqb"):
        path.unlink()
    with client(app.start()) as http:
        wait_for_a_snapshot(data)
        upload(http, "kettles", ("late.md", b"# Quokka\n\nThe Quokka toaster needs 900 W.\n"))
        assert "late.md" in str(search(http, "kettles", "How many W does the Quokka toaster need?"))
        after = ask(http, "What of the Quokka toaster?")
    app.kill()
    (data / "xiaoq.db").write_bytes(b"overwritten by something else" * 1000)
    began = time.monotonic()
    with client(app.start()) as http:
        ready_after = time.monotonic() - began
        detail = parts(http)["database"]["detail"]
        assert "restored" in detail
        assert "missing" in detail
        assert http.get(f"/api/conversations/{before['conversation_id']}").status_code == 200
        assert http.get(f"/api/conversations/{after['conversation_id']}").status_code == 404
        assert search(http, "kettles", QUESTION)
        assert "late.md" not in str(search(http, "kettles", "How many W does the Quokka toaster need?"))
        assert "manual.md" in json.dumps(ask(http, QUESTION)["sources"])
        (entry,) = http.get("/api/audit", params={"act": "restored"}).json()["entries"]
        assert (entry["actor"], entry["reason"]) == ("xiaoq:recovery", "damaged")
        assert http.post("/api/audit/verify").json()["whole"]
        upload(http, "kettles", ("new.md", b"# Numbat\n\nThe Numbat grill needs 1200 W.\n"))
        assert "new.md" in json.dumps(search(http, "kettles", "How many W does the Numbat grill need?"))
    print(f"restored and ready after {ready_after:.1f} s")
    assert ready_after < 30


def test_a_restart_is_ready_with_its_index_and_not_before(
    start: Callable[..., ForkedApp], data: Path
) -> None:
    app = start(data)
    with client(app.start()) as http:
        new_line(http, "kettles")
        upload(http, "kettles", ("manual.md", MANUAL))
    app.kill()
    began = time.monotonic()
    with client(app.start()) as http:
        ready_after = time.monotonic() - began
        found = parts(http)
        assert all(one["ready"] for one in found.values())
        assert search(http, "kettles", QUESTION), "the first search after the start finds it"
    print(f"ready after {ready_after:.1f} s")
    assert ready_after < 30


async def test_two_processes_that_start_at_once_on_one_folder(
    start: Callable[..., ForkedApp], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    both = await asyncio.gather(*(asyncio.to_thread(start, data) for _ in range(2)))
    bases = await asyncio.gather(*(asyncio.to_thread(app.start) for app in both))
    with client(bases[0]) as first, client(bases[1]) as second:
        new_line(first, "kettles")
        upload(first, "kettles", ("manual.md", MANUAL))
        deadline = time.monotonic() + 30
        while "manual.md" not in str(search(second, "kettles", QUESTION)):
            assert time.monotonic() < deadline, "the other process never noticed"
            await asyncio.sleep(0.2)
        told = ask(first, QUESTION)
        again = ask(second, QUESTION, told["conversation_id"])
        assert again["conversation_id"] == told["conversation_id"]
        listed = [one["name"] for one in first.get("/api/lines/shop/documents").json()["documents"]]
        assert len(listed) == len(set(listed)), "sample knowledge was planted once"
        assert first.post("/api/audit/verify").json()["whole"]
    await asyncio.to_thread(wait_for_a_snapshot, data)
    for app in both:
        app.kill()
    assert len(list((data / "snapshots").glob("*.xqb"))) == 1


OFFSETS = ("+1d", "-1d", "+0")
FAKETIME = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]


@pytest.mark.timeout(180)
@pytest.mark.skipif(not FAKETIME, reason="no other clock: libfaketime is not installed")
async def test_the_clock_jumps_a_day_forward_and_back_while_it_serves(
    start: Callable[..., ForkedApp], data: Path, tmp_path: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("+0")
    under = {
        "LD_PRELOAD": str(FAKETIME[0]),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    upstream = EchoUpstream(piece_seconds=0.05, answer="word " * 60)
    async with serving(upstream.app()) as port:
        app = await asyncio.to_thread(
            start,
            data,
            under=under,
            engine="openai",
            engine_url=f"http://127.0.0.1:{port}/v1",
            model="qwen2.5-7b",
            retention_days="1",
            snapshot_minutes="0",  # libfaketime breaks time.sleep, which copying uses and answering does not
        )
        base = await asyncio.to_thread(app.start)
        async with httpx.AsyncClient(base_url=base, timeout=60) as http:
            conversation = None
            for offset in OFFSETS:
                asking = asyncio.create_task(streamed(http, f"At {offset}?", conversation))
                await asyncio.sleep(1)
                clock.write_text(offset)  # in the middle of the answer
                began = time.monotonic()
                text, conversation = await asking
                assert text.split() == ["word"] * 60, "no time-out took the jump for time that passed"
                assert time.monotonic() - began < 20
                assert (await http.get("/readyz")).status_code == 200
            told = (await http.get(f"/api/conversations/{conversation}")).json()
        asked = [one["question"] for one in told["turns"]]
        assert asked == [f"At {offset}?" for offset in OFFSETS], "in order, none purged"


async def streamed(http: httpx.AsyncClient, text: str, conversation: str | None) -> tuple[str, str]:
    """An answer to its `[DONE]`, and its conversation."""
    body: dict[str, Any] = {
        "model": "general", "stream": True, "messages": [{"role": "user", "content": text}],
        **({"metadata": {"conversation_id": conversation}} if conversation else {}),
    }  # fmt: skip
    async with http.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.status_code == 200
        data = [line[6:] async for line in response.aiter_lines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    chunks = [json.loads(one) for one in data[:-1]]
    said = "".join(c["choices"][0]["delta"].get("content") or "" for c in chunks if c["choices"])
    return said, response.headers["x-conversation-id"]
