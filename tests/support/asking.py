"""Short ways to ask an engine and to wait for what it causes elsewhere."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from core.errors import EngineError
from core.messages import Message, Sampling
from core.ports import Engine, EngineChunk, GenerationRequest, Health

T = TypeVar("T")
QUESTION = "我的订单为什么还没发货？😀"


def generation_request(question: str = QUESTION, **fields: Any) -> GenerationRequest:
    messages = (Message("system", "You are 小Q."), Message("user", question))
    return GenerationRequest(**{"messages": messages, "question": question, "sampling": Sampling(), **fields})


@dataclass
class Heard:
    """What came of one question."""

    chunks: list[EngineChunk] = field(default_factory=list)
    error: EngineError | None = None

    @property
    def text(self) -> str:
        return "".join(chunk.text for chunk in self.chunks)

    @property
    def finish_reasons(self) -> list[str]:
        return [chunk.finish_reason for chunk in self.chunks if chunk.finish_reason]


async def ask(engine: Engine, request: GenerationRequest | None = None, heard: Heard | None = None) -> Heard:
    """Everything the engine says, and how it ended; in `heard` as it comes, for who looks meanwhile."""
    heard = heard or Heard()
    try:
        async with aclosing(engine.stream(request or generation_request())) as chunks:
            async for chunk in chunks:
                heard.chunks.append(chunk)
    except EngineError as error:
        heard.error = error
    return heard


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What comes of it, where it waits for nothing at all; that others have their turn meanwhile is no waiting."""
    try:
        while True:
            assert work.send(None) is None, "it waits"
    except StopIteration as ended:
        return cast("T", ended.value)
    finally:
        work.close()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Returns as soon as the condition holds; fails after `seconds`, which a busy machine may take for little."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for is in another process or socket
            await asyncio.sleep(0.01)


async def until_health(engine: Engine, condition: Callable[[Health], bool], seconds: float = 60.0) -> Health:
    """The engine's health as soon as the condition holds for it; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition(state := await engine.health()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
    return state


async def until_ready(engine: Engine, seconds: float = 60.0) -> None:
    await until_health(engine, lambda state: state.ready, seconds)
