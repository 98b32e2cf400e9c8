"""/api/lines/{line}/similar: how alike a question must be to get an approved answer, chosen on the line's own questions.

It does not know how alike is measured.
"""

from typing import Any

from fastapi import APIRouter

from gateway.api.lines import open_line
from gateway.auth import Manager, Use
from pipelines.calibration import calibrate_line

router = APIRouter(prefix="/api/lines", tags=["Business lines"])


@router.post("/{line_id}/similar")
async def calibrate(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Choose the threshold and keep it; turn similar answers on with `PATCH {"frequent": {"semantic": true}}`.

    `false_hits` is the share of questions without an approved answer that would get one, `recall` the share of the
    others that would get theirs. It takes the line's golden questions and FAQ phrasings, 200 at least, and an embedding
    model behind XIAOQ_EMBEDDING_URL.
    """
    line = await open_line(line_id, principal, services)
    found = await calibrate_line(services, line, principal.actor)
    return {
        "threshold": round(found.threshold, 4),
        "false_hits": round(found.false_hits, 5),
        "recall": round(found.recall, 4),
        "unanswerable": found.unanswerable,
        "answerable": found.answerable,
        "embedding": services.embed.model,
    }
