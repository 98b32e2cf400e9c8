"""Several engines as one: the first that begins to answer answers.

Knows nothing of how an engine works; never mixes the words of two.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from core.errors import EngineError
from core.ports import Engine, EngineChunk, EngineKind, GenerationRequest, Health

log = structlog.get_logger()

REST_SECONDS = 10.0


class Ladder:
    """Tries its rungs in order; the first names the ladder.

    A rung that fails before its first chunk hands the question to the next and rests for REST_SECONDS; then
    one question tries it again while the others still pass it by. The last rung never rests. An error that is
    not retryable, and any error after the first chunk, is raised as it is.
    """

    def __init__(self, rungs: Sequence[Engine], clock: Callable[[], float] = time.monotonic) -> None:
        if not rungs:
            raise ValueError("a ladder needs a rung")
        self._rungs = [_Rung(engine, clock) for engine in rungs]

    @property
    def name(self) -> str:
        return self._rungs[0].engine.name

    @property
    def kind(self) -> EngineKind:
        return self._rungs[0].engine.kind

    @property
    def context_tokens(self) -> int:
        return self._rungs[0].engine.context_tokens

    @property
    def rungs(self) -> Sequence[Engine]:
        return [rung.engine for rung in self._rungs]

    async def start(self) -> None:
        for engine in self.rungs:
            await engine.start()

    async def health(self) -> Health:
        """Ready where any rung is; the detail names each."""
        states = await asyncio.gather(*(engine.health() for engine in self.rungs))
        details = [f"{engine.name}: {state.detail}" for engine, state in zip(self.rungs, states, strict=True)]
        return Health(any(state.ready for state in states), "; ".join(details))

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        """The answer of one rung; its first chunk carries the rung's name and kind."""
        for rung in self._rungs:
            is_last = rung is self._rungs[-1]
            if not is_last and not rung.admit():
                continue
            async with aclosing(rung.engine.stream(request)) as chunks:
                try:
                    first = await rung.first(chunks)
                except EngineError as error:
                    if is_last or not error.retryable:
                        raise
                    log.warning("engine.next_rung", failed=rung.engine.name, error=error.code)
                    continue
                yield replace(first, engine=rung.engine.name, kind=rung.engine.kind)
                async for chunk in chunks:
                    yield chunk
                return

    async def aclose(self) -> None:
        for engine in self.rungs:
            await engine.aclose()


class _Rung:
    """An engine and whether it rests."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self.engine = engine
        self._clock = clock
        self._rests_until: float | None = None
        self._probing = False

    def admit(self) -> bool:
        """Whether a question may try this rung now; after a rest, one at a time."""
        if self._rests_until is None:
            return True
        if self._probing or self._clock() < self._rests_until:
            return False
        self._probing = True
        return True

    async def first(self, chunks: AsyncGenerator[EngineChunk]) -> EngineChunk:
        """The engine's first chunk; notes how the engine is from how that went."""
        try:
            first = await anext(chunks, None)
            if first is None:
                raise EngineError("The model gave no answer.")
        except EngineError as error:
            self._rests_until = self._clock() + REST_SECONDS if error.retryable else None
            raise
        finally:
            # Also where the reader left before the first chunk: the next question probes.
            self._probing = False
        self._rests_until = None
        return first
