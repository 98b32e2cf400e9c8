"""Makes the answers to what a line is asked most, before somebody asks again: one after the other, behind the questions.

Keeps nothing itself: an answer made here is kept by the rules of the cache, and no conversation is stored.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import structlog

from core.errors import NotFound, XiaoQError
from core.events import Finished
from core.messages import UNSAID, BusinessLine, Mode, Question
from pipelines.most_asked import use_of
from pipelines.rehearse import Forgetful, OneLine

if TYPE_CHECKING:
    from pipelines.services import Services

log = structlog.get_logger()

OWNER = "warming:"
"""Takes turns with each key where engines are busy."""
MOST = 200


@dataclass
class Warming:
    """Of one line: how many questions were looked at, and for how many of them an answer was made."""

    total: int = 0
    done: int = 0
    made: int = 0
    over: bool = False


class Warmer:
    """Warms lines in the background, each once at a time."""

    def __init__(self) -> None:
        self._under_way: dict[str, Warming] = {}
        self._tasks: dict[str, asyncio.Task[Warming]] = {}

    def state(self, line: str) -> Warming | None:
        """Of the warming under way, or the last one."""
        return self._under_way.get(line)

    def begin(self, services: "Services", line: BusinessLine, top: int) -> None:
        task = self._tasks.get(line.id)
        if task is None or task.done():
            warming = self._under_way[line.id] = Warming()
            self._tasks[line.id] = asyncio.create_task(warm(services, line, top, warming))

    async def aclose(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)


async def warm(services: "Services", line: BusinessLine, top: int, warming: Warming | None = None) -> Warming:
    """Go through the `top` most asked questions of the last days and make what is missing."""
    warming = warming or Warming()
    try:
        asked = (await use_of(services.transcripts, line.id, min(top, MOST))).most
        warming.total = len(asked)
        await _made(services, line, [one.question for one in asked], warming)
    finally:
        warming.over = True
    return warming


async def _made(services: "Services", line: BusinessLine, questions: Sequence[str], warming: Warming) -> None:
    line = replace(line, trial=None)
    answer = services.answer.rehearsing(OneLine(line), Forgetful())
    for text in questions:
        question = Question(text, OWNER, "console", "warming", line=line.id, sampling=UNSAID)
        try:
            async with aclosing(answer.ask(question)) as events:
                ends = [event async for event in events if isinstance(event, Finished)]
        except XiaoQError as error:
            log.warning("warming_failed", line=line.id, code=error.code)
            if not isinstance(error, NotFound):
                return  # an engine that is down is not asked fifty times
        else:
            warming.made += any(end.mode is Mode.GENERATED for end in ends)
            if not ends:
                return
        warming.done += 1
