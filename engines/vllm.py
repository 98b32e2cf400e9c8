"""vLLM as a child of this app: started, watched, restarted, stopped; asked like any OpenAI server.

Knows nothing of GPUs or models: what fits where is the operator's choice in the settings.
"""

import asyncio
import os
import secrets
import socket
from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress

import aiohttp
import structlog

from core.errors import EngineNotReady
from core.ports import EngineChunk, EngineKind, GenerationRequest, Health
from core.settings import Settings
from engines.openai import OpenAIEngine
from engines.process import STOP_SECONDS, ChildProcess
from engines.vllm_command import DEFAULT_PREFIX, HOST, command_line, environment, progress

log = structlog.get_logger()

KEPT_LINES = 200
_FIRST_BACKOFF_SECONDS = 1.0
_LONGEST_BACKOFF_SECONDS = 60.0
_POLL_SECONDS = 0.5
_POLL_LIMIT_SECONDS = 2.0


class VllmEngine:
    """vLLM's OpenAI server on the loopback, with a port and a key of its own at each start.

    `prefix` is the command that starts it, `extra_environment` is added to the child's: a vLLM in another
    Python environment is run by naming that one's interpreter. A child that does not end on SIGTERM is killed
    after `stop_seconds`. Raises ConfigurationError where the settings give no command line.
    """

    name = "vllm"
    kind: EngineKind = "model"

    def __init__(
        self,
        settings: Settings,
        prefix: Sequence[str] = DEFAULT_PREFIX,
        extra_environment: Mapping[str, str] | None = None,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        command_line(settings, prefix, port=0)  # so that a mistake shows before the app is up
        self._settings = settings
        self._prefix = prefix
        self._extra_environment = extra_environment or {}
        self._stop_seconds = stop_seconds
        self._child: ChildProcess | None = None
        self._client: OpenAIEngine | None = None
        self._watch: asyncio.Task[None] | None = None
        self._address: tuple[str, str] | None = None
        self._detail = "not started"
        self.log_lines: deque[str] = deque(maxlen=KEPT_LINES)
        """The last lines vLLM wrote, oldest first."""

    @property
    def context_tokens(self) -> int:
        return self._client.context_tokens if self._client else self._settings.context_tokens

    @property
    def retries(self) -> int:
        return self._client.retries if self._client else 0

    @property
    def pid(self) -> int | None:
        """The child's process id, while it runs."""
        return self._child.pid if self._child and self._child.running else None

    @property
    def address(self) -> tuple[str, str] | None:
        """Base URL and key of the running server, once it is ready; both change at each start."""
        return self._address if self._client else None

    async def start(self) -> None:
        if self._watch is None:
            self._watch = asyncio.create_task(self._keep_running())

    async def health(self) -> Health:
        if self._client is None:
            return Health(False, self._detail)
        return await self._client.health()

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        if self._client is None:
            raise EngineNotReady("The model is not ready yet.")
        async with aclosing(self._client.stream(request)) as chunks:
            async for chunk in chunks:
                yield chunk

    async def aclose(self) -> None:
        if self._watch:
            self._watch.cancel()
            with suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None

    async def _keep_running(self) -> None:
        backoff = _FIRST_BACKOFF_SECONDS
        while True:
            try:
                was_ready, code = await self._run_once()
            except OSError:  # the machine gives no process: no memory, no descriptors
                was_ready, code = False, -1
            backoff = _FIRST_BACKOFF_SECONDS if was_ready else backoff
            last = self.log_lines[-1] if self.log_lines else "no output"
            self._detail = f"ended with code {code}, starts again in {backoff:.0f} s; its last line: {last}"
            log.error("vllm.ended", code=code, restarts_in_seconds=backoff)
            await asyncio.sleep(backoff)
            backoff = min(2 * backoff, _LONGEST_BACKOFF_SECONDS)

    async def _run_once(self) -> tuple[bool, int]:
        """One life of the child: whether it became ready, and its exit code."""
        port, key = _free_port(), secrets.token_urlsafe(32)
        command = command_line(self._settings, self._prefix, port)
        child = await ChildProcess.spawn(command, environment({**os.environ, **self._extra_environment}, key))
        self._child, self._detail = child, "starting"
        log.info("vllm.started", pid=child.pid, model=self._settings.model)
        reading = asyncio.create_task(self._read_log(child))
        readying = asyncio.create_task(self._become_ready(port, key))
        try:
            code = await child.wait()
            return self._client is not None, code
        finally:
            readying.cancel()
            client, self._client = self._client, None
            await child.stop(self._stop_seconds)
            await asyncio.gather(reading, readying, return_exceptions=True)
            if client:
                await client.aclose()

    async def _read_log(self, child: ChildProcess) -> None:
        async with aclosing(child.lines()) as lines:
            async for line in lines:
                self.log_lines.append(line)
                self._detail = progress(line) or self._detail
                log.info("vllm.log", line=line)

    async def _become_ready(self, port: int, key: str) -> None:
        await _answers_health(port)
        self._address = (f"http://{HOST}:{port}/v1", key)
        client = OpenAIEngine(
            self._address[0],
            self._settings.served_model,
            key=key,
            first_token_seconds=self._settings.engine_first_token_seconds,
            idle_seconds=self._settings.engine_idle_seconds,
            total_seconds=self._settings.engine_total_seconds,
            name=self.name,
            context_tokens=self._settings.context_tokens,
        )
        await client.health()
        self._client = client
        log.info("vllm.ready", context_tokens=client.context_tokens)


async def _answers_health(port: int) -> None:
    """Returns once `GET /health` says 200: while weights load, nobody listens."""
    limit = aiohttp.ClientTimeout(total=_POLL_LIMIT_SECONDS)
    async with aiohttp.ClientSession(timeout=limit) as session:
        while True:
            with suppress(aiohttp.ClientError, OSError):
                async with session.get(f"http://{HOST}:{port}/health") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(_POLL_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
