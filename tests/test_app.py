"""The commands, run as an operator runs them: in a process of their own, on an empty data folder."""

import csv
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.process


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XIAOQ_")}
    return {**kept, "XIAOQ_DATA_DIR": str(data), "XIAOQ_PORT": "0", "XIAOQ_ENGINE": "quoted", **more}


def command(data: Path, *arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        env=environment(data),
        input=given,
        capture_output=True,
        text=True,
        timeout=90,
    )


class Running:
    """The app in a process, with what it announced."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=environment(data, **settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        self.announced: list[str] = []
        for line in self.process.stdout:
            self.announced.append(line.strip())
            if "ready to accept" in line:
                break
        match = re.search(r"(http://[\d.:]+)/\?token=(\S+)", "\n".join(self.announced))
        assert match, self.announced
        self.base, self.token = match[1], match[2]

    def call(self, path: str, body: object = None, key: str | None = None) -> tuple[int, bytes]:
        request = urllib.request.Request(self.base + path)  # noqa: S310 - our own address
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("content-type", "application/json")
        if key:
            request.add_header("authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def upload(self, line: str, files: dict[str, str]) -> dict[str, object]:
        """Hand files over without waiting; the job."""
        parts = "".join(
            f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n{text}\r\n'
            for name, text in files.items()
        )
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{self.base}/api/lines/{line}/documents?wait=false",
            f"{parts}--x--\r\n".encode(),
            {"content-type": "multipart/form-data; boundary=x"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            assert response.status == 202
            job: dict[str, object] = json.loads(response.read())
            return job

    def ask(self, text: str, key: str | None = None, **more: object) -> tuple[int, dict[str, object]]:
        body = {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": text}], **more}
        status, answer = self.call("/v1/chat/completions", body, key)
        return status, json.loads(answer)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def app(data: Path) -> Iterator[Running]:
    made = Running(data)
    yield made
    made.process.send_signal(signal.SIGTERM)
    with made.process as process:
        assert process.wait(30) in (0, -signal.SIGTERM)


def test_it_announces_the_link_and_that_it_is_ready(app: Running) -> None:
    assert app.announced[-1] == "Server is ready to accept requests"


def test_the_first_question_of_the_readme_is_answered_with_its_source(app: Running) -> None:
    status, answer = app.ask("我的订单为什么还没发货?")
    assert status == 200
    xiaoq = answer["xiaoq"]
    assert isinstance(xiaoq, dict)
    assert xiaoq["mode"] == "approved"
    assert xiaoq["sources"][0]["title"] == "订单未发货"


def test_the_data_folder_keeps_its_secrets_to_itself(app: Running, data: Path) -> None:
    assert (data / "master.key").stat().st_mode & 0o777 == 0o600
    assert (data / "xiaoq.db").stat().st_mode & 0o777 == 0o600


def test_the_sign_in_page_finds_its_icon(app: Running) -> None:
    status, icon = app.call("/favicon.ico")
    assert status == 200
    assert icon.lstrip().startswith(b"<svg")


def state_of_pages(app: Running) -> object:
    return json.loads(app.call("/readyz")[1])["parts"]["pages"]


def test_the_console_is_closed_and_the_link_opens_it(app: Running) -> None:
    assert app.call("/config")[0] == 401
    assert state_of_pages(app) == {"ready": True, "detail": "loaded when first opened"}
    jar = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    with jar.open(f"{app.base}/?token={app.token}", timeout=30) as response:
        assert response.status == 200
        assert "token" not in response.url
        assert b"gradio_config" in response.read()
    assert state_of_pages(app) == {"ready": True, "detail": "loaded"}


def test_ingest_beside_the_running_app_is_found_a_moment_later(
    app: Running, data: Path, tmp_path: Path
) -> None:
    manual = tmp_path / "kettle.md"
    manual.write_text("# Quokka kettle\n\nThe Quokka kettle is descaled with 20 g of citric acid.\n")
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(b"not a pdf")
    done = command(data, "ingest", str(manual), str(broken), "--line", "shop")
    assert done.returncode == 1, "one of the files cannot be read"
    assert "[1/2] kettle.md: ready, 1 passage" in done.stdout
    assert "[2/2] broken.pdf: failed" in done.stdout
    assert "1 of 2 files could not be read" in done.stderr
    assert "broken.pdf: " in done.stderr
    question = "How do I descale the Quokka kettle?"
    for _ in range(40):
        answer = json.dumps(app.ask(question, metadata={"line": "shop"})[1])
        if "citric" in answer:
            break
        app.process.poll()
        subprocess.run(["sleep", "0.25"], check=True)
    assert "citric" in answer


def test_ingest_takes_a_folder_with_chosen_columns_and_knows_it_again(
    app: Running, data: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pairs"
    (folder / "2026").mkdir(parents=True)
    (folder / "2026" / "pairs.csv").write_text("编号,客户问,我们答\n1,袋貂怎么喂,每天两次。\n")
    (folder / ".hidden").write_text("no")
    columns = ("--columns", "question=客户问,answer=我们答")
    done = command(data, "ingest", str(folder), "--line", "shared", *columns)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[1/1] pairs.csv: ready, 1 passage" in done.stdout
    again = command(data, "ingest", str(folder), "--line", "shared")
    assert "[1/1] pairs.csv: unchanged" in again.stdout


def test_export_holds_what_was_asked(app: Running, data: Path, tmp_path: Path) -> None:
    app.ask("=怎么开发票")
    out = tmp_path / "transcripts.csv"
    assert command(data, "export", str(out)).returncode == 0
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8-sig"))))
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    assert "'=怎么开发票" in [row["question"] for row in rows]


def test_doctor_names_every_part(app: Running, data: Path) -> None:
    done = command(data, "doctor")
    assert done.returncode == 0, done.stdout
    for part in ("python", "data folder", "database", "knowledge", "engine"):
        assert f"ok    {part}:" in done.stdout


def answered(app: Running, status: int, seconds: float, key: str | None = None) -> int:
    """The status of a question, asked again until it is this one or the time is up."""
    until = time.monotonic() + seconds
    while (found := app.ask("怎么开发票", key=key)[0]) != status and time.monotonic() < until:
        time.sleep(0.1)
    return found


def test_the_first_key_ends_the_local_pass(app: Running, data: Path) -> None:
    """Last in this module: from here on the app asks for keys."""
    made = command(data, "key", "create", "--name", "test", "--role", "caller")
    assert made.returncode == 0
    key = made.stdout.splitlines()[-1]
    assert answered(app, 401, 1) == 401, "a first key made elsewhere is heard of within a second"
    assert app.ask("怎么开发票", key=key)[0] == 200
    key_id = re.search(r"Key (\S+) for", made.stdout)
    assert key_id
    assert key not in command(data, "key", "list").stdout
    limited = command(data, "key", "limit", key_id[1], "--requests-per-minute", "60", "--expires", "90d")
    assert "requests per minute 60" in limited.stdout
    listed = command(data, "key", "list").stdout
    assert "requests per minute 60" in listed
    assert "tokens" in listed
    assert command(data, "key", "revoke", key_id[1]).returncode == 0
    assert answered(app, 401, 5, key) == 401


def test_an_account_opens_the_console_until_it_is_disabled(app: Running, data: Path) -> None:
    made = command(
        data,
        "user",
        "create",
        "--name",
        "mei",
        "--role",
        "agent",
        "--password-stdin",
        given="a long phrase\n",
    )
    assert made.returncode == 0, made.stderr
    jar = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    form = urllib.parse.urlencode({"name": "Mei", "password": "a long phrase"}).encode()
    with jar.open(f"{app.base}/login", form, timeout=30) as page:
        assert page.status == 200
        assert page.url == f"{app.base}/"
    assert "signed in" not in command(data, "user", "list").stdout
    assert command(data, "user", "role", "mei", "auditor", "--line", "shop").returncode == 0
    listed = command(data, "user", "list").stdout
    assert re.search(r"mei +auditor +shop +live", listed)
    assert command(data, "user", "disable", "mei").returncode == 0
    with pytest.raises(urllib.error.HTTPError) as refused:
        jar.open(f"{app.base}/config", timeout=30)
    with refused.value:
        assert refused.value.code == 401


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("ingest", "README.md", "--line", "nowhere"), "no business line"),
        (("key", "create", "--name", "x", "--role", "emperor"), "role"),
        (("key", "revoke", "none"), "no live key"),
        (("key", "limit", "none", "--streams", "2"), "no live key"),
        (("key", "limit", "none"), "Name what is to change"),
        (("key", "create", "--name", "x", "--expires", "soon"), "90d"),
        (("key", "create", "--name", "x", "--expires", "2020-01-01"), "in the future"),
        (("key", "create", "--name", "x", "--scope", "everything"), "no scope"),
        (("user", "create", "--name", "x", "--role", "emperor", "--openid"), "role"),
        (("user", "create", "--name", "x", "--line", "nowhere", "--openid"), "no business line"),
        (("user", "create", "--name", "x"), "--password-stdin"),
        (("user", "disable", "nobody"), "no account"),
    ],
)
def test_a_wrong_command_ends_with_one_line_and_no_trace(
    tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    done = command(tmp_path, *arguments)
    assert done.returncode != 0
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_app_goes_on_with_its_batch(tmp_path: Path) -> None:
    manuals = {
        f"m{number}.md": "".join(f"## Part {n}\n\nThe part zq{number}x{n} is blue.\n\n" for n in range(400))
        for number in range(6)
    }
    first = Running(tmp_path)
    with first.process:
        job = first.upload("shop", manuals)
        assert job["total"] == len(manuals)
        first.process.kill()
    second = Running(tmp_path)
    try:
        assert second.ask("我的订单为什么还没发货?")[0] == 200, (
            "what was known is served while the batch goes on"
        )
        for _ in range(240):
            job = json.loads(second.call(f"/api/jobs/{job['id']}")[1])
            if job["status"] == "done":
                break
            subprocess.run(["sleep", "0.25"], check=True)
        assert (job["status"], job["done"], job["failed"]) == ("done", len(manuals), 0)
        listed = json.loads(second.call("/api/lines/shop/documents")[1])["documents"]
        named = [document["name"] for document in listed if document["name"] in manuals]
        assert sorted(named) == sorted(manuals)
        found = second.call("/api/lines/shop/search", {"question": "zq5x7"})[1]
        assert b"zq5x7 is blue" in found
    finally:
        second.process.send_signal(signal.SIGTERM)
        with second.process as process:
            process.wait(30)


def test_a_taken_port_is_named_before_anything_slow(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=environment(tmp_path, XIAOQ_PORT=port),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_command_has_help() -> None:
    for name in ("doctor", "ingest", "export", "key", "user"):
        done = command(ROOT / "data", name, "--help")
        assert done.returncode == 0
        assert "Usage" in done.stdout
