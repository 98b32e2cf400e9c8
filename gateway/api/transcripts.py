"""/api/conversations and /api/export: what was asked and answered, for those who may read it.

It does not know how the rows are kept; a key bound to a line sees that line only.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator, StringConstraints
from starlette.responses import StreamingResponse

from core.access import Principal
from core.messages import ConversationSummary, StoredTurn
from core.ports import TranscriptFilter
from gateway.auth import Reader, Unmasker, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict
from gateway.replies import source_json, usage_json
from gateway.schema import written_time
from pipelines.audited import (
    LONGEST_REASON,
    SHORTEST_REASON,
    open_conversation,
    turns_to_export,
    unmask_conversation,
)
from pipelines.export import transcripts_csv

router = APIRouter(prefix="/api", tags=["Transcripts"])

Moment = Annotated[datetime, BeforeValidator(written_time)]
Word = Annotated[str | None, Query(max_length=64)]


def chosen(
    since: Moment | None = None,
    until: Moment | None = None,
    line: Word = None,
    channel: Word = None,
    mode: Word = None,
    language: Word = None,
    text: Annotated[str | None, Query(max_length=200)] = None,
) -> TranscriptFilter:
    """The filters of the Analytics tab. Times without an offset are UTC."""
    return TranscriptFilter(
        since=utc(since),
        until=utc(until),
        line=line,
        channel=channel,
        mode=mode,
        language=language,
        text=text,
    )


class Unmasking(Strict):
    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=SHORTEST_REASON, max_length=LONGEST_REASON)
    ]


Where = Annotated[TranscriptFilter, Depends(chosen)]


@router.get("/conversations")
async def conversations(
    principal: Reader, where: Where, services: Use, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> dict[str, Any]:
    found = await services.transcripts.conversations(_allowed(where, principal), limit)
    return {"conversations": [_summary_json(summary) for summary in found]}


@router.get("/conversations/{conversation_id}")
async def conversation(conversation_id: str, principal: Reader, services: Use) -> dict[str, Any]:
    turns = await open_conversation(services, principal.actor, conversation_id, principal.line)
    return {"id": conversation_id, "turns": [_turn_json(turn) for turn in turns]}


@router.post("/conversations/{conversation_id}/unmask", openapi_extra=described(Unmasking))
async def unmask(
    conversation_id: str,
    principal: Unmasker,
    body: Annotated[Unmasking, Depends(json_body(Unmasking))],
    services: Use,
) -> dict[str, Any]:
    """The conversation in the customer's own words: `{id, turns}`. The audit keeps who asked for it and why."""
    turns = await unmask_conversation(services, principal.actor, conversation_id, body.reason, principal.line)
    return {"id": conversation_id, "turns": [_turn_json(turn) for turn in turns]}


@router.get("/export/transcripts.csv", response_class=StreamingResponse)
async def export_csv(principal: Reader, where: Where, services: Use) -> StreamingResponse:
    """One row a turn, newest first, UTF-8 with a byte-order mark so that spreadsheets read Chinese."""
    turns = await turns_to_export(services, principal.actor, _allowed(where, principal), "transcripts.csv")
    name = f"xiaoq-transcripts-{datetime.now(UTC):%Y%m%d-%H%M}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(transcripts_csv(turns), media_type="text/csv; charset=utf-8", headers=headers)


def _allowed(where: TranscriptFilter, principal: Principal) -> TranscriptFilter:
    if principal.line is None:
        return where
    if where.line is not None:
        principal.check_line(where.line)
    return replace(where, line=principal.line)


def utc(time: datetime | None) -> datetime | None:
    if time is None:
        return None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _summary_json(summary: ConversationSummary) -> dict[str, Any]:
    return {
        "id": summary.id,
        "line": summary.line,
        "channel": summary.channel,
        "title": summary.title,
        "language": summary.language,
        "turns": summary.turns,
        "handoff": summary.handoff,
        "started_at": summary.started_at.isoformat(),
        "updated_at": summary.updated_at.isoformat(),
    }


def _turn_json(turn: StoredTurn) -> dict[str, Any]:
    record = turn.record
    return {
        "id": turn.id,
        "asked_at": turn.asked_at.isoformat(),
        "line": turn.line,
        "channel": turn.channel,
        "request_id": turn.request_id,
        "question": turn.question,
        "answer": record.answer,
        "mode": record.mode.value if record.mode else None,
        "status": record.status.value,
        "language": record.language,
        "engine": record.engine,
        "sources": [source_json(source) for source in record.sources],
        "handoff": None if record.handoff is None else {"reason": record.handoff.reason},
        "timings": dict(record.timings),
        "usage": None if record.usage is None else usage_json(record.usage),
        "finish_reason": record.finish_reason,
        "error": record.error,
        "feedback": {"score": turn.feedback_score, "comment": turn.feedback_comment},
    }
