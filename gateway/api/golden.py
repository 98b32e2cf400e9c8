"""/api/lines/{line}/golden: questions with the passage that a person called the right one.

It does not know how a line is measured by them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from core.golden import GoldenQuestion
from gateway.api.places import open_place
from gateway.auth import Manager, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict
from gateway.schema import Identifier
from pipelines.golden import forget_golden, save_golden

router = APIRouter(prefix="/api/lines/{line_id}/golden", tags=["Knowledge"])


class RightPassage(Strict):
    """The ids are those that a search answers with. What the passage says is taken from the knowledge itself."""

    question: Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"\S")]
    document_id: Identifier
    passage_id: Identifier


@router.get("")
async def list_golden(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Newest first: `{golden: [{id, question, document, location, text, …}]}`."""
    line = await open_place(line_id, principal, services)
    return {"golden": [golden_json(golden) for golden in await services.golden.list(line.id)]}


@router.post("", status_code=201, openapi_extra=described(RightPassage))
async def add_golden(
    line_id: str,
    principal: Manager,
    body: Annotated[RightPassage, Depends(json_body(RightPassage))],
    services: Use,
) -> dict[str, Any]:
    """Call a passage the right one for a question; an earlier choice for the same question gives way."""
    line = await open_place(line_id, principal, services)
    golden = await save_golden(
        services,
        line,
        body.question,
        body.document_id,
        body.passage_id,
        principal.actor,
    )
    return golden_json(golden)


@router.delete("/{golden_id}", status_code=204)
async def remove_golden(line_id: str, golden_id: str, principal: Manager, services: Use) -> None:
    line = await open_place(line_id, principal, services)
    await forget_golden(services, line, golden_id, principal.actor)


def golden_json(golden: GoldenQuestion) -> dict[str, Any]:
    return {
        "id": golden.id,
        "question": golden.question,
        "base": golden.base,
        "document_id": golden.document_id,
        "document": golden.document,
        "location": golden.location,
        "passage_id": golden.passage_id,
        "text": golden.text,
        "author": golden.author,
        "created_at": golden.created_at.isoformat(),
    }
