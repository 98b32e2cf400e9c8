"""Asks questions of several contenders at once and tells what each says while it says it; nothing of it is kept.

A contender is a version of the line's prompt with parameters of its own (pipelines/sides.py). Each answers as a
customer would be answered, by pipelines/rehearse.py. Knows no page.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from typing import Any

import structlog

from core.errors import XiaoQError
from core.events import Event, Failed, Finished
from core.messages import BusinessLine, Usage
from core.settings import Settings
from pipelines.rehearse import rehearse
from pipelines.served import check_models
from pipelines.services import Services
from pipelines.sides import line_under
from pipelines.wording import changes

log = structlog.get_logger()

MOST_QUESTIONS, LONGEST_QUESTION = 20, 2_000
FEWEST_CONTENDERS, MOST_CONTENDERS = 2, 4
OWNER = "playground:"
"""Whose turn it is where engines are busy: customers, and each key, take turns with all playgrounds together."""
HELD_EVENTS = 256
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Told:
    """An event of one contender's answer to one question, both by their places in what was asked."""

    contender: int
    question: int
    event: Event


async def lines_of(
    services: Services, line: BusinessLine, sides: Sequence[Mapping[str, Any]]
) -> Sequence[BusinessLine]:
    """The line as each contender would have it. Raises NotFound for a version that is not there, ModelNotServed for a model."""
    lines = [await line_under(services.prompts, line, side) for side in sides]
    await check_models(services, lines)
    return lines


async def play(
    services: Services, lines: Sequence[BusinessLine], questions: Sequence[str], request_id: str
) -> AsyncGenerator[Told]:
    """Every contender's answers, told as they come; each goes on to its next question by itself.

    Closing the generator stops the engines. A reader that is slow makes them wait: what is held is bounded.
    """
    held: asyncio.Queue[Told | None] = asyncio.Queue(HELD_EVENTS)

    async def answering(contender: int) -> None:
        for question, text in enumerate(questions):
            async with aclosing(_answer(services, lines[contender], text, request_id)) as events:
                async for event in events:
                    await held.put(Told(contender, question, event))
        await held.put(None)

    # Tasks and no group: this generator may be closed by another task than the one that reads it.
    tasks = [asyncio.create_task(answering(contender)) for contender in range(len(lines))]
    try:
        left = len(tasks)
        while left:
            told = await held.get()
            if told is None:
                left -= 1
            else:
                yield told
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(
    services: Services, line: BusinessLine, text: str, request_id: str
) -> AsyncGenerator[Event]:
    """One answer; where it cannot even begin, that is told like one that failed."""
    try:
        answer = rehearse(services.answer, line, text, request_id=request_id, owner=OWNER)
        async with aclosing(answer) as events:
            async for event in events:
                yield event
    except XiaoQError as error:
        yield Failed("", "", error)
    except Exception as error:  # noqa: BLE001 - one column that breaks must not take the others along
        log.error("playground_broke", error=type(error).__name__, request_id=request_id)
        yield Failed("", "", XiaoQError("Something went wrong on our side; please try again."))


def outcome(event: Finished, settings: Settings) -> dict[str, Any]:
    """What is told of a whole answer: times in milliseconds, tokens where a model spoke, its cost where prices are set."""
    usage = event.usage if event.engine not in ("", "quoted") else None
    return {
        "text": event.text,
        "mode": event.mode.value,
        "language": event.language,
        "engine": event.engine,
        "finish_reason": event.finish_reason,
        "sources": [
            {"document": one.document, "title": one.title, "location": one.location, "score": one.score}
            for one in event.sources
        ],
        "handoff": asdict(event.handoff) if event.handoff else None,
        "first_token_ms": event.timings.get("first_token"),
        "total_ms": event.timings.get("total"),
        "usage": asdict(usage) if usage else None,
        "cost": cost(usage, settings) if usage else None,
    }


def cost(usage: Usage, settings: Settings) -> int | None:
    """In millionths of the currency; None where the operator has set no price."""
    prompt, completion = settings.price_prompt, settings.price_completion
    if prompt is None and completion is None:
        return None
    spent = usage.prompt_tokens * (prompt or 0) + usage.completion_tokens * (completion or 0)
    return round(spent / MILLION)


def unlike(first: str, other: str) -> Sequence[tuple[bool, str]]:
    """The other answer in pieces, each with whether the first one has it not."""
    return [(piece.op == "insert", piece.text) for piece in changes(first, other) if piece.op != "delete"]
