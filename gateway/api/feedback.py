"""POST /api/feedback: a thumb for an answer.

It does not know who may read thumbs; the transcripts do.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from core.errors import NotFound
from gateway.auth import Caller, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict, whole
from gateway.schema import Identifier
from pipelines.feedback import rate as rate_turn

router = APIRouter(prefix="/api", tags=["Feedback"])


class Feedback(Strict):
    """`score` 1 is a thumb up, -1 a thumb down, 0 takes it back."""

    turn_id: Identifier
    score: Annotated[Literal[-1, 0, 1], whole]
    comment: Annotated[str, Field(max_length=2_000)] = ""


@router.post("/feedback", openapi_extra=described(Feedback))
async def rate(
    principal: Caller, body: Annotated[Feedback, Depends(json_body(Feedback))], services: Use
) -> dict[str, str | int]:
    """Rate a turn that was asked with this very sign-in; the last thumb stands."""
    owner = await services.transcripts.owner(body.turn_id)
    if owner is None or not principal.owns(owner):
        raise NotFound("There is no such turn among those asked with this key.", param="turn_id")
    await rate_turn(services, body.turn_id, owner, body.score, body.comment)
    return {"turn_id": body.turn_id, "score": body.score}
