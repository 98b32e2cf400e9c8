"""A deterministic OpenAI-compatible server: its answer is the prompt it was given.

`EchoUpstream` is served over a real socket by `serving`; a test reads from it what the model saw.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from aiohttp import web

MODEL = "qwen2.5-7b"
PIECE = 7


@dataclass
class EchoUpstream:
    """What it serves and what it saw.

    `answer` is what it says in place of its echo, `choices` how many it gives whatever was asked for, `piece_seconds` is the pause before each piece, `max_model_len` the window it reports. `aborted` counts
    streams whose reader left before their end.
    """

    models: tuple[str, ...] = (MODEL,)
    piece_seconds: float = 0.0
    piece: int = PIECE
    max_model_len: int | None = None
    answer: str | None = None
    choices: int | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    aborted: int = 0
    completed: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/health", self._health)
        app.router.add_post("/v1/chat/completions", self._complete)
        return app

    def events(self, body: dict[str, Any]) -> list[str]:
        """The data of every event of the stream that answers `body`."""
        asked = body if self.choices is None else body | {"n": self.choices}
        return events(asked, self.answer, self.piece)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _models(self, request: web.Request) -> web.Response:
        window = {"max_model_len": self.max_model_len} if self.max_model_len else {}
        data = [{"id": name, "object": "model", **window} for name in self.models]
        return web.json_response({"object": "list", "data": data})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.requests.append(body)
        self.headers.append(dict(request.headers))
        if body["model"] not in self.models:
            error = {"message": f"The model `{body['model']}` does not exist.", "code": 404}
            return web.json_response({"error": error}, status=404)
        if type(self).events is EchoUpstream.events and not body.get("stream"):
            return await self._whole(body)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        try:
            for event in self.events(body):
                await asyncio.sleep(self.piece_seconds)
                await response.write(f"data: {event}\n\n".encode())
            await response.write_eof()
        except (ConnectionResetError, asyncio.CancelledError):
            self.aborted += 1
            raise
        self.completed += 1
        return response

    async def _whole(self, body: dict[str, Any]) -> web.Response:
        """What the stream would have brought, after as long a time."""
        told = [json.loads(event) for event in self.events(body | INCLUDE_USAGE)[:-1]]
        try:
            await asyncio.sleep(self.piece_seconds * len(told))
        except asyncio.CancelledError:
            self.aborted += 1
            raise
        said: defaultdict[int, str] = defaultdict(str)
        for chunk in told:
            for choice in chunk["choices"]:
                said[choice["index"]] += choice["delta"].get("content", "")
        choices = [
            {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for index, text in sorted(said.items())
        ]
        self.completed += 1
        reply = _chunk(body, choices) | {"object": "chat.completion", "usage": told[-1]["usage"]}
        return web.json_response(reply)


def echo(messages: list[dict[str, Any]]) -> str:
    """What the model says to these messages."""
    return "ECHO:" + json.dumps(messages, ensure_ascii=False)


def events(body: dict[str, Any], answer: str | None = None, piece: int = PIECE) -> list[str]:
    """The data of every event of the stream that answers `body`, the last one `[DONE]`."""
    text = echo(body["messages"]) if answer is None else answer
    texts = [text if index == 0 else f"{text}#{index}" for index in range(body.get("n") or 1)]
    pieces = [[said[start : start + piece] for start in range(0, len(said), piece)] for said in texts]
    opening: dict[str, Any] = {"role": "assistant", "content": ""}
    deltas = [(index, opening) for index in range(len(texts))]
    # The choices take turns, as a server that batches them sends them.
    for row in zip_longest(*pieces):
        deltas += [(index, {"content": said}) for index, said in enumerate(row) if said is not None]
    chunks = [
        _chunk(body, [{"index": index, "delta": delta, "finish_reason": None}]) for index, delta in deltas
    ]
    for index in range(len(texts)):
        chunks.append(_chunk(body, [{"index": index, "delta": {}, "finish_reason": "stop"}]))
    if body.get("stream_options", {}).get("include_usage"):
        said = sum(map(len, pieces))
        usage = {"prompt_tokens": 11, "completion_tokens": said, "total_tokens": 11 + said}
        chunks.append(_chunk(body, []) | {"usage": usage})
    return [json.dumps(chunk, ensure_ascii=False) for chunk in chunks] + ["[DONE]"]


def _chunk(body: dict[str, Any], choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-echo",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": body["model"],
        "choices": choices,
    }


INCLUDE_USAGE = {"stream_options": {"include_usage": True}}


@asynccontextmanager
async def serving(app: web.Application, port: int = 0) -> AsyncIterator[int]:
    """Serves `app` on the loopback; gives the port."""
    # Cancelled handlers are how an upstream learns that the reader left; aiohttp has that off by default.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
