"""The least that a gateway in Python can be: FastAPI reads a body, a client sends it on, the answer goes back.

`python -m bench.gateway_passthrough aiohttp|httpx --upstream URL --port N`. No key, no log, no look at anything: what
it costs is what every gateway of this kind costs.
"""

import argparse
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse

JSON = {"content-type": "application/json"}
Complete = Callable[[Request], Awaitable[Response]]


def over_aiohttp(upstream: str) -> FastAPI:
    import aiohttp

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as app.state.session:
            yield

    async def complete(request: Request) -> Response:
        reply = await request.app.state.session.post(upstream, data=await request.body(), headers=JSON)
        if reply.content_type != "text/event-stream":
            async with reply:
                return Response(await reply.read(), reply.status, media_type=reply.content_type)

        async def pieces() -> AsyncIterator[bytes]:
            async with reply:
                async for piece in reply.content.iter_any():
                    yield piece

        return StreamingResponse(pieces(), media_type="text/event-stream")

    return _app(complete, lifespan)


def over_httpx(upstream: str) -> FastAPI:
    import httpx

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(limits=limits, timeout=120, trust_env=False) as app.state.client:
            yield

    async def complete(request: Request) -> Response:
        client: httpx.AsyncClient = request.app.state.client
        asked = client.build_request("POST", upstream, content=await request.body(), headers=JSON)
        reply = await client.send(asked, stream=True)
        if not reply.headers["content-type"].startswith("text/event-stream"):
            return Response(await reply.aread(), reply.status_code, media_type="application/json")

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in reply.aiter_raw():
                yield piece
            await reply.aclose()

        return StreamingResponse(pieces(), media_type="text/event-stream")

    return _app(complete, lifespan)


def _app(complete: Complete, lifespan: Callable[[FastAPI], object]) -> FastAPI:
    app = FastAPI(lifespan=lifespan, openapi_url=None)  # type: ignore[arg-type]
    app.post("/v1/chat/completions", response_model=None)(complete)
    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("client", choices=("aiohttp", "httpx"))
    parser.add_argument("--upstream", required=True, help="the model server's base URL, /v1 included")
    parser.add_argument("--port", type=int, required=True)
    chosen = parser.parse_args()
    app = (over_aiohttp if chosen.client == "aiohttp" else over_httpx)(f"{chosen.upstream}/chat/completions")
    uvicorn.run(app, port=chosen.port, loop="uvloop", http="httptools", log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
