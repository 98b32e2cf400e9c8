"""GET /v1/models: the models, and every business line, which callers may name as a model.

It does not know which engine stands behind them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from core.access import Principal
from core.errors import ModelNotFound
from gateway.auth import Use, program
from gateway.gate import gate_of
from pipelines.services import Services

router = APIRouter(prefix="/v1", tags=["OpenAI"])

Caller = Annotated[Principal, Depends(program("models"))]
CREATED = 1_726_704_000
"""Seconds since 1970. OpenAI's clients want a number; this is the day the model family was published."""


@router.get("/models")
async def list_models(request: Request, principal: Caller, services: Use) -> dict[str, Any]:
    await gate_of(request).look(request, principal)
    names = await _names(principal, services)
    return {"object": "list", "data": [_model(name) for name in names]}


@router.get("/models/{model:path}")
async def get_model(model: str, request: Request, principal: Caller, services: Use) -> dict[str, Any]:
    await gate_of(request).look(request, principal)
    if model not in await _names(principal, services):
        raise ModelNotFound(f"The model '{model}' does not exist; see /v1/models.", param="model")
    return _model(model)


async def _names(principal: Principal, services: Services) -> list[str]:
    lines = [line.id for line in await services.lines.all() if not line.archived]
    # The engine's server may embed, too; only a server that is named for it is sure to.
    embeds = services.embed.model if services.settings.embedding_url else None
    models = [services.settings.served_model, *([embeds] if embeds else ())]
    return [*models, *(i for i in lines if principal.line in (None, i))]


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "xiaoq"}
