"""Other people's conversations and keys, with a note of who took them: made before anything leaves.

What cannot be noted does not happen: the note raises StorageUnavailable. Knows no door and no right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from core.errors import NotFound
from core.messages import StoredTurn
from core.ports import NO_TERMS, ApiKey, KeyTerms, TranscriptFilter
from core.security import Act
from pipelines.key_terms import changed_terms, said
from pipelines.services import Services

SHORTEST_REASON, LONGEST_REASON = 5, 500
"""Characters of what somebody gives as the reason to unmask."""


async def open_conversation(
    services: Services, actor: str, conversation_id: str, line: str | None = None
) -> Sequence[StoredTurn]:
    """All turns of a conversation, for an operator who opens it. Raises NotFound; also on another line than named."""
    turns = await services.transcripts.conversation(conversation_id)
    if not turns or line not in (None, turns[0].line):
        raise NotFound("There is no such conversation.", param="conversation_id")
    whose = await services.transcripts.owner(turns[0].id) or ""
    detail = {"turns": len(turns)}
    await services.audit.note(
        actor, Act.TRANSCRIPT_READ, object=conversation_id, subject=whose, detail=detail
    )
    return turns


async def unmask_conversation(
    services: Services, actor: str, conversation_id: str, reason: str, line: str | None = None
) -> Sequence[StoredTurn]:
    """All turns in the customer's own words; the note keeps why. Raises NotFound as `open_conversation` does."""
    turns = await services.transcripts.conversation(conversation_id, plain=True)
    if not turns or line not in (None, turns[0].line):
        raise NotFound("There is no such conversation.", param="conversation_id")
    whose = await services.transcripts.owner(turns[0].id) or ""
    detail = {"turns": len(turns)}
    await services.audit.note(
        actor, Act.UNMASKED, object=conversation_id, subject=whose, reason=reason, detail=detail
    )
    return turns


async def turns_to_export(
    services: Services, actor: str, where: TranscriptFilter, file: str
) -> Sequence[StoredTurn]:
    """The turns of a filter, for a file that leaves; the note keeps the filter and the number of rows."""
    turns = await services.transcripts.turns(where)
    detail: dict[str, str | int] = {"rows": len(turns), **_said(where)}
    await services.audit.note(actor, Act.EXPORTED, object=file, detail=detail)
    return turns


async def make_key(
    services: Services, actor: str, name: str, role: str, line: str | None, terms: KeyTerms = NO_TERMS
) -> tuple[ApiKey, str]:
    """A key and, this once, its text: where it cannot be noted nobody gets to see it."""
    key, text = await services.keys.create(name, role, line, terms)
    detail = {"name": name, "role": role, **({"line": line} if line else {}), **said(terms)}
    await services.audit.note(actor, Act.KEY_CREATED, object=key.id, detail=detail)
    return key, text


async def change_key(
    services: Services, actor: str, key_id: str, changes: Mapping[str, Any]
) -> ApiKey | None:
    """A live key with its terms changed as `changed_terms` says; None where there is none. Raises InvalidRequest."""
    key = await _live(services, key_id)
    if key is None:
        return None
    terms = changed_terms(key.terms, changes)
    await services.audit.note(actor, Act.KEY_CHANGED, object=key_id, detail=said(terms))
    return replace(key, terms=terms) if await services.keys.change(key_id, terms) else None


async def revoke_key(services: Services, actor: str, key_id: str) -> bool:
    """Whether a live key was revoked by this."""
    if await _live(services, key_id) is None:
        return False
    await services.audit.note(actor, Act.KEY_REVOKED, object=key_id)
    return await services.keys.revoke(key_id)


async def _live(services: Services, key_id: str) -> ApiKey | None:
    live = (key for key in await services.keys.list() if key.id == key_id and key.revoked_at is None)
    return next(live, None)


def _said(where: TranscriptFilter) -> dict[str, str]:
    """What a filter asks for."""
    given = {field.name: getattr(where, field.name) for field in fields(where) if field.name != "limit"}
    return {
        name: f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else str(value)
        for name, value in given.items()
        if value is not None
    }
