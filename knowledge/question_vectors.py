"""Turns questions into vectors within a time limit; a model that fails or is slow is left alone for a while.

It does not know bases nor what is looked up with the vector.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import structlog

from core.errors import XiaoQError
from knowledge.embeddings import close_embeddings
from knowledge.vector_index import Vectors32

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

log = structlog.get_logger()

_KEPT = 256
_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0
"""Seconds; doubled with every failure in a row."""


class QuestionVectors:
    """`seconds` is the longest a question waits. Recent questions are kept; the same one is asked once at a time."""

    def __init__(
        self,
        embeddings: "Embeddings",
        model: str,
        *,
        seconds: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._embeddings = embeddings
        self._model = model
        self._seconds = seconds
        self._clock = clock
        self._recent: OrderedDict[str, asyncio.Future[Vectors32]] = OrderedDict()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="question-vector")
        self._failures = 0
        self._resumes = 0.0

    @property
    def failing(self) -> bool:
        return self._failures > 0

    async def warm(self) -> bool:
        """Let the model load, however long it takes, and say whether it answers."""
        try:
            await self._asked("ready?")
        except Exception as error:  # noqa: BLE001 - clients raise many kinds; each means that it does not answer
            self._failed(error)
            return False
        self._answered()
        return True

    async def vector(self, question: str) -> Vectors32 | None:
        """Of length 1, shape (dimension,); None where the model fails, is slow or was so a moment ago."""
        asked = self._recent.get(question)
        if asked is None:
            if self._clock() < self._resumes:
                return None
            asked = asyncio.ensure_future(self._asked(question))
            self._remember(question, asked)
        self._recent.move_to_end(question)
        try:
            vector = await asyncio.wait_for(asyncio.shield(asked), self._seconds)
        except Exception as error:  # noqa: BLE001 - clients raise many kinds; to a question all mean: without meaning
            self._recent.pop(question, None)
            self._failed(error)
            return None
        self._answered()
        return vector

    async def _asked(self, question: str) -> Vectors32:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._embeddings.embed_query, question)
        vector: Vectors32 = unit_length([found])[0]
        return vector

    def _remember(self, question: str, asked: "asyncio.Future[Vectors32]") -> None:
        asked.add_done_callback(_looked_at)
        self._recent[question] = asked
        while len(self._recent) > _KEPT:
            self._recent.popitem(last=False)

    def _failed(self, error: Exception) -> None:
        """Say it once for a row of failures: a warning a question would drown the log."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._failures)
        if self._clock() >= self._resumes:
            self._failures += 1
            self._resumes = self._clock() + pause
        if self._failures == 1:
            log.warning("embedding_unavailable", model=self._model, reason=named(error), pause=pause)

    def _answered(self) -> None:
        if self._failures:
            log.info("embedding_back", model=self._model)
        self._failures, self._resumes = 0, 0.0

    async def aclose(self) -> None:
        """Ask nothing more, and let go of the model."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        close_embeddings(self._embeddings)


def _looked_at(asked: "asyncio.Future[Vectors32]") -> None:
    """A failure after everybody has gone is no news."""
    if not asked.cancelled():
        asked.exception()


def named(error: Exception) -> str:
    """What may stand in a log: our own sentence, else the kind of error; never a foreign text."""
    return error.message if isinstance(error, XiaoQError) else type(error).__name__


def unit_length(vectors: object) -> Vectors32:
    """Rows of length 1. Raises ValueError for what is no matrix of finite numbers."""
    matrix = np.ascontiguousarray(vectors, np.float32)
    if matrix.ndim != 2 or not matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError("An embedding model gave something other than vectors of finite numbers.")
    unit: Vectors32 = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    return unit
