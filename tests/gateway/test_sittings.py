"""Two operators at one console: neither reaches the other's browser tab, upload, export or conversation."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from core.access import OPERATORS
from tests.gateway.conftest import Running, running
from tests.gateway.test_matrix import PHRASE, routes_of, run

SECRET = "The quokka ate invoice 4711."


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("two")) as server:
        for name in ("mei", "li"):
            server.call(server.services.accounts.create(name, OPERATORS[1], PHRASE))
        yield server


@pytest.fixture(scope="module")
def two(desk: Running) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    with ExitStack() as stack:
        clients = []
        for name in ("mei", "li"):
            client = httpx.Client(base_url=desk.url, headers={"Origin": desk.url}, timeout=30)
            clients.append(stack.enter_context(client))
            assert client.post("/login", data={"name": name, "password": PHRASE}).status_code == 303
        yield clients[0], clients[1]


def number_of(desk: Running, name: str, nth: int = 0) -> tuple[int, Any]:
    _, _, gradio = routes_of(desk)
    found = [
        (number, event)
        for number, event in gradio.get_blocks().fns.items()
        if event.fn and event.fn.__name__ == name
    ]
    return found[nth]


def test_an_upload_is_its_senders_alone(desk: Running, two: tuple[httpx.Client, httpx.Client]) -> None:
    mei, li = two
    path = mei.post("/gradio_api/upload", files={"files": ("invoice.txt", SECRET.encode())}).json()[0]
    assert mei.get(f"/gradio_api/file={path}").text == SECRET
    assert li.get(f"/gradio_api/file={path}").status_code == 404
    assert li.head(f"/gradio_api/file={path}").status_code == 404
    assert mei.get("/gradio_api/file=/etc/passwd").status_code == 404
    number, event = number_of(desk, "add")
    taken = {
        "data": [[{"path": path, "meta": {"_type": "gradio.FileData"}}], None, "shop", ""],
        "fn_index": number, "session_hash": "li-takes", "event_data": None, "trigger_id": None,
    }  # fmt: skip
    assert len(event.inputs) == len(taken["data"])
    assert li.post("/gradio_api/queue/join", json=taken).status_code == 404
    assert mei.post("/gradio_api/queue/join", json={**taken, "session_hash": "mei-takes"}).status_code == 200


def test_a_browser_tab_is_its_openers_alone(desk: Running, two: tuple[httpx.Client, httpx.Client]) -> None:
    mei, li = two
    number, _ = number_of(desk, "stop")
    press = {"data": [None], "fn_index": number, "session_hash": "meis-tab", "event_data": None}
    event = mei.post("/gradio_api/queue/join", json=press).json()["event_id"]
    assert li.post("/gradio_api/queue/join", json=press).status_code == 403
    assert li.get("/gradio_api/queue/data", params={"session_hash": "meis-tab"}).status_code == 403
    assert li.get("/gradio_api/heartbeat/meis-tab").status_code == 403
    for path, body in (
        ("cancel", {"session_hash": "meis-tab", "fn_index": number, "event_id": event}),
        ("cancel", {"session_hash": "lis-tab", "fn_index": number, "event_id": event}),
        ("reset", {"event_id": event}),
    ):
        assert li.post(f"/gradio_api/{path}", json=body).status_code == 403
    assert mei.post("/gradio_api/reset", json={"event_id": event}).status_code == 200


def test_a_conversation_and_its_export_are_its_owners_alone(
    desk: Running, two: tuple[httpx.Client, httpx.Client]
) -> None:
    mei, li = two
    asked = {
        "data": [],
        "fn_index": number_of(desk, "send")[0],
        "session_hash": "mei-asks",
        "trigger_id": None,
    }
    _, event = number_of(desk, "send")
    values = {"xq-box": SECRET, "xq-line": "shop"}
    asked["data"] = [
        values.get(
            each.elem_id or "", getattr(each, "value", None) if type(each).__name__ == "Slider" else None
        )
        for each in event.inputs
    ]
    run(mei, *number_of(desk, "load"), tab="mei-asks")  # fills the choice of lines
    joined = mei.post("/gradio_api/queue/join", json={**asked, "event_data": None})
    assert joined.status_code == 200, joined.text
    told = last(mei, "mei-asks")
    assert told["success"], told
    number, load = number_of(desk, "load")
    for client, sees in ((mei, True), (li, False)):
        shown = json.dumps(run(client, number, load), ensure_ascii=False)
        assert (SECRET in shown) is sees
    export, _ = number_of(desk, "export_markdown")
    press = {"data": [None], "fn_index": export, "session_hash": "mei-asks", "event_data": None}
    assert mei.post("/gradio_api/queue/join", json=press).status_code == 200
    made = last(mei, "mei-asks", "process_generating")
    path = made["output"]["data"][0]["path"]
    assert SECRET in mei.get(f"/gradio_api/file={path}").text
    assert li.get(f"/gradio_api/file={path}").status_code == 404


def last(client: httpx.Client, tab: str, wanted: str = "process_completed") -> dict[str, Any]:
    """The first message of this kind that the tab hears."""
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": tab}) as stream:
        for line in stream.iter_lines():
            told: dict[str, Any] = json.loads(line.removeprefix("data:") or "{}") if line else {}
            if told.get("msg") == wanted:
                return told
    raise AssertionError("the event never ended")


def test_a_body_that_is_no_event_is_refused(two: tuple[httpx.Client, httpx.Client]) -> None:
    mei, _ = two
    for content, status in (
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"session_hash": 7}', 400),
        (b"{" * 1_100_000, 413),
    ):
        assert mei.post("/gradio_api/queue/join", content=content).status_code == status


def test_one_person_holds_so_many_streams_and_no_more(two: tuple[httpx.Client, httpx.Client]) -> None:
    from pages.sittings import MOST_STREAMS

    mei, li = two
    with ExitStack() as stack:
        statuses = [
            stack.enter_context(mei.stream("GET", f"/gradio_api/heartbeat/many-{number}")).status_code
            for number in range(MOST_STREAMS + 2)
        ]
        assert statuses == [200] * MOST_STREAMS + [429] * 2
        with li.stream("GET", "/gradio_api/heartbeat/another") as other:
            assert other.status_code == 200
