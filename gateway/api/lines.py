"""/api/lines: the business lines, listed, made and changed.

It does not know documents or prompts.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from core.access import Principal
from core.documents import SHARED_BASE
from core.errors import Conflict, InvalidRequest, NotFound
from core.messages import BusinessLine
from core.security import Act
from gateway.asking import OPENAI_NAME
from gateway.auth import Caller, Manager, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict
from pipelines.redact import without_personal_data
from pipelines.services import Services

router = APIRouter(prefix="/api/lines", tags=["Business lines"])

LineId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")]
Sentence = Annotated[str, Field(min_length=1, max_length=500)]
Persona = Annotated[str, Field(min_length=1, max_length=20_000)]
Names = Annotated[dict[Language, Sentence], Field(min_length=1, max_length=30)]
Localised = Annotated[dict[Language, Sentence], Field(max_length=30)]
Suggestions = Annotated[dict[Language, Annotated[list[Sentence], Field(max_length=10)]], Field(max_length=30)]
Bases = Annotated[list[LineId], Field(max_length=50)]


class NewLine(Strict):
    """`bases` are the knowledge bases searched besides the line's own; left out: the shared one."""

    id: LineId
    names: Names
    bases: Bases | None = None
    persona: Persona | None = None
    greeting: Localised = Field(default_factory=dict)
    suggestions: Suggestions = Field(default_factory=dict)
    contact: Localised = Field(default_factory=dict)


class LineChange(Strict):
    """What is left out stays; `persona: null` brings the default persona back, `bases: null` the shared base.

    Personal data in a persona is not kept, save what the line names as its contact.
    """

    names: Names = Field(default_factory=dict)
    bases: Bases | None = None
    persona: Persona | None = None
    greeting: Localised = Field(default_factory=dict)
    suggestions: Suggestions = Field(default_factory=dict)
    contact: Localised = Field(default_factory=dict)
    archived: bool = Field(default_factory=bool)


def line_json(line: BusinessLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "names": dict(line.names),
        "bases": list(line.bases),
        "persona": line.persona,
        "greeting": dict(line.greeting),
        "suggestions": {language: list(items) for language, items in line.suggestions.items()},
        "contact": dict(line.contact),
        "archived": line.archived,
    }


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
    return {"lines": [line_json(line) for line in lines if principal.line in (None, line.id)]}


@router.post("", status_code=201, openapi_extra=described(NewLine))
async def create_line(
    principal: Manager, body: Annotated[NewLine, Depends(json_body(NewLine))], services: Use
) -> dict[str, Any]:
    principal.check_line(body.id)
    settings = services.settings
    if body.id in (SHARED_BASE, settings.served_model, settings.model) or OPENAI_NAME.fullmatch(body.id):
        raise InvalidRequest(f"The id '{body.id}' is taken by XiaoQ itself; choose another.", param="id")
    if await services.lines.get(body.id) is not None:
        raise Conflict(f"There is a business line '{body.id}' already; change it with PATCH.", param="id")
    fields = body.model_dump(exclude={"bases"})
    line = BusinessLine(**fields, bases=_bases(body.id, body.bases))
    line = without_personal_data(line)
    await services.audit.note(principal.actor, Act.LINE_CHANGED, object=line.id, detail={"action": "made"})
    await services.lines.put(line)
    return line_json(line)


@router.get("/{line_id}")
async def get_line(line_id: str, principal: Caller, services: Use) -> dict[str, Any]:
    return line_json(await open_line(line_id, principal, services))


@router.patch("/{line_id}", openapi_extra=described(LineChange))
async def change_line(
    line_id: str,
    principal: Manager,
    body: Annotated[LineChange, Depends(json_body(LineChange))],
    services: Use,
) -> dict[str, Any]:
    line = await open_line(line_id, principal, services)
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if "bases" in changes:
        changes["bases"] = _bases(line_id, changes["bases"])
    changed = without_personal_data(replace(line, **changes))
    told = {"action": "changed", "fields": ", ".join(sorted(changes))}
    await services.audit.note(principal.actor, Act.LINE_CHANGED, object=line_id, detail=told)
    await services.lines.put(changed)
    return line_json(changed)


def _bases(line_id: str, others: Sequence[str] | None) -> tuple[str, ...]:
    """The line's own base first, then the others once each."""
    return tuple(dict.fromkeys((line_id, *((SHARED_BASE,) if others is None else others))))
