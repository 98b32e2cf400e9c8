"""/api/lines/{line}/documents: what a line knows, file by file.

It does not know how files are read. `shared` in the line's place is what every line searches besides its own.
"""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from starlette.responses import Response

from core.documents import Chunk, Document
from core.errors import NotFound
from core.messages import BusinessLine
from gateway.api.jobs import file_json, job_json
from gateway.api.places import open_place
from gateway.auth import Manager, Use
from gateway.uploads import UPLOAD, UPLOAD_ONE, one_file, uploaded
from pipelines.bases import owned
from pipelines.incoming import IncomingFile
from pipelines.services import Services

router = APIRouter(prefix="/api/lines/{line_id}/documents", tags=["Knowledge"])

Wait = Annotated[bool, Query(description="false answers 202 with a job at once.")]
Offset = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=1, le=2_000)]


@router.post("", openapi_extra=UPLOAD)
async def add_documents(
    line_id: str, principal: Manager, request: Request, services: Use, wait: Wait = True
) -> Response:
    """Take in files: `{documents: [{id, name, status, chunks, error, …}]}`. One that fails does not stop the rest.

    A file of the same name takes the place of the document; `replaces` names another document to replace.
    """
    line = await open_place(line_id, principal, services)
    async with uploaded(request) as form:
        batch = await services.ingest.accept(
            owned(line), form.files, actor=principal.actor, columns=form.columns, replaces=form.replaces
        )
    return await answer(batch, services, wait)


@router.get("")
async def list_documents(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    line = await open_place(line_id, principal, services)
    documents = await services.documents.list(owned(line))
    return {"documents": [document_json(document) for document in documents]}


@router.post("/preview", openapi_extra=UPLOAD_ONE)
async def preview(line_id: str, principal: Manager, request: Request, services: Use) -> dict[str, Any]:
    """The head of a table, nothing stored: `{columns, rows, guessed}`; `guessed` is what `columns` would be."""
    await open_place(line_id, principal, services)
    async with uploaded(request) as form:
        file = await one_file(form)
        table = await services.parser.preview(file.name, await file.content())
    return {
        "columns": list(table.columns),
        "rows": [list(row) for row in table.rows],
        "guessed": dict(table.guessed),
    }


@router.get("/{document_id}")
async def get_document(line_id: str, document_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    line = await open_place(line_id, principal, services)
    return document_json(await _document(line, document_id, services))


@router.put("/{document_id}", openapi_extra=UPLOAD_ONE)
async def replace_document(
    line_id: str, document_id: str, principal: Manager, request: Request, services: Use, wait: Wait = True
) -> Response:
    """Put another file in the document's place; what is the same in both is not indexed anew."""
    line = await open_place(line_id, principal, services)
    await _document(line, document_id, services)
    async with uploaded(request) as form:
        files: Sequence[IncomingFile] = [await one_file(form)]
        batch = await services.ingest.accept(
            owned(line), files, actor=principal.actor, columns=form.columns, replaces=document_id
        )
    return await answer(batch, services, wait)


@router.delete("/{document_id}", status_code=204)
async def remove_document(line_id: str, document_id: str, principal: Manager, services: Use) -> None:
    line = await open_place(line_id, principal, services)
    if not await services.ingest.remove(owned(line), document_id, actor=principal.actor):
        raise _no_document()


@router.get("/{document_id}/content", response_class=Response)
async def get_content(line_id: str, document_id: str, principal: Manager, services: Use) -> Response:
    """The file as it was uploaded, to be saved, never to be shown: it may be a page with scripts."""
    line = await open_place(line_id, principal, services)
    document = await _document(line, document_id, services)
    data = await services.documents.raw(owned(line), document_id)
    if data is None:
        raise NotFound("The file itself was not kept, since it could not be read.", param="document_id")
    return Response(data, media_type="application/octet-stream", headers=_saved_as(document.name))


@router.get("/{document_id}/passages")
async def get_passages(
    line_id: str,
    document_id: str,
    principal: Manager,
    services: Use,
    offset: Offset = 0,
    limit: Limit = 500,
) -> dict[str, Any]:
    """What was read of the document, in its order: `{document, total, passages: [{passage_id, location, …}]}`."""
    line = await open_place(line_id, principal, services)
    document = await _document(line, document_id, services)
    chunks = await services.documents.chunks(owned(line), document_id)
    return {
        "document": document_json(document),
        "total": len(chunks),
        "passages": [passage_json(chunk) for chunk in chunks[offset : offset + limit]],
    }


async def answer(batch: str, services: Services, wait: bool) -> Response:
    """How the files of a batch ended; without waiting, the job that tells."""
    if not wait:
        job = job_json(batch, await services.queue.batch(batch), services)
        return JSONResponse(job, 202, {"Location": f"/api/jobs/{batch}"})
    async with aclosing(services.ingest.follow(batch)) as events:
        async for _ in events:
            pass
    files = await services.queue.batch(batch)
    return JSONResponse({"documents": [file_json(file) for file in files]})


def document_json(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        "name": document.name,
        "status": document.status.value,
        "chunks": document.chunks,
        "error": document.error,
        "notes": list(document.notes),
        "columns": dict(document.columns),
        "size": document.size,
        "sha256": document.sha256,
        "updated_at": document.updated_at.isoformat(),
    }


def passage_json(chunk: Chunk) -> dict[str, Any]:
    return {
        "passage_id": chunk.id,
        "position": chunk.position,
        "kind": chunk.kind,
        "title": chunk.title,
        "location": chunk.location,
        "page": chunk.page,
        "question": chunk.match[0] if chunk.match else None,
        "text": chunk.text,
        "language": chunk.language,
        "status": chunk.status,
    }


async def _document(line: BusinessLine, document_id: str, services: Services) -> Document:
    document = await services.documents.get(owned(line), document_id)
    if document is None:
        raise _no_document()
    return document


def _no_document() -> NotFound:
    return NotFound("There is no such document in this line.", param="document_id")


def _saved_as(name: str) -> Mapping[str, str]:
    """The name in both forms of RFC 6266: quoted for old readers, percent-encoded for the real one."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return {
        "Content-Disposition": disposition,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
