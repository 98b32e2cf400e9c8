"""/api/lines/…/copy, …/export and /api/lines/import: a business line in one piece, copied, written and read.

It does not know what stands in the file.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response

from core.line_fields import LineId, Names
from core.written import Strict
from gateway.api.lines import line_json
from gateway.auth import Manager, Use
from gateway.body import described, json_body, read_bytes
from pipelines.line_copies import copy_line, export_line, import_line
from pipelines.line_yaml import LARGEST
from pipelines.lines import lists_of

router = APIRouter(prefix="/api/lines", tags=["Business lines"])

YAML = "application/yaml"
A_FILE = {"requestBody": {"required": True, "content": {YAML: {"schema": {"type": "string"}}}}}


class LineCopy(Strict):
    """`names` left out: the original's. `search_original`: the copy searches the original's knowledge besides its own,
    which is empty."""

    id: LineId
    names: Names | None = None
    search_original: bool = Field(default_factory=bool)


@router.post("/{line_id}/copy", status_code=201, openapi_extra=described(LineCopy))
async def copy(
    line_id: str, principal: Manager, body: Annotated[LineCopy, Depends(json_body(LineCopy))], services: Use
) -> dict[str, Any]:
    """A new line with the other's rules, lists of words and persona, and its live prompt as a draft."""
    line = await copy_line(
        services, principal, line_id, body.id, body.names, search_original=body.search_original
    )
    return line_json(line, await lists_of(services, line.id))


@router.get("/{line_id}/export", response_class=Response)
async def export(line_id: str, principal: Manager, services: Use) -> Response:
    """The line as one YAML file, its live prompt, lists of words and golden questions with it; no documents."""
    text = await export_line(services, principal, line_id)
    headers = {
        "Content-Disposition": f'attachment; filename="line-{line_id}.yaml"',
        "Cache-Control": "no-store",
    }
    return Response(text, media_type=YAML, headers=headers)


@router.post("/import", status_code=201, openapi_extra=A_FILE)
async def import_(
    request: Request,
    principal: Manager,
    services: Use,
    id: Annotated[str | None, Query(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] = None,
) -> dict[str, Any]:
    """A new line from such a file, whole or not at all; `id` puts it in the place of the one in the file. Its prompt
    becomes a draft."""
    line = await import_line(services, principal, await read_bytes(request, LARGEST), id)
    return line_json(line, await lists_of(services, line.id))
