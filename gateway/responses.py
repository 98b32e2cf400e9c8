"""POST /v1/responses: the API of OpenAI's quickstart, as far as a question and its answer go.

It does not keep responses: a conversation goes on by `metadata.conversation_id`.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import orjson
import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from core.access import Principal
from core.errors import InvalidRequest, XiaoQError
from core.events import Delta, Failed, Finished
from gateway.asking import asked
from gateway.auth import Use, program
from gateway.body import described, json_body
from gateway.completions import begun, whole_answer
from gateway.errors import unknown_error
from gateway.gate import Passed, enter_chat
from gateway.metrics import Metrics
from gateway.response_replies import ResponseWriter
from gateway.response_schema import ResponseRequest
from gateway.stream import Events, EventStream

log = structlog.get_logger()

router = APIRouter(prefix="/v1", tags=["OpenAI"])

Caller = Annotated[Principal, Depends(program("responses"))]
ResponseBody = Annotated[ResponseRequest, Depends(json_body(ResponseRequest))]


@router.post("/responses", openapi_extra=described(ResponseRequest))
async def responses(principal: Caller, body: ResponseBody, request: Request, services: Use) -> Response:
    """OpenAI's response to `input`. The reply carries one object more, `xiaoq`."""
    try:
        chat = body.chat()
    except ValidationError:
        raise InvalidRequest("The input holds no message of the role user.", param="input") from None
    passed = await enter_chat(request, principal, chat)
    ask = await asked(chat, principal, services, request.state.request_id)
    metrics: Metrics = request.app.state.metrics
    writer = ResponseWriter(ask.model)
    if not body.stream:
        _, finished = await whole_answer(request, services, ask.question, metrics)
        passed.finished(finished)
        return Response(orjson.dumps(writer.whole(finished)), media_type="application/json")
    events = await begun(request, services, ask.question, metrics)
    return EventStream(written(writer, events, metrics, request.state.request_id, passed))


async def written(
    writer: ResponseWriter, events: Events, metrics: Metrics, request_id: str, passed: Passed
) -> AsyncGenerator[bytes]:
    """The bytes of a stream: named events, the last of them `response.completed` or `error`."""
    for opening in writer.opening():
        yield named(opening)
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Delta():
                        yield named(writer.delta(event))
                    case Finished():
                        metrics.finished(event)
                        passed.finished(event)
                        for closing in writer.closing(event):
                            yield named(closing)
                    case Failed():
                        passed.used(0)
                        metrics.failures.labels(event.error.code).inc()
                        yield named(writer.failure(event.error))
    except Exception as error:  # noqa: BLE001 - the status is sent; an error event is all that is left to say
        passed.used(0)
        log.error("stream_failed", error=type(error).__qualname__)
        known = error if isinstance(error, XiaoQError) else unknown_error(request_id)
        yield named(writer.failure(known))


def named(event: dict[str, Any]) -> bytes:
    kind: str = event["type"]
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"
