"""Several engines as one: the first that begins to answer answers.

Knows nothing of how an engine works; never mixes the words of two.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from core.errors import EngineError
from core.ports import Engine, EngineChunk, EngineKind, EngineLoad, GenerationRequest, Health
from engines.admission import Gate, stopping
from engines.breaker import Breaker, Pass

log = structlog.get_logger()


class Ladder:
    """Tries its rungs in order; the first names the ladder. `gates` guard the first rungs, in their order.

    A rung that fails before its first chunk hands the question to the next, and its breaker may pass it by for a
    while; the last rung is always asked. An error that is not retryable (a full gate's is one), and any error
    after the first chunk, is raised as it is.
    """

    def __init__(
        self,
        rungs: Sequence[Engine],
        clock: Callable[[], float] = time.monotonic,
        gates: Sequence[Gate | None] = (),
    ) -> None:
        if not rungs:
            raise ValueError("a ladder needs a rung")
        places = [*gates, *[None] * (len(rungs) - len(gates))]
        self._rungs = [_Rung(engine, gate, clock) for engine, gate in zip(rungs, places, strict=True)]
        self._rungs[-1].is_last = True
        self._closed = False

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
        """Ready where any rung is; the detail names each, and the models are the first one's, which is to answer."""
        states = await asyncio.gather(*(engine.health() for engine in self.rungs))
        details = [
            f"{rung.engine.name}: {state.detail}{rung.standing()}"
            for rung, state in zip(self._rungs, states, strict=True)
        ]
        return Health(any(state.ready for state in states), "; ".join(details), states[0].models)

    def loads(self) -> Sequence[EngineLoad]:
        return [rung.load() for rung in self._rungs]

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        """The answer of one rung; its first chunk carries the rung's name and kind."""
        for rung in self._rungs:
            if self._closed:
                raise stopping()
            if not (rung.is_last or rung.breaker.passable):
                continue
            asked = await rung.entered(request)
            held, spoke, took, began = None, False, None, time.monotonic()
            try:
                # Asked once more: the breaker may have opened while this question stood in the queue.
                held = Pass.FREE if rung.is_last else rung.breaker.admit()
                if held is None:
                    continue
                async with aclosing(rung.engine.stream(asked)) as chunks:
                    first = await rung.first(chunks, held)
                    spoke = True
                    yield replace(first, engine=rung.engine.name, kind=rung.engine.kind)
                    async for chunk in chunks:
                        yield chunk
                rung.breaker.completed()
                took = time.monotonic() - began
                return
            except EngineError as error:
                rung.failed(held, error)
                if self._closed:
                    raise stopping() from error
                if spoke or rung.is_last or not error.retryable:
                    raise
                log.warning("engine.next_rung", failed=rung.engine.name, error=error.code)
            finally:
                rung.left(held, took, spoke=spoke)

    async def aclose(self) -> None:
        self._closed = True
        for rung in self._rungs:
            if rung.gate:
                rung.gate.close()
        for engine in self.rungs:
            await engine.aclose()


class _Rung:
    """An engine, its gate and its breaker, and what is counted of them."""

    def __init__(self, engine: Engine, gate: Gate | None, clock: Callable[[], float]) -> None:
        self.engine = engine
        self.gate = gate
        self.breaker = Breaker(clock)
        self.is_last = False
        self._failures: Counter[str] = Counter()
        self._running = 0

    async def entered(self, request: GenerationRequest) -> GenerationRequest:
        """The request, once there is a place for it. Raises Overloaded and ServerStopping."""
        waited = await self.gate.enter(request.share) if self.gate else 0.0
        self._running += 1
        return replace(request, waited=waited) if waited else request

    async def first(self, chunks: AsyncGenerator[EngineChunk], held: Pass) -> EngineChunk:
        """The engine's first chunk."""
        first = await anext(chunks, None)
        if first is None:
            raise EngineError("The model gave no answer.")
        self.breaker.heard(held)
        return first

    def failed(self, held: Pass | None, error: EngineError) -> None:
        if held is None:
            return
        if error.retryable:
            self._failures[error.code] += 1
            self.breaker.failed(held, error)
        else:  # it answered: this request was at fault
            self.breaker.heard(held)

    def left(self, held: Pass | None, took: float | None, *, spoke: bool) -> None:
        """However it ended: the place is free. `took` is how long a whole answer lasted."""
        self._running -= 1
        if held and not spoke:
            self.breaker.left(held)
        if self.gate:
            self.gate.leave(took)

    def standing(self) -> str:
        """What is not as it should be, for the operator."""
        waiting = f", {self.gate.waiting} wait" if self.gate and self.gate.waiting else ""
        if self.is_last or self.breaker.state == "closed":
            return waiting
        rest = self.breaker.rests_for
        return f"{waiting}, {f'rests for {rest:.0f} s' if rest else 'rests until a question tries it'}"

    def load(self) -> EngineLoad:
        gate = self.gate
        return EngineLoad(
            engine=self.engine.name,
            breaker=self.breaker.state,
            opened=self.breaker.opened,
            failures=dict(self._failures),
            retries=getattr(self.engine, "retries", 0),
            running=self._running,
            waiting=gate.waiting if gate else 0,
            waits=gate.waits if gate else 0,
            waited_seconds=gate.waited_seconds if gate else 0.0,
            rejected=gate.rejected if gate else 0,
        )
