"""POST /v1/chat/completions, streamed and not.

It does not know how an answer comes about; it asks the pipeline and passes on what it hears.
"""

from collections.abc import Iterator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from core.access import Principal
from core.events import Delta, Event, Failed, Finished, Started
from core.messages import Question
from gateway.asking import asked
from gateway.auth import Use, program, services_of
from gateway.body import described, json_body
from gateway.direct import direct
from gateway.errors import openai_error
from gateway.gate import enter_chat
from gateway.metrics import Metrics
from gateway.plain_chat import plain_chat
from gateway.replies import Chunks, completion
from gateway.schema import ChatRequest
from gateway.stream import STREAM_HEADERS, Events, EventStream, chained, unless_gone, until_it_speaks
from gateway.written import Hand, written
from pipelines.services import Services

router = APIRouter(prefix="/v1", tags=["OpenAI"])

DONE = b"data: [DONE]\n\n"
admitted, read_body = program("chat"), json_body(ChatRequest, plain=plain_chat)
Caller = Annotated[Principal, Depends(admitted)]
ChatBody = Annotated[ChatRequest, Depends(read_body)]


def sse(content: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(content) + b"\n\n"


async def chat_completions(principal: Caller, body: ChatBody, request: Request, services: Use) -> Response:
    """OpenAI's chat completion. The reply carries one object more, `xiaoq`: mode, sources, timings, ids."""
    passed = await enter_chat(request, principal, body)
    ask = await asked(body, principal, services, request.state.request_id)
    metrics: Metrics = request.app.state.metrics
    if (told := await services.answer.soon(ask.question)) is not None:
        known = told.finished()
        passed.finished(known)
        metrics.finished(known)
        request.state.conversation_id = known.conversation_id
        return told_at_once(ask.model, known, stream=bool(body.stream), with_usage=body.wants_usage)
    if not body.stream:
        deltas, finished = await whole_answer(request, services, ask.question, metrics)
        passed.finished(finished)
        return Response(orjson.dumps(completion(ask.model, deltas, finished)), media_type="application/json")
    events = await begun(request, services, ask.question, metrics)
    chunks = Chunks(ask.model, body.wants_usage, n=body.n or 1)
    request_id = request.state.request_id
    return EventStream(written(hand_of(chunks, request_id), events, metrics, request_id, passed))


def told_at_once(model: str, known: Finished, *, stream: bool, with_usage: bool) -> Response:
    """An answer that was there before the question."""
    if not stream:
        return Response(orjson.dumps(completion(model, (), known)), media_type="application/json")
    hand = hand_of(Chunks(model, with_usage), "")
    body = b"".join((*hand.opening, hand.delta(Delta(known.text)), *hand.ending(known)))
    return Response(body, headers=STREAM_HEADERS, media_type="text/event-stream")


async def asked_directly(request: Request) -> Response:
    """The route's dependencies and the route, one after the other."""
    principal = await admitted(request)
    body = await read_body(request)
    return await chat_completions(principal, body, request, services_of(request))


router.add_api_route(
    "/chat/completions",
    chat_completions,
    methods=["POST"],
    openapi_extra=described(ChatRequest),
    route_class_override=direct(asked_directly),
)


async def begun(request: Request, services: Services, question: Question, metrics: Metrics) -> Events:
    """The events of an answer that has begun to speak. An error before that is raised, so it gets its status."""
    events = services.answer.ask(question)
    try:
        first = await unless_gone(request, until_it_speaks(events))
        remember_conversation(request, first)
        raise_failure(first, metrics)
    except BaseException:
        await events.aclose()
        raise
    return chained(first, events)


async def whole_answer(
    request: Request, services: Services, question: Question, metrics: Metrics
) -> tuple[list[Delta], Finished]:
    """The answer in one go; the work stops when the client leaves. Raises what the pipeline failed with."""

    async def gather() -> list[Event]:
        async with aclosing(services.answer.ask(question)) as events:
            return [event async for event in events]

    seen = await unless_gone(request, gather())
    remember_conversation(request, seen)
    raise_failure(seen, metrics)
    finished = next(event for event in seen if isinstance(event, Finished))
    metrics.finished(finished)
    return [event for event in seen if isinstance(event, Delta)], finished


def hand_of(chunks: Chunks, request_id: str) -> Hand:
    def ending(event: Finished) -> Iterator[bytes]:
        yield sse(chunks.finish(event))
        yield from map(sse, chunks.further(event))
        if chunks.with_usage:
            yield sse(chunks.usage(event))
        yield DONE

    return Hand(
        opening=(sse(chunks.role(index)) for index in range(chunks.n)),
        delta=lambda event: sse(chunks.delta(event)),
        ending=ending,
        failure=lambda error: sse(openai_error(error, request_id)),
    )


def remember_conversation(request: Request, events: list[Event]) -> None:
    """Lets the edge put x-conversation-id on the answer, an error's included."""
    for event in events:
        if isinstance(event, Started):
            request.state.conversation_id = event.conversation_id


def raise_failure(events: list[Event], metrics: Metrics) -> None:
    if events and isinstance(events[-1], Failed):
        metrics.failures.labels(events[-1].error.code).inc()
        raise events[-1].error
