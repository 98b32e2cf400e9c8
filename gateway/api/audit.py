"""/api/audit: who did what with whose data, and whether anybody changed the record.

It does not know how entries are chained.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from core.security import Anchor, AuditEntry, AuditFilter, Verdict
from gateway.api.transcripts import Moment, utc
from gateway.auth import Auditor, Use
from gateway.body import described, json_body
from gateway.message_schema import EXACT, Strict, whole
from pipelines.audit_check import verify

router = APIRouter(prefix="/api/audit", tags=["Audit"])

Number = Annotated[int, Field(ge=1, le=EXACT), whole]
Name = Annotated[str | None, Query(max_length=300)]


class GivenAnchor(Strict):
    """What `python app.py verify-audit` prints on its last line."""

    number: Number
    digest: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{64}$")]


class Against(Strict):
    anchors: Annotated[list[GivenAnchor], Field(max_length=1_000)] = Field(default_factory=list)


def chosen(
    since: Moment | None = None,
    until: Moment | None = None,
    actor: Name = None,
    act: Name = None,
    subject: Name = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    before: Annotated[int | None, Query(ge=1, le=EXACT)] = None,
) -> AuditFilter:
    """Times without an offset are UTC. For the next page give the smallest number as `before`."""
    return AuditFilter(utc(since), utc(until), actor, act, subject, limit, before)


@router.get("")
async def entries(
    principal: Auditor, where: Annotated[AuditFilter, Depends(chosen)], services: Use
) -> dict[str, Any]:
    """Newest first: `{entries: [{number, at, actor, act, object, subject, reason, detail}]}`."""
    return {"entries": [entry_json(entry) for entry in await services.audit.entries(where)]}


@router.post("/verify", openapi_extra=described(Against, required=False))
async def verify_audit(
    principal: Auditor, body: Annotated[Against, Depends(json_body(Against, empty=Against()))], services: Use
) -> dict[str, Any]:
    """Walk the whole chain, then every stored row: `{whole, checked, place, reason, anchor}`.

    `place` names the first broken link: `audit 17`, `conversation conv-…`; `checked` counts entries and rows. Only anchors, given here or kept in the file of XIAOQ_AUDIT_ANCHOR, show that the end was cut off.
    """
    anchors = [Anchor(one.number, one.digest.lower()) for one in body.anchors]
    return verdict_json(await verify(services, principal.actor, anchors))


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "act": entry.act,
        "object": entry.object,
        "subject": entry.subject,
        "reason": entry.reason,
        "detail": dict(entry.detail),
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    anchor = verdict.anchor
    return {
        "whole": verdict.whole,
        "checked": verdict.checked,
        "place": verdict.place,
        "reason": verdict.reason,
        "anchor": None if anchor is None else {"number": anchor.number, "digest": anchor.digest},
    }
