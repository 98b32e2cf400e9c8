"""Asks a reranking server how well each passage answers a question.

It does not know where the passages come from nor what becomes of the order.
"""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog
from pydantic import SecretStr

from core.settings import Settings

log = structlog.get_logger()

_FIRST_PAUSE, _LONGEST_PAUSE = 5.0, 300.0


class Reranker:
    """A server of `/v1/rerank` or `/rerank` in the style of vLLM, Jina and Cohere.

    `url` may end in the route, in `/v1` or in neither. One that fails or takes longer than `seconds` is left alone for
    a while, longer each time.
    """

    def __init__(
        self,
        url: str,
        model: str | None = None,
        key: SecretStr | None = None,
        *,
        seconds: float = 3.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        base = url.rstrip("/")
        self._routes = (
            [base]
            if base.endswith("/rerank")
            else [f"{base.removesuffix('/v1')}/v1/rerank", f"{base.removesuffix('/v1')}/rerank"]
        )
        self._model = model
        self._key = key
        self._seconds = seconds
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._failures = 0
        self._resumes = 0.0

    async def order(self, question: str, texts: Sequence[str]) -> Sequence[float] | None:
        """The relevance in [0, 1] of each text; None where the server fails: the order stays as it is."""
        if not texts or self._clock() < self._resumes:
            return None
        try:
            async with asyncio.timeout(self._seconds):
                scores = _scores(await self._asked(question, texts), len(texts))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, TypeError, KeyError) as error:
            self._failed(type(error).__name__)
            return None
        if self._failures:
            log.info("rerank_back")
        self._failures, self._resumes = 0, 0.0
        return scores

    async def _asked(self, question: str, texts: Sequence[str]) -> Any:
        body: dict[str, Any] = {"query": question, "documents": list(texts), "top_n": len(texts)}
        if self._model:
            body["model"] = self._model
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}"} if self._key else {}
        if self._session is None:
            self._session = aiohttp.ClientSession()
        for route in list(self._routes):
            async with self._session.post(
                route, json=body, headers=headers, allow_redirects=False
            ) as response:
                if response.status in (404, 405) and route != self._routes[-1]:
                    continue
                response.raise_for_status()
                self._routes = [route]
                return await response.json(content_type=None)
        raise ValueError("no route")

    def _failed(self, reason: str) -> None:
        """Say it once for a row of failures."""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._failures)
        self._failures += 1
        self._resumes = self._clock() + pause
        if self._failures == 1:
            log.warning("rerank_unavailable", reason=reason, pause=pause)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


def make_reranker(settings: Settings) -> Reranker | None:
    """The reranker that the settings name, or None. It gets the engine's key where one server does both."""
    url, engine = settings.rerank_url, settings.engine_url
    if not url:
        return None
    same = engine is not None and urlsplit(url).netloc == urlsplit(engine).netloc
    return Reranker(url, settings.rerank_model, settings.engine_key if same else None)


def _scores(answer: Any, count: int) -> list[float]:
    """Raises ValueError, TypeError or KeyError for what is not one finite score a text."""
    scores: list[float | None] = [None] * count
    for entry in answer["results"]:
        place, score = int(entry["index"]), float(entry["relevance_score"])
        if not 0 <= place < count or not math.isfinite(score):
            raise ValueError("an index out of range, or no number")
        scores[place] = min(1.0, max(0.0, score))
    known = [score for score in scores if score is not None]
    if len(known) != count:
        raise ValueError("a text without a score")
    return known
