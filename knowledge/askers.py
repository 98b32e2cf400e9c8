"""The models that questions are put to: ours, and one before it while its vectors still serve a base.

It does not know which base is served by which.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from core.errors import ConfigurationError
from knowledge.embeddings import EmbeddingSource
from knowledge.model_memory import Serving
from knowledge.question_vectors import QuestionVectors

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

log = structlog.get_logger()

Reopen = Callable[[EmbeddingSource], "Embeddings"]


class Askers:
    """`reopen` opens a model that served before; None: words serve instead. `seconds` is the longest a question
    waits."""

    def __init__(self, ours: "Embeddings", model: str, reopen: Reopen | None, seconds: float) -> None:
        self._reopen = reopen
        self._seconds = seconds
        self._known: dict[str, QuestionVectors | None] = {
            model: QuestionVectors(ours, model, seconds=seconds)
        }

    @property
    def failing(self) -> bool:
        return any(asker is not None and asker.failing for asker in self._known.values())

    def of(self, serving: Serving) -> QuestionVectors | None:
        """None where that model cannot be opened any more."""
        if serving.identity not in self._known:
            self._known[serving.identity] = self._reopened(serving)
        return self._known[serving.identity]

    def _reopened(self, serving: Serving) -> QuestionVectors | None:
        if self._reopen is None:
            return None
        try:
            embeddings = self._reopen(EmbeddingSource(serving.model, serving.url))
        except ConfigurationError as error:
            log.warning("embedding_model_gone", model=serving.identity, reason=error.message)
            return None
        return QuestionVectors(embeddings, serving.identity, seconds=self._seconds)

    async def aclose(self) -> None:
        for asker in self._known.values():
            if asker is not None:
                await asker.aclose()
