"""POST /v1/completions: a text is gone on from, streamed and not.

It does not know how; the pipeline masks, screens and stores it as it does a question.
"""

from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from core.access import Principal
from core.errors import NotSupported
from core.messages import Question
from gateway.asking import line_of
from gateway.auth import Use, program
from gateway.body import described, json_body
from gateway.completions import DONE, begun, sse, whole_answer
from gateway.errors import openai_error
from gateway.gate import about, gate_of
from gateway.metrics import Metrics
from gateway.stream import EventStream
from gateway.text_replies import Texts
from gateway.text_schema import SHORT_TEXT, CompletionRequest
from gateway.written import Hand, written
from pipelines.services import Services

router = APIRouter(prefix="/v1", tags=["OpenAI"])

Caller = Annotated[Principal, Depends(program("completions"))]
TextBody = Annotated[CompletionRequest, Depends(json_body(CompletionRequest))]


@router.post("/completions", openapi_extra=described(CompletionRequest))
async def completions(principal: Caller, body: TextBody, request: Request, services: Use) -> Response:
    """OpenAI's completion of a text. No search, no persona: the prompt goes to the model masked and as it is."""
    if services.engine.kind != "model":
        raise NotSupported("There is no model here to go on from a text; XIAOQ_ENGINE_URL names one.")
    tokens = about(body.prompt) + (body.max_tokens or SHORT_TEXT) * (body.n or 1)
    passed = await gate_of(request).enter(
        request, principal, tokens=tokens, customer=body.user, streamed=bool(body.stream)
    )
    question, model = await _asked(body, principal, services, request.state.request_id)
    metrics: Metrics = request.app.state.metrics
    with_usage = body.stream_options is not None and body.stream_options.include_usage
    texts = Texts(model, with_usage)
    if not body.stream:
        deltas, finished = await whole_answer(request, services, question, metrics)
        passed.finished(finished)
        return Response(orjson.dumps(texts.whole(deltas, finished)), media_type="application/json")
    events = await begun(request, services, question, metrics)
    request_id = request.state.request_id
    return EventStream(written(hand_of(texts, request_id), events, metrics, request_id, passed))


async def _asked(
    body: CompletionRequest, principal: Principal, services: Services, request_id: str
) -> tuple[Question, str]:
    """The text as the pipeline takes it, and the model name its reply carries."""
    line = await line_of(body.model, body.metadata.line if body.metadata else None, principal, services)
    question = Question(
        text=body.prompt,
        owner=principal.owner(body.user),
        channel="api",
        request_id=request_id,
        line=line,
        sampling=body.sampling(),
        customer=body.user,
        continues=True,
    )
    return question, body.model if body.model == line else services.settings.served_model


def hand_of(texts: Texts, request_id: str) -> Hand:
    return Hand(
        opening=(),
        delta=lambda event: sse(texts.delta(event)),
        ending=lambda event: [*map(sse, texts.ending(event)), DONE],
        failure=lambda error: sse(openai_error(error, request_id)),
    )
