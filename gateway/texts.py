"""POST /v1/completions: a text is gone on from, streamed and not.

It does not know how; the pipeline masks, screens and stores it as it does a question.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import orjson
import structlog
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from core.access import Principal
from core.errors import NotSupported, XiaoQError
from core.events import Delta, Failed, Finished
from core.messages import Question
from gateway.asking import line_of
from gateway.auth import Use, program
from gateway.body import described, json_body
from gateway.completions import DONE, begun, sse, whole_answer
from gateway.errors import openai_error, unknown_error
from gateway.gate import Passed, about, gate_of
from gateway.metrics import Metrics
from gateway.stream import Events, EventStream
from gateway.text_replies import Texts
from gateway.text_schema import SHORT_TEXT, CompletionRequest
from pipelines.services import Services

log = structlog.get_logger()

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
    return EventStream(written(texts, events, metrics, request.state.request_id, passed))


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


async def written(
    texts: Texts, events: Events, metrics: Metrics, request_id: str, passed: Passed
) -> AsyncGenerator[bytes]:
    """The bytes of a stream. One that fails ends with an error and without `[DONE]`."""
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Delta():
                        yield sse(texts.delta(event))
                    case Finished():
                        metrics.finished(event)
                        passed.finished(event)
                        for piece in texts.ending(event):
                            yield sse(piece)
                        yield DONE
                    case Failed():
                        passed.used(0)
                        metrics.failures.labels(event.error.code).inc()
                        yield sse(openai_error(event.error, request_id))
    except Exception as error:  # noqa: BLE001 - the status is sent; an error event is all that is left to say
        passed.used(0)
        log.error("stream_failed", error=type(error).__qualname__)
        known = error if isinstance(error, XiaoQError) else unknown_error(request_id)
        yield sse(openai_error(known, request_id))
