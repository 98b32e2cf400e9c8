"""/api/lines/{line}/documents, faq and search, and /api/jobs: what a line knows.

It does not know how files are read or passages found. A line's documents lie in the base of its own id.
"""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import Field
from starlette.responses import Response

from core.documents import Document
from core.errors import NotFound
from core.messages import Source
from gateway.api.faq import FaqEntry, faq_csv
from gateway.api.lines import open_line
from gateway.auth import Caller, Manager, Use
from gateway.body import described, json_body
from gateway.jobs import Job
from gateway.message_schema import Strict
from gateway.replies import source_json
from gateway.uploads import uploaded
from pipelines.services import Services

router = APIRouter(prefix="/api", tags=["Knowledge"])

FORM = {
    "type": "object",
    "properties": {"files": {"type": "array", "items": {"type": "string", "format": "binary"}}},
    "required": ["files"],
}
UPLOAD = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}}
Pairs = Annotated[list[FaqEntry], Field(min_length=1, max_length=2_000)]
LARGEST_FAQ = 10_000_000
Wait = Annotated[bool, Query(description="false answers 202 with a job at once.")]


class Search(Strict):
    question: Annotated[str, Field(min_length=1, max_length=2_000)]
    k: Annotated[int, Field(ge=1, le=50)] = 5


@router.post("/lines/{line_id}/documents", openapi_extra=UPLOAD)
async def add_documents(
    line_id: str, principal: Manager, request: Request, services: Use, wait: Wait = True
) -> Response:
    """Take in files: `{documents: [{id, name, status, chunks, error}]}`. One that fails does not stop the rest."""
    line = await open_line(line_id, principal, services)
    async with uploaded(request) as uploads:
        files = [(upload.filename or "", await upload.read()) for upload in uploads]
    return await _take_in(line.id, files, request, services, wait)


@router.get("/lines/{line_id}/documents")
async def list_documents(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    line = await open_line(line_id, principal, services)
    return {"documents": [_document_json(document) for document in await services.documents.list(line.id)]}


@router.delete("/lines/{line_id}/documents/{document_id}", status_code=204)
async def remove_document(line_id: str, document_id: str, principal: Manager, services: Use) -> None:
    line = await open_line(line_id, principal, services)
    if not await services.ingest.remove(line.id, document_id):
        raise NotFound("There is no such document in this line.", param="document_id")


@router.post("/lines/{line_id}/faq", openapi_extra=described(Pairs))
async def add_faq(
    line_id: str,
    principal: Manager,
    pairs: Annotated[list[FaqEntry], Depends(json_body(Pairs, LARGEST_FAQ))],
    request: Request,
    services: Use,
) -> Response:
    """Store pairs as one document of the line; the same pairs again change nothing."""
    line = await open_line(line_id, principal, services)
    return await _take_in(line.id, [faq_csv(pairs)], request, services, wait=True)


@router.post("/lines/{line_id}/search", openapi_extra=described(Search))
async def search(
    line_id: str, principal: Caller, body: Annotated[Search, Depends(json_body(Search))], services: Use
) -> dict[str, Any]:
    """The passages an answer would stand on, best first; scores lie in [0, 1]."""
    line = await open_line(line_id, principal, services)
    found = await services.retriever.retrieve(line.bases, body.question, body.k)
    return {
        "passages": [source_json(Source.of(passage)) for passage in found.passages],
        "answerable": found.answerable,
        "threshold": found.threshold,
    }


@router.get("/jobs/{job_id}")
async def get_job(job_id: str, principal: Manager, request: Request) -> dict[str, Any]:
    job: Job = request.app.state.jobs.get(job_id)
    principal.check_line(job.line)
    return _job_json(job)


async def _take_in(
    base: str, files: Sequence[tuple[str, bytes]], request: Request, services: Services, wait: bool
) -> Response:
    async def work(done: list[dict[str, Any]]) -> None:
        async with aclosing(services.ingest.add(base, files)) as events:
            async for event in events:
                if event.status == "reading":
                    continue
                done.append(
                    {
                        "id": event.document_id,
                        "name": event.name,
                        # Known already, byte for byte, is as good as taken in.
                        "status": "ready" if event.status == "unchanged" else event.status,
                        "chunks": event.chunks,
                        "error": event.error,
                    }
                )

    if not wait:
        job = request.app.state.jobs.begin(base, work)
        return JSONResponse(_job_json(job), 202, {"Location": f"/api/jobs/{job.id}"})
    done: list[dict[str, Any]] = []
    # Shielded: a client that leaves after its upload does not leave half of it behind.
    await asyncio.shield(asyncio.ensure_future(work(done)))
    return JSONResponse({"documents": done})


def _document_json(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.name,
        "status": document.status.value,
        "chunks": document.chunks,
        "error": document.error,
        "size": document.size,
        "updated_at": document.updated_at.isoformat(),
    }


def _job_json(job: Job) -> dict[str, Any]:
    return {"id": job.id, "status": job.status, "documents": job.result, "error": job.error}
