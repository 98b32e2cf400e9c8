"""/api/lines/{line}/search: the passages an answer would stand on.

It does not know how passages are found.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from core.messages import Passage, Source
from gateway.api.places import open_place
from gateway.auth import Caller, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict, whole
from gateway.replies import source_json
from pipelines.bases import searched

router = APIRouter(prefix="/api", tags=["Knowledge"])


class Search(Strict):
    question: Annotated[str, Field(min_length=1, max_length=2_000)]
    k: Annotated[int, Field(ge=1, le=50), whole] = 5


@router.post("/lines/{line_id}/search", openapi_extra=described(Search))
async def search(
    line_id: str, principal: Caller, body: Annotated[Search, Depends(json_body(Search))], services: Use
) -> dict[str, Any]:
    """The passages of the line's own and the shared knowledge, best first; scores and their `parts` lie in [0, 1].

    `answerable`: whether the best reaches the `threshold` from which on XiaoQ answers.
    """
    line = await open_place(line_id, principal, services)
    found = await services.retriever.retrieve(searched(line), body.question, body.k)
    return {
        "passages": [found_json(passage) for passage in found.passages],
        "answerable": found.answerable,
        "threshold": found.threshold,
    }


def found_json(passage: Passage) -> dict[str, Any]:
    return source_json(Source.of(passage)) | {
        "passage_id": passage.id,
        "document_id": passage.document_id,
        "base": passage.base,
        "kind": passage.kind,
        "page": passage.page,
        "question": passage.question,
        "parts": {name: round(value, 4) for name, value in passage.parts.items()},
    }
