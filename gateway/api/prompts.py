"""/api/lines/{line}/prompts: versions of a line's prompt, drafted, compared, published, rolled back.

It does not know how a prompt is filled, nor what stands between a version and its publication.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field, StringConstraints

from core.errors import Unfit
from core.line_fields import Generation
from core.prompts import LARGEST_VERSION, Parameters, PromptVersion
from gateway.api.lines import open_line
from gateway.auth import Manager, Use
from gateway.body import described, json_body
from gateway.message_schema import LONGEST_TEXT, Strict, whole
from pipelines.placeholders import PLACEHOLDERS
from pipelines.profile import starter_texts
from pipelines.prompts import (
    LONGEST_NOTE,
    change_draft,
    in_its_language,
    make_draft,
    put_forward,
    retire,
    version_of,
)
from pipelines.publish import publish, roll_back
from pipelines.wording import changes_by_language

router = APIRouter(prefix="/api/lines/{line_id}/prompts", tags=["Prompts"])

STARTER = 0
"""In a comparison: XiaoQ's own words."""
Number = Annotated[int, Path(ge=1, le=LARGEST_VERSION)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")]
Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
Note = Annotated[str, Field(max_length=LONGEST_NOTE)]


class Written(Strict):
    """`texts` is one text, which serves every language, or one for each; `template` is another name for one text.

    Personal data is not kept, save what the line names as its contact.
    """

    texts: Text | Annotated[dict[Language, Text], Field(max_length=30)] | None = None
    template: Text | None = None
    parameters: Generation | None = None
    note: Note | None = None

    def given(self) -> Mapping[str, str] | None:
        """The texts by language. Raises Unfit where both names are used."""
        if self.texts is not None and self.template is not None:
            raise Unfit("Send 'texts' or 'template', not both.", param="template")
        texts = self.template if self.texts is None else self.texts
        return in_its_language(texts) if isinstance(texts, str) else texts

    def chosen(self) -> Parameters | None:
        return None if self.parameters is None else Parameters(**self.parameters.model_dump())


class NewPrompt(Written):
    """What is left out is the parent's, and without a parent XiaoQ's own words."""

    parent: Annotated[int, Field(ge=1, le=LARGEST_VERSION), whole] | None = None


class Why(Strict):
    reason: Note = ""


@router.get("")
async def list_prompts(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Every version, newest first, with the live one's number and the placeholders there are."""
    line = await open_line(line_id, principal, services)
    live = await services.prompts.live(line.id)
    return {
        "live": live,
        "starter": dict(starter_texts(line)),
        "placeholders": [*PLACEHOLDERS],
        "prompts": [version_json(version, live) for version in await services.prompts.list(line.id)],
    }


@router.post("", status_code=201, openapi_extra=described(NewPrompt))
async def draft_prompt(
    line_id: str,
    principal: Manager,
    body: Annotated[NewPrompt, Depends(json_body(NewPrompt))],
    services: Use,
) -> dict[str, Any]:
    """A new draft. A text that cannot be filled is refused with every problem and its place in `details`."""
    line = await open_line(line_id, principal, services)
    made = await make_draft(
        services,
        line,
        principal.actor,
        texts=body.given(),
        parameters=body.chosen(),
        note=body.note or "",
        parent=body.parent,
    )
    return version_json(made, None)


@router.post("/rollback", openapi_extra=described(Why, required=False))
async def roll_back_prompt(
    line_id: str,
    principal: Manager,
    body: Annotated[Why, Depends(json_body(Why, empty=Why()))],
    services: Use,
) -> dict[str, Any]:
    """Make live what was so before, at once; conversations that are going stay on theirs."""
    line = await open_line(line_id, principal, services)
    before = await services.prompts.live(line.id)
    live = await roll_back(services, line, principal.actor, over=before, reason=body.reason)
    return {"live": live, "rolled_back": before}


@router.get("/{version:int}")
async def get_prompt(line_id: str, version: Number, principal: Manager, services: Use) -> dict[str, Any]:
    line = await open_line(line_id, principal, services)
    found = await version_of(services, line, version)
    return version_json(found, await services.prompts.live(line.id))


@router.patch("/{version:int}", openapi_extra=described(Written))
async def change_prompt(
    line_id: str,
    version: Number,
    principal: Manager,
    body: Annotated[Written, Depends(json_body(Written))],
    services: Use,
) -> dict[str, Any]:
    """Change a draft; what is left out stays. What was put forward or published is changed no more."""
    line = await open_line(line_id, principal, services)
    changed = await change_draft(
        services,
        line,
        version,
        principal.actor,
        texts=body.given(),
        parameters=body.chosen(),
        note=body.note,
    )
    return version_json(changed, None)


@router.post("/{version:int}/candidate")
async def put_prompt_forward(
    line_id: str, version: Number, principal: Manager, services: Use
) -> dict[str, Any]:
    line = await open_line(line_id, principal, services)
    return version_json(await put_forward(services, line, version, principal.actor), None)


@router.post("/{version:int}/retire")
async def retire_prompt(line_id: str, version: Number, principal: Manager, services: Use) -> dict[str, Any]:
    """Put a draft or a candidate out of the way."""
    line = await open_line(line_id, principal, services)
    return version_json(await retire(services, line, version, principal.actor), None)


@router.post("/{version:int}/publish", openapi_extra=described(Why, required=False))
async def publish_prompt(
    line_id: str,
    version: Number,
    principal: Manager,
    body: Annotated[Why, Depends(json_body(Why, empty=Why()))],
    services: Use,
    response: Response,
) -> dict[str, Any]:
    """Make it live for conversations that begin from now on; 202 where its golden questions are asked first."""
    line = await open_line(line_id, principal, services)
    done = await publish(services, line, version, principal.actor, reason=body.reason)
    response.status_code = 202 if done.status == "checking" else 200
    live = await services.prompts.live(line.id)
    return {
        "status": done.status,
        "evaluation": done.evaluation,
        "version": version_json(done.version, live),
    }


@router.get("/{version:int}/diff")
async def diff_prompt(
    line_id: str,
    version: Number,
    principal: Manager,
    services: Use,
    against: Annotated[int | None, Query(ge=0, le=LARGEST_VERSION)] = None,
) -> dict[str, Any]:
    """What this version changes against another, word by word; 0 is XiaoQ's own words, left out the live version."""
    line = await open_line(line_id, principal, services)
    found = await version_of(services, line, version)
    other = (await services.prompts.live(line.id)) or STARTER if against is None else against
    old = starter_texts(line) if other == STARTER else (await version_of(services, line, other)).texts
    changed = await asyncio.to_thread(changes_by_language, old, found.texts)
    return {
        "version": version,
        "against": other,
        "segments": [
            {"language": language, "op": segment.op, "text": segment.text}
            for language, segments in changed.items()
            for segment in segments
        ],
    }


def version_json(version: PromptVersion, live: int | None) -> dict[str, Any]:
    return {
        "line": version.line,
        "version": version.version,
        "status": version.status,
        "live": version.version == live,
        "texts": dict(version.texts),
        "parameters": asdict(version.parameters),
        "note": version.note,
        "author": version.author,
        "parent": version.parent,
        "follows": version.follows,
        "created_at": version.created_at.isoformat(),
        "updated_at": version.updated_at.isoformat(),
        "published_at": version.published_at.isoformat() if version.published_at else None,
    }
