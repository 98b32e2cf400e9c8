"""The semantic side over a real embeddings server and real files: in step with the store, and never in the way."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.documents import Chunk
from core.settings import Settings
from knowledge.embeddings import EmbeddingSource, open_embeddings
from knowledge.model_memory import ModelMemory, Serving
from knowledge.semantic import Pace, SemanticSide, make_semantic
from knowledge.vectors import FaissVectors
from tests.knowledge.chunks import MemoryStore, chunk
from tests.knowledge.models import ModelServer, serving
from tests.support.logged import logged

PASSAGES = (
    chunk(0, "An automobile must be insured.", title="Insurance"),
    chunk(1, "Bread is baked at night.", title="Bakery"),
    chunk(2, "Tickets are sold at the gate.", "Where do I buy tickets?", "ticket sale"),
)

EAGER = Pace(question=30.0, first_pause=0.05, commit=0.0)
"""Time enough for a question on a busy machine; tries again soon."""


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with serving() as served:
        yield served


class Side:
    """What one start of the app builds over the same folder."""

    def __init__(
        self, folder: Path, store: MemoryStore, server: ModelServer, model: str = "tiny", pace: Pace = EAGER
    ) -> None:
        settings = Settings(embedding_url=server.url, embedding_model=model, data_dir=folder, _env_file=None)
        self.vectors = FaissVectors(folder / "vectors")
        made = make_semantic(settings, self.vectors, store, pace=pace)
        assert made is not None
        self.semantic = made

    async def rows(self, question: str, k: int = 3) -> dict[int, float]:
        return dict((await self.semantic.nearest(["shop"], question, k)).get("shop", {}))

    async def aclose(self) -> None:
        await self.semantic.aclose()
        await self.vectors.aclose()


@pytest.fixture
async def start(tmp_path: Path, server: ModelServer) -> AsyncIterator[Callable[..., Side]]:
    started: list[Side] = []

    def make(store: MemoryStore, model: str = "tiny", pace: Pace = EAGER) -> Side:
        started.append(Side(tmp_path, store, server, model, pace))
        return started[-1]

    yield make
    for side in started:
        await side.aclose()


def embedded(server: ModelServer, chunks: Any) -> list[str]:
    """Which of the chunks' texts the server was asked for, questions and trials apart."""
    texts = [text for one in chunks for text in one.match or (f"{one.title}\n{one.text}",)]
    return [text for text in server.texts if text in texts]


def shop(*chunks: Chunk) -> MemoryStore:
    return MemoryStore(shop=chunks)


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await true():  # noqa: ASYNC110 - it tells only when asked
            await asyncio.sleep(0.02)


async def test_a_passage_without_a_shared_word_is_near(start: Callable[..., Side]) -> None:
    side = start(shop(*PASSAGES))
    assert await side.rows("car") == {}
    await side.semantic.refresh("shop")
    near = await side.rows("car")
    assert max(near, key=lambda row: near[row]) == 1
    assert near[1] > 0.3
    assert all(-1 <= cosine <= 1.0001 for cosine in near.values())
    assert (await side.semantic.nearest(["nowhere", "shop", "shop"], "car", 3)).keys() == {"shop"}


async def test_a_pair_is_near_by_any_of_its_phrasings(
    start: Callable[..., Side], server: ModelServer
) -> None:
    side = start(shop(*PASSAGES))
    await side.semantic.refresh("shop")
    assert (await side.rows("ticket sale"))[3] == pytest.approx(1.0, abs=1e-5)
    assert (await side.rows("where do i buy tickets"))[3] == pytest.approx(1.0, abs=1e-5)
    assert "Insurance\nAn automobile must be insured." in server.texts


async def test_only_what_is_new_is_embedded_and_what_is_gone_is_dropped(
    start: Callable[..., Side], server: ModelServer
) -> None:
    store = shop(*PASSAGES)
    first = start(store)
    await first.semantic.refresh("shop")
    second = start(store)
    server.texts.clear()
    await second.semantic.refresh("shop")
    assert embedded(server, PASSAGES) == []
    new = chunk(3, "Dogs are welcome.", title="Dogs")
    store.put_chunks("shop", [*PASSAGES[1:], new])
    await second.semantic.refresh("shop")
    assert embedded(server, [*PASSAGES, new]) == ["Dogs\nDogs are welcome."]
    assert (await second.rows("Dogs Dogs are welcome"))[4] == pytest.approx(1.0, abs=1e-5)
    assert 1 not in await second.rows("car", 9)
    store.put_chunks("shop", [])
    await second.semantic.refresh("shop")
    assert await second.rows("car") == {}


async def test_a_question_is_embedded_once_however_often_it_is_asked(
    start: Callable[..., Side], server: ModelServer
) -> None:
    side = start(MemoryStore(shop=PASSAGES, bank=PASSAGES[:2]))
    await side.semantic.refresh("shop")
    await side.semantic.refresh("bank")
    server.texts.clear()
    found = await asyncio.gather(
        *(side.semantic.nearest(["shop", "bank"], "my car", 3) for _ in range(5)), side.rows("my car")
    )
    assert server.texts == ["my car"]
    assert found[0].keys() == {"shop", "bank"}


async def test_a_failing_server_fails_no_question_and_is_warned_of_once(
    start: Callable[..., Side], server: ModelServer
) -> None:
    side = start(shop(*PASSAGES))
    await side.semantic.refresh("shop")
    assert (await side.semantic.health()).ready
    server.status = 500
    with logged() as logs:
        for number in range(5):
            assert await side.rows(f"car {number}") == {}
    assert [entry["event"] for entry in logs] == ["embedding_unavailable"]
    health = await side.semantic.health()
    assert not health.ready
    assert "matched by their words" in health.detail


async def test_a_slow_server_holds_no_question_up(
    tmp_path: Path, start: Callable[..., Side], server: ModelServer
) -> None:
    side = start(shop(*PASSAGES), pace=replace(EAGER, question=0.5))
    await side.semantic.refresh("shop")
    server.open.clear()
    began = time.monotonic()
    assert await side.rows("car") == {}
    assert 0.4 < time.monotonic() - began < 2
    assert await side.rows("another") == {}
    assert time.monotonic() - began < 2
    server.open.set()


async def test_a_server_that_is_away_at_first_is_asked_again_by_itself(
    tmp_path: Path, server: ModelServer
) -> None:
    side = Side(tmp_path, shop(*PASSAGES), server)
    server.status = 503
    with logged() as logs:
        await side.semantic.refresh("shop")
    assert [entry["event"] for entry in logs if entry["log_level"] == "warning"] == ["embedding_failed"]
    assert not (await side.semantic.health()).ready
    server.status = 200

    async def found() -> bool:
        return bool(await side.rows("car"))

    await until(found)
    assert (await side.semantic.health()).ready
    await side.aclose()


async def test_a_killed_embedding_goes_on_where_it_stopped(
    start: Callable[..., Side], server: ModelServer
) -> None:
    chunks = [chunk(n, f"Passage number {n}.", title="Many") for n in range(400)]  # too short to be tried on
    side = start(shop(*chunks))
    server.closes_after = 64  # or all of them may be embedded before it is looked how many are
    work = asyncio.create_task(side.semantic.refresh("shop"))

    async def begun() -> bool:
        return len(await side.vectors.rows("shop", "tiny")) >= 64

    await until(begun)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    server.closes_after = None
    server.open.set()
    done = len(await side.vectors.rows("shop", "tiny"))
    assert done < 400
    assert await side.rows("car") == {}
    again = start(shop(*chunks))
    server.texts.clear()
    await again.semantic.refresh("shop")
    passages = {one for one in server.texts if one.startswith("Many\nPassage number")}
    assert passages == {f"Many\nPassage number {n}." for n in range(done, 400)}
    assert len(await again.vectors.rows("shop", "tiny")) == 400


async def test_a_new_model_takes_over_when_its_vectors_are_whole(
    start: Callable[..., Side], server: ModelServer
) -> None:
    store = shop(*PASSAGES)
    before = start(store, "first")
    await before.semantic.refresh("shop")
    after = start(store, "second")
    server.models.clear()
    assert await after.rows("car")
    assert server.models == ["first"]
    await after.semantic.refresh("shop")
    server.models.clear()
    assert await after.rows("a car")
    assert server.models == ["second"]
    assert await after.vectors.rows("shop", "first") == []
    assert await after.vectors.rows("shop", "second") == [1, 2, 3]


async def test_an_old_model_that_is_gone_leaves_words_until_the_new_one_is_ready(
    tmp_path: Path, server: ModelServer
) -> None:
    store, vectors = shop(*PASSAGES), FaissVectors(tmp_path / "vectors")
    memory = tmp_path / "vectors" / "models.json"
    ModelMemory(memory).put("shop", Serving("old", "/models/old", None, {"*": 0.2}, 3))
    settings = Settings(embedding_url=server.url, embedding_model="new", data_dir=tmp_path, _env_file=None)
    side = make_semantic(settings, vectors, store, pace=EAGER)
    assert side is not None
    with logged() as logs:
        assert await side.nearest(["shop"], "car", 3) == {}
        assert await side.nearest(["shop"], "cars", 3) == {}
    assert [entry["event"] for entry in logs] == ["embedding_model_gone"]
    await side.refresh("shop")
    assert (await side.nearest(["shop"], "car", 3))["shop"]
    await side.aclose()
    await vectors.aclose()


async def test_a_server_that_changes_its_model_under_the_same_name_is_followed(
    start: Callable[..., Side], server: ModelServer
) -> None:
    side = start(shop(*PASSAGES))
    await side.semantic.refresh("shop")
    server.dimension = 48
    with logged() as logs:
        assert await side.rows("car") == {}

        async def found() -> bool:
            return bool(await side.rows("my car"))

        await until(found)
    assert "embedding_dimension_changed" in {entry["event"] for entry in logs}
    assert max(near := await side.rows("car"), key=lambda row: near[row]) == 1


async def test_new_texts_of_a_changed_model_bring_the_old_ones_along(
    start: Callable[..., Side], server: ModelServer
) -> None:
    store = shop(*PASSAGES)
    side = start(store)
    await side.semantic.refresh("shop")
    server.dimension = 48
    store.put_chunks("shop", [*PASSAGES, chunk(3, "Dogs are welcome.", title="Dogs")])
    await side.semantic.refresh("shop")

    async def whole() -> bool:
        return await side.vectors.rows("shop", "tiny") == [1, 2, 3, 4] and bool(await side.rows("my car"))

    await until(whole)


async def test_what_a_server_answers_wrongly_costs_no_vector(
    start: Callable[..., Side], server: ModelServer
) -> None:
    store = shop(*PASSAGES)
    side = start(store)
    await side.semantic.refresh("shop")
    server.dimension = 0
    store.put_chunks("shop", [*PASSAGES, chunk(3, "Dogs are welcome.", title="Dogs")])
    await side.semantic.refresh("shop")
    assert await side.vectors.rows("shop", "tiny") == [1, 2, 3]


async def test_trust_is_measured_remembered_and_only_after_enough_was_embedded(
    tmp_path: Path, start: Callable[..., Side], server: ModelServer
) -> None:
    store = shop(*PASSAGES)
    side = start(store)
    assert side.semantic.trust("shop", "car") == 0.0
    await side.semantic.refresh("shop")
    trust = side.semantic.trust("shop", "car")
    assert 0 < trust <= 0.5
    assert start(store).semantic.trust("shop", "car") == trust
    assert side.semantic.trust("nowhere", "car") == 0.0
    server.open.clear()
    store.put_chunks("shop", [chunk(n, f"Passage number {n}.") for n in range(40)])
    work = asyncio.create_task(side.semantic.refresh("shop"))

    async def under_way() -> bool:
        return "being embedded: shop 0 of 40" in (await side.semantic.health()).detail

    await until(under_way)
    assert side.semantic.trust("shop", "car") == 0.0
    server.open.set()
    await work
    assert "being embedded" not in (await side.semantic.health()).detail


async def test_a_damaged_memory_is_measured_anew(tmp_path: Path, start: Callable[..., Side]) -> None:
    store = shop(*PASSAGES)
    await start(store).semantic.refresh("shop")
    memory = tmp_path / "vectors" / "models.json"
    await asyncio.to_thread(memory.write_text, '{"shop": 3}')
    side = start(store)
    assert await side.rows("car") == {}
    await side.semantic.refresh("shop")
    assert await side.rows("car")


async def test_models_that_give_no_vectors_are_named(
    tmp_path: Path, server: ModelServer, start: Callable[..., Side]
) -> None:
    settings = Settings(embedding_url="http://127.0.0.1:9/v1", embedding_model="x", _env_file=None)
    embeddings = open_embeddings(EmbeddingSource("x", "http://127.0.0.1:9/v1"), settings)
    vectors = FaissVectors(tmp_path)
    side = SemanticSide(embeddings, "x", vectors, shop(*PASSAGES))
    with logged() as logs:
        await side.refresh("shop")
    assert logs[-1]["event"] == "embedding_failed"
    assert logs[-1]["reason"] == "APIConnectionError"
    await side.aclose()
    await vectors.aclose()
