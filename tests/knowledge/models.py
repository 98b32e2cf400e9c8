"""A real /v1/embeddings and /v1/rerank server on the loopback, over vectors that a test can reckon with."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

MEANINGS = {"automobile": 0, "car": 0, "vehicle": 0, "refund": 1, "money": 1}
"""A tiny model: words of one meaning share an axis, all others are hashed to theirs."""


def meaning(text: str, dimension: int = 64) -> list[float]:
    vector = [0.0] * dimension
    for word in text.lower().replace(".", " ").replace("?", " ").split():
        digest = int(hashlib.sha256(word.encode()).hexdigest(), 16)
        vector[MEANINGS.get(word, 2 + digest % (dimension - 2))] += 1.0
    return vector if any(vector) else [1.0] * dimension


@dataclass
class ModelServer:
    """`status` other than 200 and a closed `open` make it fail and hang; a `dimension` of 0 gives no numbers. Once it
    has given vectors of `closes_after` texts it closes by itself."""

    url: str = ""
    texts: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    models: list[str] = field(default_factory=list)
    status: int = 200
    dimension: int = 64
    answer: object = None
    """What the reranker says, instead of scores by shared words."""
    requests: list[dict[str, object]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    closes_after: int | None = None
    connections: Callable[[], int] = lambda: 0

    async def embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        await self.open.wait()
        if self.status != 200:
            return web.json_response({"error": {"message": "no"}}, status=self.status)
        self.texts += texts
        if self.closes_after is not None and len(self.texts) >= self.closes_after:
            self.open.clear()
        self.models.append(body["model"])
        self.keys.add(request.headers.get("Authorization", ""))
        data = [
            {
                "object": "embedding",
                "index": i,
                "embedding": meaning(text, self.dimension) if self.dimension else [float("nan")],
            }
            for i, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return web.json_response({"object": "list", "model": body["model"], "data": data, "usage": usage})

    async def rerank(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        self.keys.add(request.headers.get("Authorization", ""))
        await self.open.wait()
        if self.status != 200 or self.answer is not None:
            return web.Response(
                text=json.dumps(self.answer), status=self.status, content_type="application/json"
            )
        words = set(body["query"].split())
        scores = [len(words & set(text.split())) / len(words) for text in body["documents"]]
        order = sorted(range(len(scores)), key=lambda n: -scores[n])
        return web.json_response(
            {"id": "r1", "results": [{"index": n, "relevance_score": scores[n]} for n in order]}
        )


@asynccontextmanager
async def serving(*routes: str) -> AsyncIterator[ModelServer]:
    """`routes` are those of the reranker; embeddings are always served."""
    served = ModelServer()
    served.open.set()
    app = web.Application()
    app.router.add_post("/v1/embeddings", served.embed)
    for route in routes:
        app.router.add_post(route, served.rerank)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    server = runner.server
    assert server is not None
    served.connections = lambda: len(server.connections)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield served
    finally:
        served.open.set()
        await runner.cleanup()
