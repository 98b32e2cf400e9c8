"""Builds the embedding model that the settings name, behind LangChain's Embeddings interface.

It does not know what is embedded nor where the vectors go.
"""

import importlib
from typing import Any
from urllib.parse import urlsplit

from langchain_core.embeddings import Embeddings
from pydantic import SecretStr

from core.errors import ConfigurationError
from core.settings import Settings


def make_embeddings(settings: Settings) -> Embeddings | None:
    """None without an embedding model: retrieval is lexical then. Raises ConfigurationError."""
    if settings.embedding_url:
        return _remote(settings.embedding_url, settings)
    if settings.embedding_model:
        return _Local(settings.embedding_model)
    return None


def _remote(url: str, settings: Settings) -> Embeddings:
    from langchain_openai import OpenAIEmbeddings

    options: dict[str, Any] = {
        "model": settings.embedding_model or "default",
        "base_url": url,
        "api_key": _key(url, settings),
        "check_embedding_ctx_length": False,  # it would fetch tiktoken's tables and send token ids, not text
        "max_retries": 1,
        "timeout": 30.0,
    }
    return OpenAIEmbeddings.model_validate(options)


def _key(url: str, settings: Settings) -> SecretStr:
    """The engine's key where one server does both; no other server is to see it."""
    same = settings.engine_url is not None and urlsplit(url).netloc == urlsplit(settings.engine_url).netloc
    return settings.engine_key if same and settings.engine_key else SecretStr("none")


class _Local(Embeddings):
    """A sentence-transformers model in this process, by name or folder."""

    def __init__(self, model: str) -> None:
        try:
            library = importlib.import_module("sentence_transformers")
        except ImportError:
            raise ConfigurationError(
                "XIAOQ_EMBEDDING_MODEL needs sentence-transformers: run `pip install sentence-transformers`, "
                "or set XIAOQ_EMBEDDING_URL."
            ) from None
        try:
            self._model: Any = library.SentenceTransformer(model)
        except (OSError, ValueError):
            raise ConfigurationError(
                "The model named by XIAOQ_EMBEDDING_MODEL could not be loaded; give a folder that holds one."
            ) from None

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        vectors: list[list[float]] = self._model.encode(texts, normalize_embeddings=True).tolist()
        return vectors

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]
