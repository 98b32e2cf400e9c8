"""The reranker over a real socket: the routes and answers that servers have, and those that fail."""

import time
from typing import Any

import pytest
from pydantic import SecretStr

from core.settings import Settings
from knowledge.rerank import Reranker, make_reranker
from tests.knowledge.models import ModelServer, serving
from tests.support.logged import logged

TEXTS = ("opening hours", "refund of an order", "an order")


async def asked(server: ModelServer, **options: Any) -> Any:
    reranker = Reranker(server.url, "some/reranker", **options)
    try:
        return await reranker.order("refund order", TEXTS)
    finally:
        await reranker.aclose()


@pytest.mark.parametrize("route", ["/v1/rerank", "/rerank"])
@pytest.mark.parametrize("ending", ["", "/v1", "/v1/", "ROUTE"])
async def test_scores_come_in_the_order_of_the_texts(route: str, ending: str) -> None:
    async with serving(route) as server:
        root = server.url.removesuffix("/v1")
        reranker = Reranker(root + (route if ending == "ROUTE" else ending), "some/reranker")
        assert await reranker.order("refund order", TEXTS) == [0.0, 1.0, 0.5]
        assert await reranker.order("opening", TEXTS) == [1.0, 0.0, 0.0]
        await reranker.aclose()
        assert server.requests[0] == {
            "model": "some/reranker",
            "query": "refund order",
            "documents": list(TEXTS),
            "top_n": 3,
        }


async def test_the_key_is_sent_where_there_is_one() -> None:
    async with serving("/v1/rerank") as server:
        await asked(server)
        await asked(server, key=SecretStr("sk-rerank"))
        assert server.keys == {"", "Bearer sk-rerank"}


async def test_the_settings_make_one_and_the_engines_key_goes_to_the_engines_server_only() -> None:
    assert make_reranker(Settings(_env_file=None)) is None
    async with serving("/v1/rerank") as server:
        for engine_url in ("http://engine.example/v1", server.url):
            made = make_reranker(
                Settings(
                    rerank_url=server.url,
                    rerank_model="some/reranker",
                    engine_url=engine_url,
                    engine_key="sk-engine",
                    _env_file=None,
                )
            )
            assert made is not None
            assert await made.order("refund order", TEXTS) == [0.0, 1.0, 0.5]
            await made.aclose()
            assert ("Bearer sk-engine" in server.keys) is (engine_url == server.url)


async def test_scores_are_clipped_to_one() -> None:
    async with serving("/v1/rerank") as server:
        scores = [7.5, -3, 0.25]
        server.answer = {"results": [{"index": n, "relevance_score": s} for n, s in enumerate(scores)]}
        assert await asked(server) == [1.0, 0.0, 0.25]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        [],
        "no",
        {"results": None},
        {"results": [{"index": 0, "relevance_score": 1.0}]},
        {"results": [{"index": n, "relevance_score": 0.5} for n in (0, 1, 3)]},
        {"results": [{"index": n, "relevance_score": float("nan")} for n in range(3)]},
        {"results": [{"index": n, "relevance_score": "high"} for n in range(3)]},
        {"results": [{"index": n} for n in range(3)]},
    ],
)
async def test_an_answer_that_is_none_leaves_the_order(answer: object) -> None:
    async with serving("/v1/rerank") as server:
        server.answer = answer
        assert await asked(server) is None


async def test_a_slow_server_does_not_hold_the_question_up() -> None:
    async with serving("/v1/rerank") as server:
        server.open.clear()
        start = time.monotonic()
        assert await asked(server, seconds=0.2) is None
        assert time.monotonic() - start < 2


async def test_a_failing_server_is_warned_of_once_and_left_alone_longer_each_time() -> None:
    now = [0.0]
    async with serving("/v1/rerank") as server:
        server.status = 500
        reranker = Reranker(server.url, "some/reranker", clock=lambda: now[0])
        with logged() as logs:
            for second in range(30):
                now[0] = float(second)
                assert await reranker.order("refund order", TEXTS) is None
            assert len(server.requests) == 3
            assert [entry["event"] for entry in logs] == ["rerank_unavailable"]
            server.status = 200
            now[0] = 100.0
            assert await reranker.order("refund order", TEXTS) == [0.0, 1.0, 0.5]
            assert [entry["event"] for entry in logs] == ["rerank_unavailable", "rerank_back"]
        await reranker.aclose()


async def test_nothing_listening_and_nothing_to_order_are_no_errors() -> None:
    reranker = Reranker("http://127.0.0.1:9", "some/reranker")
    assert await reranker.order("refund", []) is None
    assert await reranker.order("refund", TEXTS) is None
    await reranker.aclose()
