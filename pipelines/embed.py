"""The path of texts that a caller wants embedded: masked like a question, then to the embedding model.

Stores nothing: a vector is asked for by a program that keeps it itself. Knows no wire and no door.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from core.embedding import Embedded, TextEmbedder
from core.errors import NotSupported
from pipelines.conceal import AT_ONCE, masked_alone
from pipelines.tokens import estimate_tokens

NOTHING_EMBEDS = "No embedding model is set up here; XIAOQ_EMBEDDING_URL names a server that has one."


class EmbedPipeline:
    """`contacts` gives what is the company's own and nobody's personal data."""

    def __init__(
        self, embedder: TextEmbedder | None, contacts: Callable[[], Awaitable[Collection[str]]]
    ) -> None:
        self._embedder = embedder
        self._contacts = contacts

    @property
    def model(self) -> str | None:
        """The embedding model's name; None where there is none."""
        return self._embedder.model if self._embedder else None

    async def embed(self, texts: Sequence[str], dimensions: int | None = None) -> tuple[Embedded, bool]:
        """The vectors, and whether their tokens are an estimate. Raises NotSupported, EngineError.

        Each text is masked for itself: the same text has the same vector, whatever stands beside it.
        """
        if self._embedder is None:
            raise NotSupported(NOTHING_EMBEDS)
        public = await self._contacts()
        if sum(map(len, texts)) <= AT_ONCE:
            hidden = _masked(texts, public)
        else:
            hidden = await asyncio.to_thread(_masked, texts, public)
        embedded = await self._embedder.embed(hidden, dimensions)
        if embedded.tokens is not None:
            return embedded, False
        return replace(embedded, tokens=sum(map(estimate_tokens, hidden))), True

    async def aclose(self) -> None:
        if self._embedder:
            await self._embedder.aclose()


def _masked(texts: Sequence[str], public: Collection[str]) -> list[str]:
    return [masked_alone(text, public) for text in texts]
