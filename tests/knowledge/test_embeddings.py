"""What the settings make of an embedding model, asked over a real socket where it has one."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from langchain_core.embeddings import Embeddings

from core.errors import ConfigurationError
from core.settings import Settings
from knowledge.embeddings import (
    EmbeddingSource,
    RemoteEmbeddings,
    close_embeddings,
    make_embeddings,
    source_of,
)
from knowledge.families import prompts
from tests.knowledge.models import ModelServer, meaning, serving


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with serving() as served:
        yield served


@contextmanager
def opened(settings: Settings) -> Iterator[Embeddings]:
    made = make_embeddings(settings)
    assert made is not None
    yield made
    close_embeddings(made)


def test_no_model_means_no_embeddings() -> None:
    assert make_embeddings(Settings(_env_file=None)) is None
    assert source_of(Settings(_env_file=None)) is None


def test_a_missing_library_is_named() -> None:
    with pytest.raises(ConfigurationError, match="pip install sentence-transformers"):
        make_embeddings(Settings(embedding_model="some/model", _env_file=None))


def test_a_model_is_the_same_wherever_it_is_served() -> None:
    here, there = EmbeddingSource("BAAI/bge-m3"), EmbeddingSource("BAAI/bge-m3", "http://gpu.example/v1")
    assert here.identity == there.identity
    nameless = {EmbeddingSource("", f"http://{host}/v1").identity for host in ("a", "b")}
    assert len(nameless) == 2


async def test_vectors_come_as_the_server_gives_them(server: ModelServer) -> None:
    with opened(Settings(embedding_url=server.url, embedding_model="tiny", _env_file=None)) as made:
        assert await asyncio.to_thread(made.embed_documents, ["a car", "bread"]) == [
            meaning("a car"),
            meaning("bread"),
        ]
        assert await asyncio.to_thread(made.embed_query, "a vehicle") == meaning("a car")
    assert set(server.models) == {"tiny"}


async def test_the_words_a_family_wants_go_before_questions_and_passages(server: ModelServer) -> None:
    settings = Settings(
        embedding_url=server.url, embedding_model="intfloat/multilingual-e5-base", _env_file=None
    )
    with opened(settings) as made:
        await asyncio.to_thread(made.embed_documents, ["a car"])
        await asyncio.to_thread(made.embed_query, "a car")
    assert server.texts == ["passage: a car", "query: a car"]


class Waiting(Embeddings):
    """Answers when told to."""

    def __init__(self) -> None:
        self.asked, self.told = threading.Event(), threading.Event()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.set()
        assert self.told.wait(10)
        return [[1.0]]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


async def test_connections_end_with_their_last_call() -> None:
    ended, inner = threading.Event(), Waiting()
    made = RemoteEmbeddings(inner, "", "", ended.set)
    call = asyncio.create_task(asyncio.to_thread(made.embed_query, "a car"))
    assert await asyncio.to_thread(inner.asked.wait, 10)
    made.close()
    assert not ended.is_set()
    inner.told.set()
    assert await call == [1.0]
    assert ended.is_set()


async def test_a_closed_model_leaves_no_connection_open(server: ModelServer) -> None:
    with opened(Settings(embedding_url=server.url, embedding_model="tiny", _env_file=None)) as made:
        await asyncio.to_thread(made.embed_query, "a car")
        assert server.connections() == 1
    async with asyncio.timeout(60):
        while server.connections():  # noqa: ASYNC110 - the end of a connection tells nobody
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("model", "question", "passage"),
    [
        ("Qwen/Qwen3-Embedding-0.6B", "Instruct: ", ""),
        ("BAAI/bge-m3", "", ""),
        ("BAAI/bge-small-zh-v1.5", "为这个句子", ""),
        ("BAAI/bge-base-en-v1.5", "Represent this sentence", ""),
        ("intfloat/e5-small-v2", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "Instruct: ", ""),
        ("nomic-ai/nomic-embed-text-v1.5", "search_query: ", "search_document: "),
        ("sentence-transformers/all-MiniLM-L6-v2", "", ""),
        ("/models/some-base-large", "", ""),
    ],
)
def test_known_families_have_their_words(model: str, question: str, passage: str) -> None:
    before_question, before_passage = prompts(model)
    assert before_question.startswith(question)
    assert bool(before_question) == bool(question)
    assert before_passage == passage


def test_qwen_gets_its_instruction_to_the_letter() -> None:
    assert prompts("Qwen/Qwen3-Embedding-8B")[0].endswith("\nQuery:")


async def test_the_engines_key_goes_to_the_engines_server_only(server: ModelServer) -> None:
    for engine_url in ("http://engine.example/v1", server.url):
        settings = Settings(
            embedding_url=server.url, engine_url=engine_url, engine_key="sk-engine", _env_file=None
        )
        with opened(settings) as made:
            await asyncio.to_thread(made.embed_query, "hello")
        assert ("Bearer sk-engine" in server.keys) is (engine_url == server.url)


async def test_a_folder_that_is_not_there_is_named_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sentence_transformers").mkdir()
    (tmp_path / "sentence_transformers" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="folder that does not exist"):
        make_embeddings(Settings(embedding_model=str(tmp_path / "gone"), _env_file=None))
