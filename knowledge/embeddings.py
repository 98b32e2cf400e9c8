"""Builds the embedding model that the settings name, behind LangChain's Embeddings interface.

It does not know what is embedded nor where the vectors go.
"""

import importlib
import importlib.util
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from langchain_core.embeddings import Embeddings
from pydantic import SecretStr

from core.errors import ConfigurationError
from core.settings import Settings
from knowledge.families import prompts

_LONGEST = 1024
"""Tokens of a text that a local model reads at most: passages are shorter, and memory grows with the square."""
_BATCH = 4
"""Texts that a local model reads at once: a question waits for one batch at most."""
_REMOTE_SECONDS = 60.0
"""For a batch of passages. Who waits for a question's vector sets his own limit."""


@dataclass(frozen=True, slots=True)
class EmbeddingSource:
    """Where an embedding model is found: `model` at `url`, or in this process where there is no URL."""

    model: str
    url: str | None = None

    @property
    def identity(self) -> str:
        """The name under which its vectors are kept: a model is the same one wherever it is served."""
        return self.model or f"default@{self.url}"


def source_of(settings: Settings) -> EmbeddingSource | None:
    """None without an embedding model: retrieval is lexical then."""
    if settings.embedding_url or settings.embedding_model:
        return EmbeddingSource(settings.embedding_model or "", settings.embedding_url)
    return None


def make_embeddings(settings: Settings) -> Embeddings | None:
    """The model that the settings name, or None. Raises ConfigurationError."""
    source = source_of(settings)
    return None if source is None else open_embeddings(source, settings)


def open_embeddings(source: EmbeddingSource, settings: Settings) -> Embeddings:
    """The model at a source. Loads nothing yet, asks no server. Raises ConfigurationError."""
    if source.url:
        return _remote(source.url, source.model, settings)
    return LocalEmbeddings(source.model)


def _remote(url: str, model: str, settings: Settings) -> "RemoteEmbeddings":
    from langchain_openai import OpenAIEmbeddings
    from openai import DefaultHttpxClient

    connections = DefaultHttpxClient()
    options: dict[str, Any] = {
        "model": model or "default",
        "base_url": url,
        "api_key": _key(url, settings),
        "check_embedding_ctx_length": False,  # it would fetch tiktoken's tables and send token ids, not text
        "max_retries": 1,
        "timeout": _REMOTE_SECONDS,
        "http_client": connections,
    }
    return RemoteEmbeddings(OpenAIEmbeddings.model_validate(options), *prompts(model), connections.close)


def _key(url: str, settings: Settings) -> SecretStr:
    """The engine's key where one server does both; no other server is to see it."""
    same = settings.engine_url is not None and urlsplit(url).netloc == urlsplit(settings.engine_url).netloc
    return settings.engine_key if same and settings.engine_key else SecretStr("none")


class RemoteEmbeddings(Embeddings):
    """A server's model; puts its family's words before questions and passages. To be closed by whoever opened it.

    Safe to use from several threads. `hang_up` closes the connections of `inner`.
    """

    def __init__(self, inner: Embeddings, question: str, passage: str, hang_up: Callable[[], None]) -> None:
        self._inner = inner
        self._question = question
        self._passage = passage
        self._hang_up = hang_up
        self._guard = threading.Lock()
        self._under_way = 0
        self._closed = False

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        with self._call():
            return self._inner.embed_documents([self._passage + text for text in texts])

    def embed_query(self, text: str) -> list[float]:
        # as a passage: some servers' clients treat questions apart, and the words are already in front
        with self._call():
            return self._inner.embed_documents([self._question + text])[0]

    @contextmanager
    def _call(self) -> Iterator[None]:
        with self._guard:
            self._under_way += 1
        try:
            yield
        finally:
            with self._guard:
                self._under_way -= 1
                last = self._closed and not self._under_way
            if last:
                self._hang_up()

    def close(self) -> None:
        """Hang up, or let the last call under way do so: a socket closed under a thread that reads may be another's by
        the time it reads on."""
        with self._guard:
            last, self._closed = not self._closed and not self._under_way, True
        if last:
            self._hang_up()


def close_embeddings(embeddings: Embeddings) -> None:
    """Let go of the connections of a model that open_embeddings gave. Left to the garbage collector, they end whenever
    it comes by."""
    if isinstance(embeddings, RemoteEmbeddings):
        embeddings.close()


class _Turns:
    """One at a time, and a question before every waiting batch of passages."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._busy = False
        self._questions = 0

    @contextmanager
    def turn(self, *, question: bool) -> Iterator[None]:
        with self._free:
            self._questions += question
            self._free.wait_for(lambda: not self._busy and (question or not self._questions))
            self._questions -= question
            self._busy = True
        try:
            yield
        finally:
            with self._free:
                self._busy = False
                self._free.notify_all()


class LocalEmbeddings(Embeddings):
    """A sentence-transformers model in this process, by name or folder; loaded when first used.

    Vectors have length 1. The model's own prompts are honoured, else those of its family. Safe to use from several
    threads. Raises ConfigurationError: at once without the library or the folder, later where loading fails.
    """

    def __init__(self, model: str) -> None:
        if importlib.util.find_spec("sentence_transformers") is None:
            raise ConfigurationError(
                "XIAOQ_EMBEDDING_MODEL needs sentence-transformers: run `pip install sentence-transformers`, "
                "or set XIAOQ_EMBEDDING_URL."
            )
        if model.startswith((".", "/", "~")) and not Path(model).expanduser().is_dir():
            raise ConfigurationError("XIAOQ_EMBEDDING_MODEL names a folder that does not exist.")
        self._name = model
        self._turns = _Turns()
        self._model: Any = None
        self._prompts = ("", "")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            vectors += self._encode(texts[start : start + _BATCH], question=False)
        return vectors

    def embed_query(self, text: str) -> list[float]:
        return self._encode([text], question=True)[0]

    def _encode(self, texts: Sequence[str], *, question: bool) -> list[list[float]]:
        # one at a time: the tokenizers' Rust core refuses to be used by two threads
        with self._turns.turn(question=question):
            model = self._loaded()
            vectors: list[list[float]] = model.encode(
                list(texts),
                prompt=self._prompts[0 if question else 1] or None,
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            ).tolist()
        return vectors

    def _loaded(self) -> Any:
        if self._model is None:
            library = importlib.import_module("sentence_transformers")
            try:
                model = library.SentenceTransformer(
                    str(Path(self._name).expanduser()) if self._is_folder() else self._name
                )
            except (
                Exception
            ) as error:  # the library and those below it raise many kinds; all mean the same here
                raise ConfigurationError(
                    "The model named by XIAOQ_EMBEDDING_MODEL could not be loaded; give a folder that holds one."
                ) from error
            model.max_seq_length = min(model.max_seq_length or _LONGEST, _LONGEST)
            self._prompts = _own_prompts(model) or prompts(self._name)
            self._model = model
        return self._model

    def _is_folder(self) -> bool:
        return self._name.startswith((".", "/", "~"))


def _own_prompts(model: Any) -> tuple[str, str] | None:
    """The prompts of the model's own configuration, where it has any."""
    own = {name: text for name, text in (getattr(model, "prompts", None) or {}).items() if text}
    if not own:
        return None
    return own.get("query", ""), own.get("document", own.get("passage", ""))
