"""/api/lines/{line}/golden: questions with what a right answer to them is; proposals, import and export.

It does not know how a line is measured by them (evaluations.py).
"""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from core.golden import Origin
from gateway.api.lines import open_line
from gateway.api.places import open_place
from gateway.auth import Manager, Use
from gateway.body import described, json_body
from gateway.golden_shapes import (
    AcceptBody,
    GoldenBody,
    ProposalBody,
    golden_json,
    proposal_json,
)
from gateway.uploads import UPLOAD_ONE, one_file, uploaded
from pipelines.golden import GoldenDraft, forget_golden, keep_golden
from pipelines.golden_import import import_golden
from pipelines.golden_table import TYPES, Format, table_of
from pipelines.proposals import accept, dismiss, proposal_of, propose

router = APIRouter(prefix="/api/lines/{line_id}/golden", tags=["Golden questions"])

Several = Annotated[list[GoldenBody], Field(min_length=1, max_length=1_000)]
LARGEST = 4_000_000
NOTHING = AcceptBody()


@router.get("")
async def list_golden(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Newest first: `{golden: [{id, question, expected, document, location, text, …}]}`."""
    line = await open_place(line_id, principal, services)
    return {"golden": [golden_json(golden) for golden in await services.golden.list(line.id)]}


@router.post("", status_code=201, openapi_extra=described(GoldenBody | Several))
async def add_golden(
    line_id: str,
    principal: Manager,
    body: Annotated[GoldenBody | list[GoldenBody], Depends(json_body(GoldenBody, LARGEST, many=Several))],
    services: Use,
) -> dict[str, Any]:
    """Add one question, or a list of which all are kept or none; an earlier one of the same words gives way."""
    line = await open_place(line_id, principal, services)
    sent = body if isinstance(body, list) else [body]
    origin: Origin = "api" if isinstance(body, list) or not body.passage_id else "bench"
    kept = await keep_golden(services, line, [one.draft() for one in sent], principal.actor, origin)
    if isinstance(body, list):
        return {"golden": [golden_json(golden) for golden in kept]}
    return golden_json(kept[0])


@router.get("/export", response_class=Response)
async def export_golden(
    line_id: str, principal: Manager, services: Use, format: Annotated[Format, Query()] = "xlsx"
) -> Response:
    """All questions of the line as a file that `import` takes again."""
    line = await open_place(line_id, principal, services)
    content = table_of(await services.golden.list(line.id), format)
    headers = {"Content-Disposition": f'attachment; filename="golden-{line.id}.{format}"'}
    return Response(content, media_type=TYPES[format], headers=headers)


@router.post("/import", openapi_extra=UPLOAD_ONE)
async def import_file(line_id: str, principal: Manager, request: Request, services: Use) -> dict[str, Any]:
    """Take in an xlsx, csv or jsonl file whole: `{imported}`, with `ignored` the columns of unknown names, if any; or
    nothing of it, and the error names every bad row."""
    line = await open_place(line_id, principal, services)
    async with uploaded(request) as form:
        file = await one_file(form)
        done = await import_golden(services, line, file.name, await file.content(), principal.actor)
    return {"imported": done.count} | ({"ignored": list(done.ignored)} if done.ignored else {})


@router.get("/proposals")
async def list_proposals(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """What thumbs down and corrected answers suggest, newest first, masked: `{proposals: […]}`."""
    line = await open_line(line_id, principal, services)
    return {"proposals": [proposal_json(each) for each in await services.proposals.list(line.id)]}


@router.post("/proposals", status_code=201, openapi_extra=described(ProposalBody))
async def add_proposal(
    line_id: str,
    principal: Manager,
    body: Annotated[ProposalBody, Depends(json_body(ProposalBody))],
    services: Use,
) -> dict[str, Any]:
    """Propose a question, with the answer that would have been right; `{proposal: null}` where it is golden already."""
    line = await open_line(line_id, principal, services)
    made = await propose(
        services, line, body.question, "corrected",
        expected=body.expected.noun(), reference=body.reference, answer=body.answer, comment=body.comment,
        author=principal.actor,
    )  # fmt: skip
    return {"proposal": proposal_json(made) if made else None}


@router.post("/proposals/{proposal_id}/accept", openapi_extra=described(AcceptBody, required=False))
async def accept_proposal(
    line_id: str,
    proposal_id: str,
    principal: Manager,
    body: Annotated[AcceptBody, Depends(json_body(AcceptBody, empty=NOTHING))],
    services: Use,
) -> dict[str, Any]:
    """Make it a golden question, as it was proposed or as the body says it anew."""
    line = await open_line(line_id, principal, services)
    proposal = await proposal_of(services, line, proposal_id)
    draft = GoldenDraft(proposal.question, proposal.expected, proposal.reference)
    if body.question is not None:
        draft = replace(draft, question=body.question)
    if body.expected is not None:
        draft = replace(draft, expected=body.expected.noun())
    if body.reference is not None:
        draft = replace(draft, reference=body.reference)
    return golden_json(await accept(services, line, proposal_id, principal.actor, draft))


@router.delete("/proposals/{proposal_id}", status_code=204)
async def dismiss_proposal(line_id: str, proposal_id: str, principal: Manager, services: Use) -> None:
    line = await open_line(line_id, principal, services)
    await dismiss(services, line, proposal_id, principal.actor)


@router.delete("/{golden_id}", status_code=204)
async def remove_golden(line_id: str, golden_id: str, principal: Manager, services: Use) -> None:
    line = await open_place(line_id, principal, services)
    await forget_golden(services, line, golden_id, principal.actor)
