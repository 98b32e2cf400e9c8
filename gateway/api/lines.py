"""/api/lines: the business lines, listed, made and changed.

It does not know documents or prompts.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ValidationError

from core.access import Principal, Right
from core.errors import NotFound
from core.line_changes import LineChange
from core.line_fields import NewLine, fields_of
from core.messages import BusinessLine
from core.words import WordList
from gateway.auth import Caller, Manager, Use
from gateway.body import described, json_body
from gateway.errors import validation_error
from pipelines.lines import change_line, lists_of, make_line
from pipelines.services import Services

router = APIRouter(prefix="/api/lines", tags=["Business lines"])


def line_json(line: BusinessLine, lists: Sequence[WordList] | None = None) -> dict[str, Any]:
    """`lists` are those that are bound to it, for who may see them."""
    found = {
        "id": line.id,
        **fields_of(line),
        "version": line.version,
        "prompt": line.prompt.version if line.prompt else None,
    }
    if lists is None:
        return found
    return {**found, "word_lists": [_list_json(words) for words in lists if words.line == line.id]}


async def open_line(line_id: str, principal: Principal, services: Services) -> BusinessLine:
    """The line, where it exists and this caller's key is not bound to another one."""
    principal.check_line(line_id)
    line = await services.lines.get(line_id)
    if line is None:
        raise NotFound(f"There is no business line '{line_id[:64]}'.", param="line")
    return line


@router.get("")
async def list_lines(principal: Caller, services: Use) -> dict[str, Any]:
    lines = await services.lines.all()
    lists = await services.words.lists() if principal.may(Right.MANAGE) else None
    return {"lines": [line_json(line, lists) for line in lines if principal.line in (None, line.id)]}


@router.post("", status_code=201, openapi_extra=described(NewLine))
async def create_line(
    principal: Manager, body: Annotated[NewLine, Depends(json_body(NewLine))], services: Use
) -> dict[str, Any]:
    line = await make_line(services, principal, body)
    return line_json(line, await lists_of(services, line.id))


@router.get("/{line_id}")
async def get_line(line_id: str, principal: Caller, services: Use) -> dict[str, Any]:
    line = await open_line(line_id, principal, services)
    return line_json(line, await lists_of(services, line.id) if principal.may(Right.MANAGE) else None)


@router.patch("/{line_id}", openapi_extra=described(LineChange))
async def patch_line(
    line_id: str,
    principal: Manager,
    body: Annotated[LineChange, Depends(json_body(LineChange))],
    services: Use,
) -> dict[str, Any]:
    try:
        line = await change_line(services, principal, line_id, body)
    except ValidationError as error:
        raise validation_error(error.errors(include_url=False, include_input=False)) from None
    return line_json(line, await lists_of(services, line_id))


def _list_json(words: WordList) -> dict[str, Any]:
    return {
        "id": words.id,
        "name": words.name,
        "category": words.category,
        "action": words.action,
        "enabled": words.enabled,
        "count": words.count,
    }
