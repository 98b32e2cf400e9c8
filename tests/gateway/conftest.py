"""The whole app on a real socket, before a model server that answers with the prompt it was given."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from openai import OpenAI

from app import create_app
from core.settings import Settings
from engines.breaker import Breaker
from pipelines.services import Services
from tests.support.fault_proxy import FaultProxy
from tests.support.upstream import EchoUpstream, serving

T = TypeVar("T")
TOKEN = "operator-token-of-the-tests"
PASSWORD = "correct horse battery staple"


@dataclass
class Running:
    """A served app. `call` runs a coroutine on the server's own loop, where its database lives."""

    app: FastAPI
    port: int
    upstream: EchoUpstream
    proxy: FaultProxy
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def services(self) -> Services:
        services: Services = self.app.state.services
        return services

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(100)

    def key(self, role: str, line: str | None = None) -> dict[str, str]:
        """A new key, as the header that carries it."""
        _, text = self.call(self.services.keys.create(f"test {role}", role, line))
        return {"Authorization": f"Bearer {text}"}

    def mend(self) -> None:
        """The model's server is well again, and nobody remembers that it was not."""
        self.proxy.mode = "pass"
        for rung in self.services.engine._rungs:  # type: ignore[attr-defined]
            rung.breaker = Breaker(time.monotonic)

    def seen(self) -> list[dict[str, Any]]:
        """The messages that the model saw last."""
        messages: list[dict[str, Any]] = self.upstream.requests[-1]["messages"]
        return messages


@contextmanager
def running(folder: Path, *, upstream: EchoUpstream | None = None, **settings: Any) -> Iterator[Running]:
    model = upstream or EchoUpstream()
    started: list[Running] = []
    ready, leave = threading.Event(), threading.Event()
    failure: list[Exception] = []

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            proxy = FaultProxy(await stack.enter_async_context(serving(model.app())))
            proxy.after_bytes = 2_000
            upstream_port = await stack.enter_async_context(proxy.listening())
            mine = {
                "data_dir": folder,
                "engine": "openai",
                "engine_url": f"http://127.0.0.1:{upstream_port}/v1",
                "model": "qwen2.5-7b",
                "operator_password": PASSWORD,
                "frequent_answers": False,  # what is asked here is asked to reach the model
            }
            chosen = Settings(_env_file=None, **(mine | settings))
            app = create_app(chosen, TOKEN)
            config = uvicorn.Config(app, "127.0.0.1", 0, log_config=None, proxy_headers=False)
            server = uvicorn.Server(config)
            serving_task = asyncio.create_task(server.serve())
            while not server.started and not serving_task.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.02)
            if serving_task.done():
                serving_task.result()
            port = server.servers[0].sockets[0].getsockname()[1]
            started.append(Running(app, port, model, proxy, asyncio.get_running_loop()))
            ready.set()
            await asyncio.to_thread(leave.wait)
            server.should_exit = True
            await serving_task

    def work() -> None:
        try:
            asyncio.run(serve())
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            failure.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(110)
    try:
        if not started:
            raise failure[0] if failure else TimeoutError("the app did not start")
        yield started[0]
    finally:
        leave.set()
        thread.join(30)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """No key was ever made: this machine passes."""
    with running(tmp_path_factory.mktemp("site")) as server:
        yield server


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A key was made: nobody passes without one."""
    with running(tmp_path_factory.mktemp("locked")) as server:
        server.key("admin")
        yield server


@pytest.fixture
def client(site: Running) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{site.url}/v1", api_key="any", max_retries=0) as official:
        yield official


@pytest.fixture
def http(site: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=site.url, timeout=30) as plain:
        yield plain


@pytest.fixture
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For the waits after wrong passwords: the first is 2 seconds, and a busy machine may take that for one try."""
    now = time.monotonic()
    monkeypatch.setattr("gateway.attempts.time", SimpleNamespace(monotonic=lambda: now))
