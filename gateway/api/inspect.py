"""POST /api/lines/{line}/inspect: what would happen to a message, and why, without anything being stored.

It does not know the steps; pipelines/inspect.py goes through them.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from core.words import Action
from gateway.api.lines import open_line
from gateway.api.search import found_json
from gateway.auth import Reader, Use
from gateway.body import described, json_body
from gateway.message_schema import LONGEST_TEXT, Strict
from gateway.schema import Identifier
from pipelines.budget import Budget
from pipelines.inspect import Inspection
from pipelines.words.verdict import Hit

router = APIRouter(prefix="/api", tags=["Business lines"])


class Message(Strict):
    """`conversation_id`: as if it were the next message of that conversation."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
    conversation_id: Identifier | None = None


@router.post("/lines/{line_id}/inspect", openapi_extra=described(Message))
async def inspect(
    line_id: str, principal: Reader, body: Annotated[Message, Depends(json_body(Message))], services: Use
) -> dict[str, Any]:
    """A dry run up to the engine: `masked` is what the model would read, `findings` say where personal data stands
    in the text as it was sent, `words` where sensitive words stand in the masked one, `prompt` is the whole prompt.
    """
    line = await open_line(line_id, principal, services)
    return inspection_json(await services.inspector.inspect(body.text, line.id, body.conversation_id))


def inspection_json(found: Inspection) -> dict[str, Any]:
    return {
        "masked": found.masked,
        "findings": [
            {"kind": one.kind.value, "start": one.start, "end": one.end, "confidence": one.confidence}
            for one in found.findings
        ],
        "words": [_hit_json(hit) for hit in found.words],
        "language": found.language,
        "route": found.route,
        "mode": found.mode.value,
        "passages": [found_json(passage) for passage in found.passages],
        "answerable": found.answerable,
        "threshold": found.threshold,
        "prompt": [{"role": message.role, "content": message.content} for message in found.prompt],
        "answer": found.answer,
        "prompt_version": found.prompt_version,
        "budget": budget_json(found.budget) if found.budget else None,
    }


def budget_json(budget: Budget) -> dict[str, Any]:
    return {
        "window": budget.window,
        "exact": budget.exact,
        "parts": dict(budget.parts),
        "used": budget.used,
        "left": budget.left,
    }


def _hit_json(hit: Hit) -> dict[str, str | int | Action]:
    return {
        "start": hit.start,
        "end": hit.end,
        "list": hit.list_name,
        "category": hit.category,
        "action": hit.action,
    }
