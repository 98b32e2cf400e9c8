"""Who is measured: how each is started, how it is asked, and whether it answers.

It measures nothing but the time from a start to the first whole answer.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bench.gateway_data import APPROVED_LINE, EMPTY_LINE, LINE
from bench.gateway_load import Ask, asks_of, connected
from bench.gateway_mock import Pace
from bench.gateway_process import Server, free_port
from bench.serving import ROOT

START_SECONDS = 180.0
LITELLM = {"litellm": ".venv-litellm", "litellm-newest": ".venv-litellm-newest"}
FREQUENT = ("again", "again-first")
LITELLM_KEY = "sk-of-the-measurement"
Start = Callable[[int], Server]


class DidNotStart(Exception):
    """It ended or never gave a whole answer; the message says what it printed last."""


@dataclass
class Mock:
    """The model server that all of them ask, and which is asked itself as `direct`."""

    server: Server
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def set_pace(self, pace: Pace) -> None:
        self._call("pace", json.dumps(asdict(pace)).encode())

    def requests(self) -> int:
        """How many questions have reached it."""
        return int(self._call("count")["requests"])

    def _call(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{path}", body, timeout=10) as reply:
            answer: dict[str, Any] = json.loads(reply.read())
            return answer


def start_mock(folder: Path) -> Mock:
    port = free_port()
    server = Server(module("gateway_mock", "--port", str(port)), {"PYTHONPATH": str(ROOT)}, folder, "mock")
    mock = Mock(server, port)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            mock.requests()
            return mock
        except OSError:
            if not server.running or time.monotonic() > deadline:
                server.stop()
                raise DidNotStart(server.last_words()) from None
            time.sleep(0.02)


@dataclass
class Target:
    """One gateway. `process` names the command that serves it: two targets may share one."""

    name: str
    process: str
    key: str | None = None
    body: Mapping[str, Any] = field(default_factory=lambda: {"model": "mock"})
    scenarios: Collection[str] = ()
    """The only ones it takes part in, where any are named."""

    def asks(
        self,
        port: int,
        questions: Sequence[str],
        tokens: int,
        *,
        stream: bool,
        first: int = 0,
        again: bool = False,
    ) -> Iterable[Ask]:
        lines = [f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:{port}"]
        lines += [f"authorization: Bearer {self.key}"] if self.key else []
        head = "\r\n".join([*lines, "content-type: application/json", "accept: */*", ""])
        body = {**self.body, "max_tokens": 256, **({"stream": True} if stream else {})}
        return asks_of(questions, body, head, tokens, stream=stream, first=first, again=again)


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"bench.{name}", *arguments]


def targets(xiaoq_key: str) -> Sequence[Target]:
    """In the order in which they are asked and printed."""

    def of_line(line: str) -> Mapping[str, Any]:
        return {"model": "qwen2.5-7b", "metadata": {"line": line}}

    return (
        Target("direct", "mock"),
        Target("aiohttp", "aiohttp"),
        Target("httpx", "httpx"),
        *(Target(name, name, LITELLM_KEY) for name in LITELLM),
        Target("XiaoQ", "xiaoq", xiaoq_key, of_line(LINE)),
        Target("XiaoQ, nothing to find", "xiaoq", xiaoq_key, of_line(EMPTY_LINE)),
        Target("XiaoQ, cached", "xiaoq-frequent", xiaoq_key, of_line(LINE), FREQUENT),
        Target("XiaoQ, approved", "xiaoq-frequent", xiaoq_key, of_line(APPROVED_LINE), FREQUENT),
    )


def starts(mock: Mock, folder: Path, data: Path) -> Mapping[str, Start]:
    """How each process is started on a port."""
    found: dict[str, Start] = {}
    for client in ("aiohttp", "httpx"):

        def passthrough(port: int, client: str = client) -> Server:
            command = module("gateway_passthrough", client, "--upstream", mock.url, "--port", str(port))
            return Server(command, {"PYTHONPATH": str(ROOT)}, folder, client)

        found[client] = passthrough
    for name, environment in LITELLM.items():

        def litellm(port: int, name: str = name, environment: str = environment) -> Server:
            return _litellm(port, mock, folder, name, ROOT / environment / "bin" / "litellm")

        found[name] = litellm
    found["xiaoq"] = lambda port: xiaoq(port, mock, folder, data)
    copied = folder / "data-frequent"
    shutil.copytree(data, copied)
    found["xiaoq-frequent"] = lambda port: xiaoq(port, mock, folder, copied, XIAOQ_FREQUENT_ANSWERS="true")
    return found


def xiaoq(
    port: int, mock: Mock, folder: Path, data: Path, command: Sequence[str] | None = None, **more: str
) -> Server:
    """XiaoQ's own command, or another. `more` are settings beside those of every run."""
    settings = {
        "XIAOQ_DATA_DIR": str(data),
        "XIAOQ_PORT": str(port),
        "XIAOQ_ENGINE": "openai",
        "XIAOQ_ENGINE_URL": mock.url,
        "XIAOQ_MODEL": "mock",
        "XIAOQ_FREQUENT_ANSWERS": "false",  # every question costs an answer, as it does behind the others
        "XIAOQ_ENGINE_CONCURRENCY": "0",  # the mock takes all at once; a bound would measure the bound
    }
    return Server(command or [sys.executable, str(ROOT / "app.py")], {**settings, **more}, folder, "xiaoq")


def _litellm(port: int, mock: Mock, folder: Path, name: str, command: Path) -> Server:
    if not command.is_file():
        raise DidNotStart(f"{command} is missing; bench/install_litellm.sh makes it")
    configuration = folder / f"{name}.yaml"
    model = {"model": "openai/mock", "api_base": mock.url, "api_key": "none"}
    content = {
        "model_list": [{"model_name": "mock", "litellm_params": model}],
        "general_settings": {"master_key": LITELLM_KEY},
    }
    configuration.write_text(json.dumps(content))  # JSON is YAML
    settings = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION", "LITELLM_LOG": "ERROR"}
    arguments = [
        "--config",
        str(configuration),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--num_workers",
        "1",
    ]
    return Server([str(command), *arguments], settings, folder, name)


async def first_answer(server: Server, port: int, target: Target, question: str, tokens: int) -> float:
    """Seconds from now until it has given one whole answer. Raises DidNotStart."""
    began = time.monotonic()
    asks = iter(target.asks(port, [question], tokens, stream=False))
    last = "it did not listen"
    while time.monotonic() - began < START_SECONDS:
        if not server.running:
            raise DidNotStart(server.last_words())
        try:
            connection = await connected(port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        ask = next(asks)
        answer = await connection.ask(ask)
        connection.close()
        if not (last := answer.fault(ask)):
            return time.monotonic() - began
        await asyncio.sleep(0.1)
    raise DidNotStart(f"no whole answer: {last}")


def fill_data(data: Path, folder: Path) -> str:
    """Make XiaoQ's data folder and return its key. Takes some seconds."""
    with (folder / "fill.log").open("w") as log:
        command = module("gateway_data", str(data))
        printed = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, check=False
        )
    if printed.returncode:
        raise DidNotStart(f"XiaoQ's data could not be made; {folder / 'fill.log'} says why")
    return printed.stdout.split()[-1]
