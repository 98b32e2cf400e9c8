"""POST /v1/embeddings: texts in, vectors out.

It does not know which model embeds nor what is taken out of the texts before; the pipeline does.
"""

import asyncio
import base64
import re
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from core.access import Principal
from core.embedding import Embedded
from core.errors import ModelNotFound, NotSupported
from gateway.auth import Use, program
from gateway.body import described, json_body
from gateway.gate import about, gate_of
from gateway.stream import unless_gone
from gateway.text_schema import EmbeddingRequest
from pipelines.embed import NOTHING_EMBEDS
from pipelines.services import Services

router = APIRouter(prefix="/v1", tags=["OpenAI"])

OPENAI_EMBEDDERS = re.compile(r"text-embedding-.{1,100}")
"""OpenAI's own names are served by the one embedding model there is; the reply names that one."""

Caller = Annotated[Principal, Depends(program("embeddings"))]
EmbeddingBody = Annotated[EmbeddingRequest, Depends(json_body(EmbeddingRequest))]


@router.post("/embeddings", openapi_extra=described(EmbeddingRequest))
async def embeddings(principal: Caller, body: EmbeddingBody, request: Request, services: Use) -> Response:
    """OpenAI's embeddings. Personal data in the texts is masked before the model reads them; nothing is stored."""
    model = embedding_model(body.model, services)
    passed = await gate_of(request).enter(
        request, principal, tokens=sum(map(about, body.input)), customer=body.user, streamed=False
    )
    embedded, estimated = await unless_gone(request, services.embed.embed(body.input, body.dimensions))
    passed.used(embedded.tokens or 0)
    content = await asyncio.to_thread(_written, model, embedded, body.encoding_format, estimated=estimated)
    return Response(content, media_type="application/json")


def embedding_model(asked_for: str, services: Services) -> str:
    """The model that embeds. Raises NotSupported where there is none, ModelNotFound for another's name."""
    model, settings = services.embed.model, services.settings
    if model is None:
        raise NotSupported(NOTHING_EMBEDS)
    shown = model if settings.embedding_url else settings.served_model
    if asked_for in (model, shown) or OPENAI_EMBEDDERS.fullmatch(asked_for):
        return shown
    raise ModelNotFound(f"The model '{asked_for}' embeds nothing here; '{shown}' does.", param="model")


def _written(model: str, embedded: Embedded, encoding: str | None, *, estimated: bool) -> bytes:
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(row) if encoding == "base64" else row}
        for index, row in enumerate(embedded.vectors)
    ]
    usage = {"prompt_tokens": embedded.tokens, "total_tokens": embedded.tokens}
    usage_said: dict[str, Any] = {**usage, "estimated": True} if estimated else usage
    reply = {"object": "list", "data": data, "model": model, "usage": usage_said}
    return orjson.dumps(reply, option=orjson.OPT_SERIALIZE_NUMPY)


def _base64(row: Any) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
