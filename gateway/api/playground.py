"""POST /api/lines/{line}/playground: questions to several versions or parameters at once, streamed side by side.

It does not know how a contender answers; pipelines/playground.py asks. Nothing of it is stored.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import Field, StringConstraints
from starlette.responses import Response

from core.events import Delta, Failed, Finished, Handoff, Sources, Started
from gateway.api.lines import open_line
from gateway.auth import Manager, Use
from gateway.body import described, json_body
from gateway.errors import plain_error
from gateway.gate import DEFAULT_TOKENS, Passed, about, gate_of
from gateway.message_schema import Strict, whole
from gateway.replies import source_json
from gateway.stream import EventStream
from gateway.written import SENT
from pipelines.playground import (
    FEWEST_CONTENDERS,
    LONGEST_QUESTION,
    MOST_CONTENDERS,
    MOST_QUESTIONS,
    Told,
    lines_of,
    outcome,
    play,
)
from pipelines.services import Services
from pipelines.sides import side_of

router = APIRouter(prefix="/api", tags=["Prompts"])

Question = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")]


class Contender(Strict):
    """`version` 0 is XiaoQ's own words; left out, what is live. A parameter that is left out is the version's own."""

    version: Annotated[int, Field(ge=0, le=1_000_000_000), whole] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192), whole] | None = None
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class Asked(Strict):
    questions: Annotated[list[Question], Field(min_length=1, max_length=MOST_QUESTIONS)]
    contenders: Annotated[list[Contender], Field(min_length=FEWEST_CONTENDERS, max_length=MOST_CONTENDERS)]


@router.post("/lines/{line_id}/playground", openapi_extra=described(Asked))
async def playground(
    line_id: str,
    principal: Manager,
    body: Annotated[Asked, Depends(json_body(Asked))],
    request: Request,
    services: Use,
) -> Response:
    """Server-sent events `started`, `sources`, `delta`, `handoff`, `finished`, `failed`, each with `contender` and
    `question` (places in what was sent, from 0), then `done`. Leaving stops every engine."""
    line = await open_line(line_id, principal, services)
    sides = [
        side_of(line, one.version, one.model_dump(exclude={"version"}, exclude_none=True))
        for one in body.contenders
    ]
    lines = await lines_of(services, line, sides)
    tokens = len(lines) * sum(about(question) + DEFAULT_TOKENS for question in body.questions)
    passed = await gate_of(request).enter(request, principal, tokens=tokens, customer=None, streamed=True)
    request_id = request.state.request_id
    return EventStream(
        _events(services, play(services, lines, body.questions, request_id), passed, request_id)
    )


async def _events(
    services: Services, told: AsyncGenerator[Told], passed: Passed, request_id: str
) -> AsyncGenerator[bytes]:
    used = 0
    async with aclosing(told):
        async for one in told:
            if isinstance(one.event, Finished):
                used += one.event.usage.total_tokens
                passed.used(used)
            name, data = _translated(one, services, request_id)
            yield _frame(name, {"contender": one.contender, "question": one.question, **data})
    passed.leave(SENT)  # before its last bytes: who has read them may come again at once
    yield _frame("done", {})


def _translated(told: Told, services: Services, request_id: str) -> tuple[str, dict[str, Any]]:
    match told.event:
        case Started():
            return "started", {"language": told.event.language}
        case Sources():
            return "sources", {"sources": [source_json(one) for one in told.event.sources]}
        case Delta():
            return "delta", {"text": told.event.text}
        case Handoff():
            return "handoff", {"reason": told.event.note.reason, "contact": told.event.note.contact}
        case Finished():
            return "finished", outcome(told.event, services.settings)
        case Failed():
            return "failed", plain_error(told.event.error, request_id)


def _frame(name: str, data: dict[str, Any]) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
