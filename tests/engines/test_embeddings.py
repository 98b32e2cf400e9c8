"""An OpenAI-compatible server's embeddings: in order, whole, or a named error."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from core.errors import EngineError, NotSupported
from core.settings import Settings
from engines.embeddings import OpenAIEmbedder, make_embedder
from tests.support.obedient import ObedientUpstream, vector
from tests.support.upstream import serving


@pytest_asyncio.fixture
async def upstream() -> AsyncIterator[tuple[ObedientUpstream, OpenAIEmbedder]]:
    server = ObedientUpstream()
    async with serving(server.app()) as port:
        embedder = OpenAIEmbedder(f"http://127.0.0.1:{port}/v1/", "m3", "k")
        yield server, embedder
        await embedder.aclose()


async def test_many_texts_go_in_several_calls_and_come_back_in_order(
    upstream: tuple[ObedientUpstream, OpenAIEmbedder],
) -> None:
    server, embedder = upstream
    texts = [f"text {number}" for number in range(300)]
    embedded = await embedder.embed(texts, 5)
    assert [row.tolist() for row in embedded.vectors] == [pytest.approx(vector(text, 5)) for text in texts]
    assert embedded.tokens == sum(map(len, texts))
    assert [len(asked["input"]) for asked in server.requests] == [128, 128, 44]
    assert {(asked["model"], asked["dimensions"]) for asked in server.requests} == {("m3", 5)}


REPLIES: list[Any] = [
    {"data": [{"index": 0, "embedding": [0.1]}]},
    {"data": [{"index": 0, "embedding": [0.1]}, {"index": 0, "embedding": [0.2]}]},
    {"data": [{"index": 0, "embedding": [0.1]}, {"index": 1, "embedding": [0.1, 0.2]}]},
    {"data": [{"index": 0, "embedding": [0.1]}, {"index": 1, "embedding": ["x"]}]},
    {"data": [{"index": 0, "embedding": [0.1]}, {"index": 1, "embedding": [1e300]}]},
    {"error": {"message": "no"}},
    [],
    "x",
]


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("reply", REPLIES, ids=json.dumps)
async def test_a_reply_that_makes_no_sense_is_an_error(reply: Any) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(reply)

    app = web.Application()
    app.router.add_post("/v1/embeddings", answer)
    async with serving(app) as port:
        embedder = OpenAIEmbedder(f"http://127.0.0.1:{port}/v1", "m3")
        with pytest.raises(EngineError):
            await embedder.embed(["a", "b"])
        await embedder.aclose()


async def test_a_server_without_embeddings_and_one_that_is_gone() -> None:
    async with serving(web.Application()) as port:
        embedder = OpenAIEmbedder(f"http://127.0.0.1:{port}/v1", "m3")
        with pytest.raises(NotSupported):
            await embedder.embed(["a"])
    with pytest.raises(EngineError) as raised:
        await embedder.embed(["a"])
    assert raised.value.code == "engine_unavailable"
    await embedder.aclose()


def test_the_engines_key_goes_to_the_engines_server_alone() -> None:
    def key_at(**urls: str) -> Any:
        embedder = make_embedder(Settings(_env_file=None, engine_key="secret", **urls))
        assert embedder is not None
        return embedder.model, embedder._upstream._headers

    secret = {"Authorization": "Bearer secret"}
    engine = "http://127.0.0.1:8000/v1"
    assert key_at(engine_url=engine) == ("Qwen/Qwen2.5-7B-Instruct", secret)
    assert key_at(engine_url=engine, embedding_url="http://127.0.0.1:8000/v1") == ("default", secret)
    assert key_at(engine_url=engine, embedding_url="http://127.0.0.1:8001/v1") == ("default", {})
    assert make_embedder(Settings(_env_file=None)) is None
