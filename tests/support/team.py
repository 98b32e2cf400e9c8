"""The app in several processes, started as an operator starts it, with an echoing model before it."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.support.upstream import EchoUpstream, serving

ROOT = Path(__file__).parents[2]


@dataclass
class Team:
    """A running app. `pids` are its processes, the house first."""

    process: subprocess.Popen[str]
    url: str
    token: str
    announced: list[str]
    data: Path
    log: Path
    upstream: EchoUpstream

    @property
    def pids(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def command(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "app.py", *arguments],
            cwd=ROOT, env=environment(self.data), capture_output=True, text=True, timeout=90, check=True,
        )  # fmt: skip
        return done.stdout

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XIAOQ_")}
    return {**kept, "XIAOQ_DATA_DIR": str(data), "XIAOQ_PORT": "0", "XIAOQ_MODEL": "qwen2.5-7b", **more}


@contextmanager
def team(folder: Path, workers: int = 2, **settings: str) -> Iterator[Team]:
    """Serves until the block ends; what it logged lies beside its data."""
    with echoing() as (upstream, port):
        data, log = folder / "data", folder / "log"
        with log.open("w") as errors:
            process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=ROOT,
                env=environment(
                    data,
                    XIAOQ_WORKERS=str(workers),
                    XIAOQ_ENGINE_URL=f"http://127.0.0.1:{port}/v1",
                    **settings,
                ),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        with process:
            assert process.stdout is not None
            announced = []
            for line in process.stdout:
                announced.append(line.strip())
                if "ready to accept" in line:
                    break
            found = re.search(r"(http://[\d.:]+)/\?token=(\S+)", "\n".join(announced))
            assert found, log.read_text()
            try:
                yield Team(process, found[1], found[2], announced, data, log, upstream)
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                    process.wait(40)


@contextmanager
def echoing() -> Iterator[tuple[EchoUpstream, int]]:
    """An echoing upstream on a thread of its own; gives its port."""
    upstream, ready, leave, ports = EchoUpstream(), threading.Event(), threading.Event(), list[int]()

    async def serve() -> None:
        async with serving(upstream.app()) as port:
            ports.append(port)
            ready.set()
            await asyncio.to_thread(leave.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60), "the model's server did not start"
    try:
        yield upstream, ports[0]
    finally:
        leave.set()
        thread.join(10)


def question(text: str = "我的订单为什么还没发货?", **more: object) -> dict[str, object]:
    return {"model": "qwen2.5-7b", "messages": [{"role": "user", "content": text}], **more}


def client(running: Team, **more: object) -> httpx.Client:
    return httpx.Client(base_url=running.url, timeout=30, **more)  # type: ignore[arg-type]
