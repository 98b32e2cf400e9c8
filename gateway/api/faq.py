"""/api/lines/{line}/faq and /api/faq-template: question-answer pairs, added, listed, approved.

It does not know how pairs are searched: pairs that are sent are stored as a document of pairs.
"""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field
from starlette.responses import Response

from core.documents import Chunk
from core.errors import InvalidRequest, NotFound
from gateway.api.documents import answer
from gateway.api.faq_table import FaqEntry, faq_csv, from_iso
from gateway.api.places import open_place
from gateway.auth import Manager, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict
from pipelines.bases import owned
from pipelines.incoming import IncomingFile
from pipelines.services import TableFormat

router = APIRouter(prefix="/api", tags=["Knowledge"])

Pairs = Annotated[list[FaqEntry], Field(min_length=1, max_length=2_000)]
LARGEST_FAQ = 10_000_000
Status = Literal["draft", "approved"]
TEMPLATE_TYPES: dict[TableFormat, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


class PairChange(Strict):
    """What is left out stays; null takes a date away. Dates are inclusive, `YYYY-MM-DD`."""

    status: Status | None = None
    owner: Annotated[str, Field(max_length=200)] | None = None
    valid_from: Annotated[date | None, from_iso] = None
    valid_until: Annotated[date | None, from_iso] = None


@router.post("/lines/{line_id}/faq", openapi_extra=described(Pairs))
async def add_faq(
    line_id: str,
    principal: Manager,
    pairs: Annotated[list[FaqEntry], Depends(json_body(Pairs, LARGEST_FAQ))],
    services: Use,
) -> Response:
    """Store pairs as one document of the line; the same pairs again change nothing."""
    line = await open_place(line_id, principal, services)
    files = [IncomingFile.of(*faq_csv(pairs))]
    return await answer(
        await services.ingest.accept(owned(line), files, actor=principal.actor), services, wait=True
    )


@router.get("/lines/{line_id}/faq")
async def list_faq(
    line_id: str,
    principal: Manager,
    services: Use,
    status: Annotated[Status | None, Query()] = None,
) -> dict[str, Any]:
    """Every pair of the line, drafts too, by document and position: `{pairs: [{id, document, question, …}]}`."""
    line = await open_place(line_id, principal, services)
    pairs = await services.documents.pairs(owned(line))
    return {"pairs": [pair_json(pair) for pair in pairs if status in (None, pair.status)]}


@router.patch("/lines/{line_id}/faq/{pair_id}", openapi_extra=described(PairChange))
async def change_faq(
    line_id: str,
    pair_id: str,
    principal: Manager,
    body: Annotated[PairChange, Depends(json_body(PairChange))],
    services: Use,
) -> dict[str, Any]:
    """Approve a draft or take a pair back, and set who answers for it and from when until when it holds."""
    line = await open_place(line_id, principal, services)
    pairs = await services.documents.pairs(owned(line))
    pair = next((pair for pair in pairs if pair.id == pair_id), None)
    if pair is None:
        raise _no_pair()
    given = body.model_fields_set
    valid_from = body.valid_from if "valid_from" in given else pair.valid_from
    valid_until = body.valid_until if "valid_until" in given else pair.valid_until
    if valid_from and valid_until and valid_until < valid_from:
        raise InvalidRequest("The pair would end before it begins; check the two dates.", param="valid_until")
    changed = await services.ingest.change_pair(
        owned(line),
        pair_id,
        status=body.status or pair.status,
        owner=pair.owner if body.owner is None else body.owner,
        valid_from=valid_from,
        valid_until=valid_until,
        actor=principal.actor,
    )
    if changed is None:
        raise _no_pair()
    return pair_json(changed)


@router.get("/faq-template", response_class=Response)
async def faq_template(
    principal: Manager,
    services: Use,
    format: Annotated[TableFormat, Query()] = "xlsx",
    language: Annotated[Literal["zh", "en"], Query()] = "en",
) -> Response:
    """A table to fill in with FAQ pairs and upload as a document."""
    headers = {"Content-Disposition": f'attachment; filename="xiaoq-faq-{language}.{format}"'}
    content = services.faq_template(format, language)
    return Response(content, media_type=TEMPLATE_TYPES[format], headers=headers)


def pair_json(pair: Chunk) -> dict[str, Any]:
    question, *phrasings = pair.match or ("",)
    return {
        "id": pair.id,
        "document_id": pair.document_id,
        "document": pair.document,
        "location": pair.location,
        "question": question,
        "phrasings": phrasings,
        "answer": pair.text,
        "title": pair.title,
        "language": pair.language,
        "owner": pair.owner,
        "valid_from": pair.valid_from.isoformat() if pair.valid_from else None,
        "valid_until": pair.valid_until.isoformat() if pair.valid_until else None,
        "status": pair.status,
    }


def _no_pair() -> NotFound:
    return NotFound("There is no such pair in this line.", param="pair_id")
