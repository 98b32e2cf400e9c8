"""Several processes behind one port, as an operator starts them: whichever takes a connection, it is served alike."""

import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.support.team import Team, client, question, team

pytestmark = pytest.mark.process

SOON = 5.0
"""Seconds within which every process follows a change."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    with team(tmp_path_factory.mktemp("team")) as running:
        yield running


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def connections(app: Team) -> list[int]:
    """How many connections of clients each process holds, the house first."""
    port = int(app.url.rsplit(":", 1)[1])
    established = {
        fields[9]
        for fields in (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[3] == "01" and int(fields[1].split(":")[1], 16) == port
    }
    return [sum(inode in established for inode in sockets(pid)) for pid in app.pids]


def sockets(pid: int) -> list[str]:
    """The inodes of a process's open files; of its sockets these are all digits. What it closes meanwhile is left out."""
    inodes = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.append(os.readlink(link).removeprefix("socket:[").rstrip("]"))
    return inodes


def test_it_announces_once_when_every_process_serves(app: Team) -> None:
    assert app.announced[-1] == "Server is ready to accept requests"
    with client(app) as http:
        ready = http.get("/readyz").json()
    assert ready["parts"]["workers"] == {"ready": True, "detail": "1 ready"}
    assert len(app.pids) == 2


def raw(app: Team, request: bytes) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", int(app.url.rsplit(":", 1)[1])), timeout=20)
    opened.sendall(request)
    return opened


def test_connections_kept_open_are_shared_out_evenly(app: Team) -> None:
    before = connections(app)
    opened = [raw(app, b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") for _ in range(40)]
    for one in opened:
        assert one.recv(12) == b"HTTP/1.1 200"
    # One that is handed on may be held by both for a moment after it was answered.
    until(lambda: sum(connections(app)) - sum(before) == 40, SOON)
    house, worker = (now - then for now, then in zip(connections(app), before, strict=True))
    for one in opened:
        one.close()
    assert house + worker == 40
    assert abs(house - worker) <= 6


def test_one_connection_goes_from_program_to_page_and_back_however_it_is_cut(app: Team) -> None:
    """Each of these connections is handed on between requests, its first line in pieces."""
    for _ in range(4):
        one = raw(app, b"GET /v1/mod")
        time.sleep(0.02)
        one.sendall(b"els HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert reply(one).startswith(b"HTTP/1.1 200")
        for path, status in ((b"/chat?line=shop", b"200"), (b"/v1/models", b"200"), (b"/config", b"401")):
            one.sendall(b"G")
            time.sleep(0.02)
            one.sendall(b"ET " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert reply(one).startswith(b"HTTP/1.1 " + status)
        one.close()


def reply(one: socket.socket) -> bytes:
    """One answer to its last byte, in however many pieces it comes and whatever lies between them."""
    with one.makefile("rb") as file:
        head = b"".join(iter(file.readline, b"\r\n"))
        found = re.search(rb"(?i)^content-length: (\d+)", head, re.MULTILINE)
        if found:
            return head + file.read(int(found[1]))
        assert b"transfer-encoding: chunked" in head.lower(), head
        while size := int(file.readline(), 16):
            head += file.read(size)
            file.readline()
        file.readline()
        return head


def received(one: socket.socket) -> bytes:
    """What comes until nothing does for a moment."""
    data = b""
    one.settimeout(20)
    while True:
        try:
            piece = one.recv(65536)
        except TimeoutError:
            return data
        if not piece:
            return data
        data += piece
        one.settimeout(0.3)


def test_who_sends_ahead_gets_what_was_answered_and_a_closed_connection(app: Team) -> None:
    """A page asked for right behind an answer that has not come: closed unanswered, or answered by the house."""
    body = json.dumps(question()).encode()
    ahead = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    ahead += b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    behind = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello"
    for _ in range(6):
        one = raw(app, ahead + behind)
        answers = received(one)
        one.close()
        assert answers.startswith(b"HTTP/1.1 200")
        assert answers.count(b"HTTP/1.1 ") in (1, 2)
        assert b"chat.completion" in answers


def test_a_stranger_cannot_say_that_he_is_here(app: Team) -> None:
    """There is nothing to forge: no header says where a connection comes from, and no socket listens but the port's."""
    with client(app, headers={"x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1"}) as http:
        assert {http.get("/v1/models").status_code for _ in range(4)} == {401}
        assert http.get("/metrics").status_code == 401
    with client(app) as http:
        assert http.get("/metrics").status_code == 200
    unix = Path("/proc/net/unix").read_text()
    inodes = {inode for pid in app.pids for inode in sockets(pid)}
    listening = [line for line in unix.splitlines() if line.split()[6:7] and line.split()[6] in inodes]
    assert not [line for line in listening if line.split()[3] == "00010000"]


def test_the_console_an_upload_and_an_event_work_on_whichever_connection(app: Team) -> None:
    with client(app) as http:
        page = http.get(f"/?token={app.token}", headers={"accept": "text/html"}, follow_redirects=True)
        assert page.status_code == 200
        kept = http.cookies
    for _ in range(3):  # each on a connection of its own
        with client(app, cookies=kept, headers={"sec-fetch-site": "same-origin"}) as http:
            assert http.get("/v1/models", headers={"accept": "application/json"}).status_code == 200
            assert http.get("/config").status_code == 200
            large = b"x" * 300_000
            sent = http.post("/gradio_api/upload", files={"files": ("note.txt", large)})
            assert sent.status_code == 200, sent.text


def test_knowledge_is_found_by_every_process_soon(app: Team) -> None:
    with client(app) as http:
        manual = b"# Quokka kettle\n\nThe Quokka kettle is descaled with 20 g of citric acid.\n"
        sent = http.post("/api/lines/shop/documents", files={"files": ("kettle.md", manual)})
        assert sent.status_code == 200
    ask = question("How do I descale the Quokka kettle?", metadata={"line": "shop"})
    until(lambda: all("citric" in answer for answer in everywhere(app, ask)), SOON)


def everywhere(app: Team, ask: dict[str, object], key: str | None = None) -> list[str]:
    """The answers of as many connections at once as reach every process."""
    clients = [client(app, headers={"authorization": f"Bearer {key}"} if key else {}) for _ in range(4)]
    answers = [one.post("/v1/chat/completions", json=ask).text for one in clients]
    for one in clients:
        one.close()
    return answers


def test_the_metrics_are_the_sum_of_all_processes(app: Team) -> None:
    def answers() -> float:
        with client(app) as http:
            text = http.get("/metrics").text
        assert 'xiaoq_process_resident_memory_bytes{process="worker-1"}' in text
        found = re.findall(r"xiaoq_http_requests_total\{.*completions.*\} ([\d.]+)", text)
        return sum(map(float, found))

    before = answers()
    everywhere(app, question())
    everywhere(app, question())
    # The last may be counted a moment after it was answered; none is counted twice.
    until(lambda: answers() >= before + 8, SOON)
    assert answers() == before + 8


def test_a_worker_is_small(app: Team) -> None:
    house, worker = (Path(f"/proc/{pid}/status").read_text() for pid in app.pids)
    resident = [int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) // 1024 for status in (house, worker)]
    assert resident[1] < 165  # 147 once the tests above have kept it busy
    assert resident[1] < resident[0]


def test_a_client_that_leaves_stops_the_model_in_either_process(app: Team) -> None:
    app.upstream.piece_seconds, app.upstream.answer = 0.05, "word " * 400
    try:
        opened = [client(app) for _ in range(4)]
        before = app.upstream.aborted
        for one in opened:
            with one.stream(
                "POST", "/v1/chat/completions", json=question("How do refunds work?", stream=True)
            ) as answer:
                assert answer.status_code == 200
                next(answer.iter_bytes())
        for one in opened:
            one.close()
        until(lambda: app.upstream.aborted - before == 4, 3)
    finally:
        app.upstream.piece_seconds, app.upstream.answer = 0.0, None


def test_a_killed_worker_takes_nobody_down_and_is_back(app: Team) -> None:
    _, worker = app.pids
    failed, stop = list[object](), threading.Event()

    def ask() -> None:
        """Each on a new connection; one that the dead worker held is cut, any other must be answered."""
        while not stop.is_set():
            try:
                status = httpx.get(f"{app.url}/v1/models", timeout=20).status_code
            except httpx.TransportError as error:
                failed.append(error)
            else:
                failed.extend([status] if status != 200 else [])

    asking = [threading.Thread(target=ask) for _ in range(2)]
    for thread in asking:
        thread.start()
    time.sleep(0.5)
    os.kill(worker, signal.SIGKILL)
    with client(app) as http:
        until(lambda: not http.get("/readyz").json()["ready"], SOON)
        until(lambda: http.get("/readyz").json()["ready"], 40)
    stop.set()
    for thread in asking:
        thread.join(30)
    assert worker not in app.pids
    assert len(app.pids) == 2
    assert len(failed) <= 2, "what was in the worker's hands, and no more"


def test_a_revoked_key_is_refused_by_every_process_soon(app: Team) -> None:
    """Late in this module: from here on the app asks for keys."""
    made = app.command("key", "create", "--name", "test", "--role", "caller")
    key, key_id = made.splitlines()[-1], re.search(r"Key (\S+) for", made)
    assert key_id
    until(lambda: all("chat.completion" in answer for answer in everywhere(app, question(), key)), SOON)
    app.command("key", "revoke", key_id[1])
    until(lambda: all("authentication_error" in answer for answer in everywhere(app, question(), key)), SOON)


def test_one_signal_drains_all_with_streams_open(tmp_path: Path) -> None:
    with team(tmp_path) as app:
        app.upstream.piece_seconds, app.upstream.answer = 0.05, "word " * 60
        answers = list[str]()

        def stream(number: int) -> None:
            # the same question is asked once for all
            asked = question(f"Refunds of parcel {number}?", stream=True)
            with client(app) as http:
                answers.append(http.post("/v1/chat/completions", json=asked).text)

        streams = [threading.Thread(target=stream, args=(number,)) for number in range(6)]
        for thread in streams:
            thread.start()
        until(lambda: len(app.upstream.requests) == 6, 20)
        pids = app.pids
        assert app.end() == 0
        for thread in streams:
            thread.join(5)
        assert [answer.endswith("data: [DONE]\n\n") for answer in answers] == [True] * 6
        assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def test_without_its_parent_nobody_stays(tmp_path: Path) -> None:
    with team(tmp_path) as app:
        pids = app.pids
        app.process.kill()
        until(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()], 30)
