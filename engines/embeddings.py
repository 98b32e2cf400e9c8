"""An OpenAI-compatible server's `/embeddings`: texts out, vectors in.

Knows nothing of who asks or what the vectors are for.
"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from core.embedding import Embedded
from core.errors import EngineError, EngineRejected, NotSupported
from core.settings import Settings
from engines.exchange import Answer
from engines.openai_wire import no_such_route, refusal
from engines.upstream import Upstream, read_some

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_AT_ONCE = 128
"""Texts of one request: their vectors are read on the event loop, about ten milliseconds' work."""
_SECONDS = 60.0
_LARGEST_REPLY = 16 * 2**20


class OpenAIEmbedder:
    """Embeds with `model` at `base_url` (up to and including `/v1`)."""

    def __init__(self, base_url: str, model: str, key: str | None = None) -> None:
        self.model = model
        self._upstream = Upstream(base_url, key)

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> Embedded:
        vectors: list[npt.NDArray[np.float32]] = []
        tokens: int | None = 0
        for at in range(0, len(texts), _AT_ONCE):
            some, counted = await self._some(texts[at : at + _AT_ONCE], dimensions)
            vectors += some
            tokens = None if tokens is None or counted is None else tokens + counted
        return Embedded(vectors, tokens)

    async def aclose(self) -> None:
        await self._upstream.aclose()

    async def _some(
        self, texts: Sequence[str], dimensions: int | None
    ) -> tuple[list["npt.NDArray[np.float32]"], int | None]:
        asked: dict[str, Any] = {"model": self.model, "input": texts, "encoding_format": "float"}
        if dimensions is not None:
            asked["dimensions"] = dimensions
        deadline = asyncio.get_running_loop().time() + _SECONDS
        response = await self._upstream.request("POST", "/embeddings", deadline, orjson.dumps(asked))
        try:
            body = await _whole(response, deadline)
        finally:
            response.close()
        if no_such_route(response.status, body):
            raise NotSupported(
                "The model's server has no embeddings; XIAOQ_EMBEDDING_URL names one that has."
            )
        if response.status != 200:
            error = refusal(response.status, body[:10_000].decode("utf-8", "replace"))
            # To a caller of chat a rejection is about his parameters; here there is nothing but his texts.
            told = "The embedding model refused the texts; shorten them, or leave 'dimensions' out."
            raise EngineRejected(told) if isinstance(error, EngineRejected) else error
        return _read(body, len(texts))


def make_embedder(settings: Settings) -> OpenAIEmbedder | None:
    """The server that embeds for callers: the embedding URL's, else the engine URL's, which may turn out to have none."""
    key = settings.engine_key.get_secret_value() if settings.engine_key else None
    if settings.embedding_url:
        # The key belongs to the engine URL's server and goes to no other.
        same = settings.engine_url and _place(settings.embedding_url) == _place(settings.engine_url)
        return OpenAIEmbedder(
            settings.embedding_url.strip(), settings.embedding_model or "default", key if same else None
        )
    if settings.engine_url and settings.engine in ("auto", "openai"):
        return OpenAIEmbedder(settings.engine_url.strip(), settings.model, key)
    return None


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url.strip())
    return parts.scheme, parts.netloc


async def _whole(response: Answer, deadline: float) -> bytes:
    body = bytearray()
    while data := await read_some(response, deadline):
        body += data
        if len(body) > _LARGEST_REPLY:
            raise EngineError("The embedding model's reply is beyond all measure.")
    return bytes(body)


def _read(body: bytes, count: int) -> tuple[list["npt.NDArray[np.float32]"], int | None]:
    """The vectors in the order of the texts. Raises EngineError for anything but one of each."""
    import numpy as np

    try:
        reply = orjson.loads(body)
        data = sorted(reply["data"], key=lambda one: int(one["index"]))
        if [one["index"] for one in data] != list(range(count)):
            raise ValueError
        matrix = np.asarray([one["embedding"] for one in data], dtype=np.float32)
        if matrix.ndim != 2 or not np.isfinite(matrix).all():
            raise ValueError
        counted = (reply.get("usage") or {}).get("prompt_tokens")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EngineError("The embedding model's reply could not be understood.") from error
    return list(matrix), counted if isinstance(counted, int) and counted > 0 else None
