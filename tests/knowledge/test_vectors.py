"""Vectors from a real /v1/embeddings endpoint on the loopback, through FAISS, to disk and back."""

import asyncio
import hashlib
import math
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from langchain_core.embeddings import Embeddings

from core.errors import ConfigurationError
from core.settings import Settings
from knowledge.embeddings import make_embeddings
from knowledge.index import HybridIndex
from knowledge.vectors import FaissVectorStore
from tests.knowledge.chunks import SHOP, MemoryStore, chunk

_MEANINGS = {"automobile": 0, "car": 0, "vehicle": 0, "refund": 1, "money": 1}
"""A tiny model: words of one meaning share an axis, all others are hashed to theirs."""


def _vector(text: str) -> list[float]:
    vector = [0.0] * 64
    for word in text.lower().replace(".", " ").split():
        digest = int(hashlib.sha256(word.encode()).hexdigest(), 16)
        vector[_MEANINGS.get(word, 2 + digest % 62)] += 1.0
    return vector if any(vector) else [1.0] * 64


@dataclass
class Endpoint:
    url: str = ""
    texts: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)

    async def embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        self.texts += texts
        self.keys.add(request.headers.get("Authorization", ""))
        data = [{"object": "embedding", "index": i, "embedding": _vector(t)} for i, t in enumerate(texts)]
        return web.json_response(
            {
                "object": "list",
                "model": body["model"],
                "data": data,
                "usage": {"prompt_tokens": 1, "total_tokens": 1},
            }
        )


@pytest.fixture
async def endpoint() -> AsyncGenerator[Endpoint]:
    served = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/embeddings", served.embed)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield served
    await runner.cleanup()


def _embeddings(endpoint: Endpoint) -> Embeddings:
    made = make_embeddings(Settings(embedding_url=endpoint.url, embedding_model="tiny", _env_file=None))
    assert made is not None
    return made


def _files(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


PASSAGES = (
    chunk(0, "An automobile must be insured.", title="Insurance"),
    chunk(1, "Bread is baked at night.", title="Bakery"),
    chunk(2, "Tickets are sold at the gate.", title="Tickets"),
)


async def test_a_passage_without_a_shared_word_is_found_by_meaning(
    tmp_path: Path, endpoint: Endpoint
) -> None:
    store = MemoryStore(shop=PASSAGES)
    index = HybridIndex(store, tmp_path, _embeddings(endpoint))
    await index.refresh()
    best = (await index.retrieve(["shop"], "car")).passages[0]
    assert best.id == "c0"
    assert best.parts["vector"] > 0.3
    lexical = HybridIndex(store, tmp_path, None)
    await lexical.refresh()
    assert not (await lexical.retrieve(["shop"], "car")).passages


async def test_words_stay_dominant(tmp_path: Path, endpoint: Endpoint) -> None:
    index = HybridIndex(MemoryStore(shop=SHOP), tmp_path, _embeddings(endpoint))
    await index.refresh()
    found = await index.retrieve(["shop"], "why is my order not shipped yet")
    assert found.passages[0].id == "c2"
    assert found.answerable


async def test_only_changed_texts_are_embedded_again(tmp_path: Path, endpoint: Endpoint) -> None:
    store = MemoryStore(shop=PASSAGES)
    first = HybridIndex(store, tmp_path, _embeddings(endpoint))
    await first.refresh()
    assert len(endpoint.texts) == 3
    second = HybridIndex(store, tmp_path, _embeddings(endpoint))
    await second.refresh()
    assert len(endpoint.texts) == 3
    store.put_chunks("shop", [*PASSAGES[:2], chunk(3, "Dogs are welcome.", title="Dogs")])
    await second.refresh()
    assert endpoint.texts[3:] == ["Dogs\nDogs are welcome."]
    assert (await second.retrieve(["shop"], "vehicle")).passages[0].id == "c0"


async def test_an_index_changed_on_disk_is_not_loaded(tmp_path: Path, endpoint: Endpoint) -> None:
    embeddings = _embeddings(endpoint)
    store = await asyncio.to_thread(
        FaissVectorStore.from_texts, ["a car", "some bread"], embeddings, ids=["1", "2"]
    )
    store.save(tmp_path)
    loaded = FaissVectorStore.load(tmp_path, embeddings)
    assert loaded is not None
    ((row, cosine),) = await asyncio.to_thread(loaded.nearest, "a car", 1)
    assert row == "1"
    assert math.isclose(cosine, 1.0, rel_tol=1e-5)
    assert FaissVectorStore.load(tmp_path, embeddings, "another model") is None
    (file,) = _files(tmp_path, "*.faiss")
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    assert FaissVectorStore.load(tmp_path, embeddings) is None


async def test_saving_again_leaves_one_index_and_no_pickle(tmp_path: Path, endpoint: Endpoint) -> None:
    store = FaissVectorStore(_embeddings(endpoint))
    for text in ("bread", "cars"):
        await asyncio.to_thread(store.add_texts, [text])
        store.save(tmp_path)
    names = [path.name for path in _files(tmp_path, "*")]
    assert len(names) == 2
    assert names[1] == "manifest.json"
    found = await asyncio.to_thread(store.similarity_search, "bread", 1)
    assert found[0].page_content == "bread"


async def test_the_engines_key_goes_to_the_engines_server_only(endpoint: Endpoint) -> None:
    for engine_url in ("http://engine.example/v1", endpoint.url):
        settings = Settings(
            embedding_url=endpoint.url, engine_url=engine_url, engine_key="sk-engine", _env_file=None
        )
        made = make_embeddings(settings)
        assert made is not None
        await asyncio.to_thread(made.embed_query, "hello")
        assert ("Bearer sk-engine" in endpoint.keys) is (engine_url == endpoint.url)


def test_no_model_means_no_embeddings() -> None:
    assert make_embeddings(Settings(_env_file=None)) is None


def test_a_missing_library_is_named() -> None:
    with pytest.raises(ConfigurationError, match="pip install sentence-transformers"):
        make_embeddings(Settings(embedding_model="some/model", _env_file=None))
