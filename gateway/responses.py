"""POST /v1/responses: the API of OpenAI's quickstart, as far as a question and its answer go.

It does not keep responses: a conversation goes on by `metadata.conversation_id`.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import ValidationError
from starlette.responses import Response

from core.access import Principal
from core.errors import InvalidRequest
from gateway.asking import asked
from gateway.auth import Use, program
from gateway.body import described, json_body
from gateway.completions import begun, whole_answer
from gateway.gate import enter_chat
from gateway.metrics import Metrics
from gateway.response_replies import ResponseWriter
from gateway.response_schema import ResponseRequest
from gateway.stream import EventStream
from gateway.written import Hand, written

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
    return EventStream(written(hand_of(writer), events, metrics, request.state.request_id, passed))


def hand_of(writer: ResponseWriter) -> Hand:
    return Hand(
        opening=map(named, writer.opening()),
        delta=lambda event: named(writer.delta(event)),
        ending=lambda event: map(named, writer.closing(event)),
        failure=lambda error: named(writer.failure(error)),
    )


def named(event: dict[str, Any]) -> bytes:
    kind: str = event["type"]
    return b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"
