"""Any OpenAI-compatible server as an engine: vLLM, a hosted router, Ollama, llama.cpp.

Knows nothing of other engines: it says whether another may answer instead, and leaves that to the ladder.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import suppress

import aiohttp
import structlog

from core.errors import EngineBroken, EngineBusy, EngineError, EngineUnreachable, NotSupported
from core.ports import EngineChunk, EngineKind, GenerationRequest, Health
from engines.exchange import Answer
from engines.openai_wire import (
    no_such_route,
    parse_models,
    parse_whole,
    refusal,
    request_body,
)
from engines.pace import Pace
from engines.reply import Reply
from engines.upstream import CONNECT_SECONDS, Body, Upstream, drain, read_all, read_whole

log = structlog.get_logger()

HEALTH_SECONDS = 2.0
EVENTS = "text/event-stream"
RETRY_WAITS = ((0.05, 0.15), (0.2, 0.6))
"""Seconds before the first and the second retry; those that fail together do not come back together."""
RETRY_SECONDS = 1.5
"""No call goes out later than this after the first, so that the next engine answers within 3 s."""
LATE_SECONDS = 0.1
"""A turn of the event loop that takes longer than this makes time-outs say nothing about the server."""
_WORTH_A_RETRY = (EngineUnreachable, EngineBusy)


class OpenAIEngine:
    """Chat completions from `base_url` (up to and including `/v1`), streamed; in one piece where that is all the same
    to the reader and would surely be here in time (pace.py).

    `first_token_seconds` bounds the wait for the first token, connection included; `idle_seconds` the silence
    between two, `total_seconds` all of it. `retries` counts the calls that were made again. `context_tokens` is the window to assume until the server tells a smaller one.
    """

    kind: EngineKind = "model"

    def __init__(
        self,
        base_url: str,
        model: str,
        key: str | None = None,
        first_token_seconds: float = 20.0,
        idle_seconds: float = 15.0,
        name: str = "openai",
        context_tokens: int = 32_768,
        total_seconds: float = 600.0,
    ) -> None:
        self.name = name
        self.retries = 0
        self._upstream = Upstream(base_url, key)
        self._model = model
        self._absent: set[str] = set()
        """Models that questions named and the server did not know when last asked."""
        self._first_token_seconds = first_token_seconds
        self._idle_seconds = idle_seconds
        self._total_seconds = total_seconds
        self._context_tokens = context_tokens
        self._pace = Pace(first_token_seconds)
        self._learning: asyncio.Task[Health] | None = None
        self._open: set[Answer] = set()

    @property
    def context_tokens(self) -> int:
        return self._context_tokens

    async def start(self) -> None:
        """Ask the server, in the background, for its model and its window."""
        self._learning = asyncio.create_task(self.health())

    async def health(self) -> Health:
        """Whether the server answers; notes its model and its window on the way."""
        try:
            response = await self._upstream.request("GET", "/models", _now() + HEALTH_SECONDS)
            try:
                return await self._learn(response)
            finally:
                response.release()
        except EngineError as error:
            return Health(False, error.message)

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        """The answer as it comes. Before the first chunk raises EngineError as the server's refusal asks,
        after it EngineBroken."""
        began = _now()
        end = began + self._total_seconds
        deadline = min(began + self._first_token_seconds - request.waited, end)
        whole = request.in_one_piece and self._pace.allows_whole(request.sampling.max_tokens)
        response = await self._begin(request, deadline, whole=whole)
        self._open.add(response)
        answer = Reply(request.sampling.n)
        try:
            if whole and response.content_type != EVENTS:
                for chunk in parse_whole(await read_whole(response, deadline), request.sampling.n):
                    answer.heard(chunk)
                    yield chunk
            else:
                body = Body(response, deadline)
                try:
                    while not answer.ended:
                        heard = answer.read(await body.some())
                        for chunk in heard.chunks:
                            yield chunk
                        if heard.alive:
                            body.until(min(_now() + self._idle_seconds, end))
                        if heard.error:
                            raise heard.error
                finally:
                    body.close()
                await drain(response)
            self._pace.took(_now() - began, answer.tokens)
        except EngineError as error:
            self._pace.lost()
            log.warning("engine.failed", engine=self.name, error=error.code, begun=answer.begun)
            if answer.begun and not isinstance(error, EngineBroken):
                raise EngineBroken("The model stopped in the middle of its answer.") from error
            raise
        finally:
            # A reply that was not read to its end: hang up, so that the server stops working on it and no
            # later request reads the rest of this one.
            response.close()
            self._open.discard(response)

    async def aclose(self) -> None:
        """Breaks off what still streams: whoever reads it hears so at once."""
        for response in list(self._open):
            response.close()
        if self._learning:
            self._learning.cancel()
            with suppress(asyncio.CancelledError):
                await self._learning
        await self._upstream.aclose()

    async def _begin(self, request: GenerationRequest, deadline: float, *, whole: bool) -> Answer:
        """The reply whose body is the stream; calls again where that may help, as long as the next engine could
        still answer in time."""
        began = called = _now()
        last = min(began + RETRY_SECONDS, deadline)
        try:
            return await self._ask(request, deadline, whole=whole)
        except EngineError as error:
            failure = error
        for waits in RETRY_WAITS:
            if await _was_ours(failure, called):
                wait, connect_seconds = 0.0, CONNECT_SECONDS
            else:
                wait = random.uniform(*waits) + (failure.retry_after or 0)  # noqa: S311 - spreads calls, guards nothing
                if not isinstance(failure, _WORTH_A_RETRY) or _now() + wait > last:
                    break
                connect_seconds = began + CONNECT_SECONDS - _now() - wait
            await asyncio.sleep(wait)
            self.retries += 1
            called = _now()
            try:
                return await self._ask(request, deadline, connect_seconds, whole=whole)
            except EngineError as error:
                failure = error
        raise failure

    async def _ask(
        self,
        request: GenerationRequest,
        deadline: float,
        connect_seconds: float = CONNECT_SECONDS,
        *,
        whole: bool,
    ) -> Answer:
        """One call; a second one where the server knows its one model by another name, or not the one that the
        question names."""
        asked_for = self._named(request)
        response = await self._post(request, deadline, connect_seconds, whole=whole)
        if response.status == 404:
            if asked_for != self._model:
                log.warning("engine.model_absent", engine=self.name, model=asked_for)
                self._absent.add(asked_for)
            await self.health()
            if self._named(request) != asked_for:
                response.close()
                response = await self._post(request, deadline, connect_seconds, whole=whole)
        if response.status == 200:
            return response
        try:
            body = await read_all(response, deadline)
        except EngineError:
            body = b""
        finally:
            response.close()
        log.warning("engine.refused", engine=self.name, status=response.status)
        if request.prompt is not None and no_such_route(response.status, body):
            raise NotSupported("The model's server has chat only; send messages to /v1/chat/completions.")
        wait = response.header("Retry-After")
        raise refusal(
            response.status, body.decode("utf-8", "replace"), int(wait) if wait.isdecimal() else None
        )

    async def _post(
        self, request: GenerationRequest, deadline: float, connect_seconds: float, *, whole: bool
    ) -> Answer:
        body = request_body(request, self._named(request), whole=whole)
        path = "/chat/completions" if request.prompt is None else "/completions"
        return await self._upstream.request("POST", path, deadline, body, request.request_id, connect_seconds)

    def _named(self, request: GenerationRequest) -> str:
        """The model to ask for: the question's where the server may have it, else the engine's own."""
        wanted = request.sampling.model
        return wanted if wanted is not None and wanted not in self._absent else self._model

    async def _learn(self, response: Answer) -> Health:
        if response.status in (404, 405):
            return Health(True, f"answers; asked for {self._model}")
        if response.status != 200:
            return Health(False, f"answers with status {response.status}")
        served = {
            model.id: model for model in parse_models(await read_all(response, _now() + HEALTH_SECONDS))
        }
        self._absent -= served.keys()
        if self._model not in served and len(served) == 1:
            (only,) = served
            log.info("engine.model", engine=self.name, asked_for=self._model, uses=only)
            self._model = only
        if self._model not in served:
            return Health(False, f"does not serve {self._model}", tuple(served))
        window = served[self._model].context_tokens
        self._context_tokens = min(self._context_tokens, window or self._context_tokens)
        return Health(True, f"serves {self._model}", tuple(served))


async def _was_ours(failure: EngineError, called: float) -> bool:
    """Whether a connection missed its time because this process was late to look, not because the server was."""
    if not isinstance(failure.__cause__, aiohttp.ServerTimeoutError):
        return False
    failed = _now()
    await asyncio.sleep(0)
    return _now() - failed > LATE_SECONDS or failed - called > CONNECT_SECONDS + LATE_SECONDS


def _now() -> float:
    return asyncio.get_running_loop().time()
