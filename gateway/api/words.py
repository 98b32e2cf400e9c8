"""/api/words: lists of sensitive words, filled, switched, tried out; and what they hit.

It does not know how words are found, nor whose lists a key may change.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ConfigDict, Field, StringConstraints
from starlette.responses import Response

from core.errors import InvalidRequest
from core.words import Action, WordHit, WordList
from gateway.api.lines import open_line
from gateway.api.transcripts import Moment, utc
from gateway.auth import Manager, Reader, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict, never_null
from gateway.uploads import UPLOAD_ONE, one_file, uploaded
from pipelines.words.managed import change_list, create_list, delete_list, list_of, lists_of, upload_list
from pipelines.words.rows import LARGEST_FILE, LONGEST_WORD, MOST_WORDS, Remark, Reviewed, as_text
from pipelines.words.verdict import Hit

router = APIRouter(prefix="/api/words", tags=["Sensitive words"])

Named = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"\S")]
LineId = Annotated[str, Field(min_length=1, max_length=64)]
WordsGiven = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)]], Field(max_length=MOST_WORDS)
]


class NewList(Strict):
    """`line` left out: shared by all lines. `words` may be left out, to be uploaded as a file."""

    name: Named
    category: Named
    action: Action
    line: LineId | None = None
    words: WordsGiven = Field(default_factory=list)
    replacement: Named = "***"
    homophones: bool = False
    enabled: bool = True


class ListChange(Strict):
    """What is left out stays; `words` replaces all of them."""

    model_config = ConfigDict(json_schema_extra=never_null)

    name: Named | None = None
    category: Named | None = None
    action: Action | None = None
    words: Annotated[WordsGiven, Field(min_length=1)] | None = None
    replacement: Named | None = None
    homophones: bool | None = None
    enabled: bool | None = None


class Trial(Strict):
    text: Annotated[str, Field(max_length=20_000)]
    line: LineId


@router.get("")
async def list_lists(principal: Manager, services: Use) -> dict[str, Any]:
    """Every list that holds for the caller's lines, without its words: `{lists: [{id, name, count, …}]}`."""
    return {"lists": [list_json(words) for words in await lists_of(principal, services)]}


@router.post("", status_code=201, openapi_extra=described(NewList))
async def create(
    principal: Manager, body: Annotated[NewList, Depends(json_body(NewList, LARGEST_FILE))], services: Use
) -> dict[str, Any]:
    """A new list; `left_out` names rows of `words` that cannot be looked for."""
    made, reviewed = await create_list(principal, services, WordList(id="", **body.model_dump()))
    return list_json(made) | review_json(reviewed)


@router.post("/try", openapi_extra=described(Trial))
async def try_text(
    principal: Manager, body: Annotated[Trial, Depends(json_body(Trial))], services: Use
) -> dict[str, Any]:
    """What would happen to a text on a line, nothing stored: `{action, text, hits: [{start, end, …}]}`."""
    await open_line(body.line, principal, services)
    screened = await services.words.try_out(body.text, body.line)
    return {
        "action": screened.action,
        "text": screened.text,
        "hits": [hit_json(hit) for hit in screened.hits],
    }


@router.get("/hits")
async def list_hits(
    principal: Reader,
    services: Use,
    since: Moment | None = None,
    until: Moment | None = None,
    line: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> dict[str, Any]:
    """What was hit, newest first, without the words and the texts. Times without an offset are UTC."""
    if line is not None:
        principal.check_line(line)
    hits = await services.words.hits(utc(since), utc(until), line or principal.line)
    return {"hits": [_kept_json(hit) for hit in hits[:limit]]}


@router.get("/{list_id}")
async def get_list(list_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    return list_json(await list_of(principal, services, list_id))


@router.patch("/{list_id}", openapi_extra=described(ListChange))
async def change(
    list_id: str,
    principal: Manager,
    body: Annotated[ListChange, Depends(json_body(ListChange, LARGEST_FILE))],
    services: Use,
) -> dict[str, Any]:
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    for name, value in changes.items():
        if value is None:
            raise InvalidRequest(f"'{name}' cannot be null; leave it out to keep it.", param=name)
    changed, reviewed = await change_list(principal, services, list_id, changes)
    return list_json(changed) | review_json(reviewed)


@router.delete("/{list_id}", status_code=204)
async def delete(list_id: str, principal: Manager, services: Use) -> None:
    await delete_list(principal, services, list_id)


@router.post("/{list_id}/upload", openapi_extra=UPLOAD_ONE)
async def upload(list_id: str, principal: Manager, request: Request, services: Use) -> dict[str, Any]:
    """Fill the list anew from a txt or csv file; it stays as it was where the file cannot be used.

    Words of another category or action in a csv make lists of their own: `{lists, duplicates, unusable, left_out}`.
    """
    async with uploaded(request) as form:
        file = await one_file(form)
        done = await upload_list(principal, services, list_id, file.name, await file.content())
    return {
        "lists": [list_json(words) for words in done.lists],
        "duplicates": done.duplicates,
        "unusable": done.unusable,
        "left_out": [_remark_json(remark) for remark in done.left_out],
    }


@router.get("/{list_id}/words.txt", response_class=Response)
async def download(list_id: str, principal: Manager, services: Use) -> Response:
    """The list as a file that can be uploaded again."""
    words = await list_of(principal, services, list_id)
    headers = {"Content-Disposition": 'attachment; filename="words.txt"', "Cache-Control": "no-store"}
    return Response(as_text(words.words), media_type="text/plain; charset=utf-8", headers=headers)


def list_json(words: WordList) -> dict[str, Any]:
    return {
        "id": words.id,
        "name": words.name,
        "category": words.category,
        "action": words.action,
        "line": words.line,
        "replacement": words.replacement,
        "homophones": words.homophones,
        "enabled": words.enabled,
        "count": words.count,
        "updated_at": words.updated_at.isoformat() if words.updated_at else None,
    }


def hit_json(hit: Hit) -> dict[str, Any]:
    return {
        "start": hit.start,
        "end": hit.end,
        "list": {"id": hit.list_id, "name": hit.list_name},
        "category": hit.category,
        "action": hit.action,
    }


def review_json(reviewed: Reviewed | None) -> dict[str, Any]:
    left_out: Sequence[Remark] = reviewed.left_out if reviewed else ()
    return {
        "duplicates": reviewed.duplicates if reviewed else 0,
        "unusable": reviewed.unusable if reviewed else 0,
        "left_out": [_remark_json(remark) for remark in left_out],
    }


def _remark_json(remark: Remark) -> dict[str, Any]:
    return {"row": remark.row, "reason": remark.reason}


def _kept_json(hit: WordHit) -> dict[str, Any]:
    return {
        "at": hit.at.isoformat(),
        "line": hit.line,
        "turn_id": hit.turn_id,
        "direction": hit.direction,
        "list": {"id": hit.list_id, "name": hit.list_name},
        "category": hit.category,
        "action": hit.action,
        "hits": hit.hits,
    }
