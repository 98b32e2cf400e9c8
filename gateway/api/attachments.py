"""/api/conversations/{id}/attachments and /api/attachments: files laid into a conversation, for the caller who owns it.

It does not know how a file is read; an answer of /v1 that names the conversation takes them into account.
"""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from core.access import Principal
from core.documents import Attachment
from core.errors import TooLarge, XiaoQError
from gateway.api.lines import open_line
from gateway.auth import Caller, Use
from gateway.schema import Customer, Identifier
from gateway.uploads import FILE_FIELD, FILES, form_body, uploaded
from pipelines.attach import LARGEST_FILE, MOST_FILES
from pipelines.incoming import IncomingFile
from pipelines.services import Services

router = APIRouter(prefix="/api", tags=["Attachments"])

LARGEST_REQUEST = MOST_FILES * LARGEST_FILE + 1_000_000
"""Bytes of one request, the form's own lines included."""
UPLOAD = form_body(
    {
        "type": "object",
        "properties": {FILES: {**FILE_FIELD, "description": f"The files, {MOST_FILES} at most."}},
        "required": [FILES],
        "additionalProperties": False,
    }
)
User = Annotated[Customer | None, Query(description="Whose conversation it is: what /v1 calls `user`.")]
Line = Annotated[
    Identifier | None, Query(description="The business line; the default one where none is named.")
]


@router.post("/attachments", status_code=201, openapi_extra=UPLOAD)
async def begin_with_files(
    principal: Caller, request: Request, services: Use, user: User = None, line: Line = None
) -> dict[str, Any]:
    """Open a conversation with files: `{conversation_id, attachments}`. Name its id in `metadata` under /v1."""
    wanted = line or principal.line or services.settings.default_line
    opened = await open_line(wanted, principal, services)
    return await _take_in(None, opened.id, user, principal, request, services)


@router.post("/conversations/{conversation_id}/attachments", status_code=201, openapi_extra=UPLOAD)
async def add_files(
    conversation_id: Identifier, principal: Caller, request: Request, services: Use, user: User = None
) -> dict[str, Any]:
    """Lay files into a conversation. One that fails does not stop the rest; where all do, the first error answers."""
    # a foreign one is refused before the upload
    await services.attach.list(conversation_id, principal.owner(user))
    return await _take_in(conversation_id, "", user, principal, request, services)


@router.get("/conversations/{conversation_id}/attachments")
async def list_files(
    conversation_id: Identifier, principal: Caller, services: Use, user: User = None
) -> dict[str, Any]:
    found = await services.attach.list(conversation_id, principal.owner(user))
    return {"conversation_id": conversation_id, "attachments": [_attachment_json(one) for one in found]}


@router.delete("/conversations/{conversation_id}/attachments/{attachment_id}", status_code=204)
async def remove_file(
    conversation_id: Identifier,
    attachment_id: Identifier,
    principal: Caller,
    services: Use,
    user: User = None,
) -> None:
    await services.attach.remove(conversation_id, principal.owner(user), attachment_id)


async def _take_in(
    conversation_id: str | None,
    line: str,
    user: str | None,
    principal: Principal,
    request: Request,
    services: Services,
) -> dict[str, Any]:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_REQUEST:
        raise TooLarge(f"A conversation holds {MOST_FILES} files of {LARGEST_FILE // 2**20} MB.", param=FILES)
    taken: list[dict[str, Any]] = []
    errors: list[XiaoQError] = []
    async with uploaded(request) as upload:
        for file in upload.files:
            try:
                conversation_id, added = await services.attach.add(
                    principal.owner(user),
                    line,
                    "api",
                    conversation_id,
                    file.name,
                    await _bytes_of(file),
                    user,
                )
            except XiaoQError as error:
                errors.append(error)
                taken.append(_refusal_json(file.name, error))
            else:
                taken.append(_attachment_json(added))
    if len(errors) == len(taken):
        raise errors[0]
    request.state.conversation_id = conversation_id
    return {"conversation_id": conversation_id, "attachments": taken}


async def _bytes_of(file: IncomingFile) -> bytes:
    return await asyncio.to_thread(file.read)


def _attachment_json(one: Attachment) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "status": "ready",
        "size": one.size,
        "chunks": one.chunks,
        "notes": list(one.notes),
        "added_at": one.added_at.isoformat(),
        "error": None,
    }


def _refusal_json(name: str, error: XiaoQError) -> dict[str, Any]:
    return {"id": None, "name": name, "status": "failed", "chunks": 0, "notes": [], "error": error.message}
