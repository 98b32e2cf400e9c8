"""A customer's rights: all that is kept of them, given out or erased, each noted before it happens.

Knows no right and no door. The audit keeps their pseudonym, which is why it outlives them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.custody import SubjectConversation
from core.documents import Attachment
from core.errors import NotFound
from core.messages import Source, StoredTurn
from core.security import Act, AuditEntry, AuditFilter
from core.vault import restored
from core.words import WordHit
from pipelines.services import Services

_PAGE = 1000


async def kept_of(services: Services, customer: str) -> tuple[Sequence[str], Mapping[str, int]]:
    """Their pseudonyms, and how many rows of which table are kept of them. Raises NotFound where nothing is.

    Says nothing of what they wrote, and is not noted.
    """
    owners = await services.subjects.owners(customer)
    if not owners:
        raise nothing_kept()
    return owners, await services.subjects.counts(customer)


async def export_customer(services: Services, actor: str, customer: str, reason: str = "") -> dict[str, Any]:
    """Everything of one customer and nothing of anybody else, ready for JSON. Raises NotFound."""
    data = await services.subjects.export(customer)
    for owner in data.owners:
        detail = {"conversations": sum(one.owner == owner for one in data.conversations)}
        await services.audit.note(actor, Act.CUSTOMER_EXPORTED, subject=owner, reason=reason, detail=detail)
    hits = await _hits(services, data.conversations)
    return {
        "customer": customer,
        "pseudonyms": list(data.owners),
        "exported_at": datetime.now(UTC).isoformat(),
        "conversations": [_conversation(one, hits) for one in data.conversations],
        "audit": [_entry(entry) for entry in await _entries(services, data.owners, data.conversations)],
    }


async def erase_customer(
    services: Services, actor: str, customer: str, reason: str = ""
) -> Mapping[str, int]:
    """Erase all of one customer; gives how many rows of which table are gone. Raises NotFound where nothing is kept.

    Two notes: that it begins, with the reason, and what is gone; one alone tells of an erasure that broke off.
    """
    owners = await services.subjects.owners(customer)
    if not owners:
        raise nothing_kept()
    for owner in owners:
        await services.audit.note(
            actor, Act.CUSTOMER_ERASED, subject=owner, reason=reason, detail={"state": "begun"}
        )
    gone = await services.subjects.erase(customer)
    for owner in owners:
        await services.audit.note(actor, Act.CUSTOMER_ERASED, subject=owner, detail={"state": "done", **gone})
    return gone


def nothing_kept() -> NotFound:
    return NotFound(
        "Nothing is kept of this customer. Name them as your programs do (OpenAI's `user`), or by the "
        "pseudonym that transcripts show."
    )


async def _hits(
    services: Services, conversations: Sequence[SubjectConversation]
) -> Mapping[str, Sequence[WordHit]]:
    """What word lists hit in these turns, by turn."""
    of_turns: dict[str, list[WordHit]] = {turn.id: [] for one in conversations for turn in one.turns}
    since = min((one.started_at for one in conversations), default=None)
    for hit in await services.words.hits(since):
        if hit.turn_id in of_turns:
            of_turns[hit.turn_id].append(hit)
    return of_turns


async def _entries(
    services: Services, owners: Sequence[str], conversations: Sequence[SubjectConversation]
) -> Sequence[AuditEntry]:
    """What the audit says of them, newest first. An owner that several customers share says nothing of this one."""
    theirs = {one.id for one in conversations}
    found: list[AuditEntry] = []
    for owner in owners:
        before: int | None = None
        while page := await services.audit.entries(AuditFilter(subject=owner, limit=_PAGE, before=before)):
            found += [entry for entry in page if "~" in owner or entry.object in theirs]
            before = page[-1].number
    return sorted(found, key=lambda entry: entry.number, reverse=True)


def _conversation(one: SubjectConversation, hits: Mapping[str, Sequence[WordHit]]) -> dict[str, Any]:
    return {
        "id": one.id,
        "owner": one.owner,
        "customer": one.customer,
        "line": one.line,
        "channel": one.channel,
        "started_at": one.started_at.isoformat(),
        "updated_at": one.updated_at.isoformat(),
        "turns": [_turn(turn, hits.get(turn.id, ())) for turn in one.turns],
        "files": [_file(file, one) for file in one.attachments],
        "personal_data": [
            {
                "placeholder": each.placeholder,
                "kind": each.kind,
                "as_written": each.original,
                "value": each.value,
            }
            for each in one.vault
        ],
    }


def _turn(turn: StoredTurn, hits: Sequence[WordHit]) -> dict[str, Any]:
    record = turn.record
    return {
        "id": turn.id,
        "asked_at": turn.asked_at.isoformat(),
        "question": turn.question,
        "answer": record.answer,
        "mode": record.mode.value if record.mode else None,
        "status": record.status.value,
        "language": record.language,
        "engine": record.engine,
        "sources": [_source(source) for source in record.sources],
        "handoff": record.handoff.reason if record.handoff else None,
        "timings": dict(record.timings),
        "feedback": None
        if turn.feedback_score is None
        else {"score": turn.feedback_score, "comment": turn.feedback_comment or ""},
        "word_hits": [
            {
                "at": hit.at.isoformat(),
                "direction": hit.direction,
                "category": hit.category,
                "action": hit.action,
            }
            for hit in hits
        ],
        "request_id": turn.request_id,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "document": source.document,
        "title": source.title,
        "location": source.location,
        "text": source.text,
    }


def _file(file: Attachment, conversation: SubjectConversation) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": restored(file.name, conversation.vault),
        "size": file.size,
        "added_at": file.added_at.isoformat(),
        "notes": list(file.notes),
        "text": [
            {"title": one.title, "location": one.location, "text": one.text}
            for one in conversation.attachment_texts
            if one.document_id == file.id
        ],
    }


def _entry(entry: AuditEntry) -> dict[str, Any]:
    """Through which door, not who: which of the staff it was is the staff's own personal data."""
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "by": entry.actor.partition(":")[0],
        "act": entry.act,
        "object": entry.object,
        "reason": entry.reason,
    }
