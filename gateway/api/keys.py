"""/api/keys: the keys of programs, made, listed, limited and revoked. A key's text is shown once, when it is made.

It does not know how a key is remembered.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BeforeValidator, Field

from core.access import SCOPES, Scope
from core.limits import LARGEST_LIMIT
from core.ports import ApiKey
from gateway.auth import Operator, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict, whole
from gateway.schema import Identifier, written_time
from pipelines.operators import change_key, create_key, keys_of, revoke_key

Role = Literal["caller", "agent", "manager", "auditor", "admin"]

router = APIRouter(prefix="/api/keys", tags=["Operators"])


Limit = Annotated[int, Field(ge=1, le=LARGEST_LIMIT), whole]


class KeyLimits(Strict):
    """Of each call's key. Null is no limit; where a key is changed, what is left out stays."""

    requests_per_minute: Limit | None = None
    requests_per_day: Limit | None = None
    tokens_per_minute: Limit | None = None
    tokens_per_day: Limit | None = None
    streams: Limit | None = None
    token_budget: Limit | None = None


class KeyTerms(Strict):
    """From when on the key is refused, what alone it may be used for (nothing named: all), and how much."""

    expires_at: Annotated[datetime, BeforeValidator(written_time)] | None = None
    scopes: Annotated[list[Scope], Field(max_length=len(SCOPES))] | None = None
    limits: KeyLimits | None = None

    def changes(self) -> dict[str, Any]:
        """What was sent, as pipelines.key_terms takes it."""
        sent = self.model_dump(include={"expires_at", "scopes"}, exclude_unset=True)
        return sent | (self.limits.model_dump(exclude_unset=True) if self.limits else {})


class NewKey(KeyTerms):
    """`name` says what the key is for; `line` binds it to one business line."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: Role
    line: Identifier | None = None


@router.get("")
async def list_keys(principal: Operator, services: Use) -> dict[str, Any]:
    """Oldest first, revoked ones too; never their text."""
    return {"keys": [key_json(each) for each in await keys_of(principal, services)]}


@router.post("", status_code=201, openapi_extra=described(NewKey))
async def add_key(
    principal: Operator, body: Annotated[NewKey, Depends(json_body(NewKey))], services: Use
) -> dict[str, Any]:
    """The key with, this once, its text in `key`."""
    made, text = await create_key(
        principal, services, name=body.name, role=body.role, line=body.line, terms=body.changes()
    )
    return {**key_json(made), "key": text}


@router.patch("/{key_id}", openapi_extra=described(KeyTerms))
async def patch_key(
    key_id: Identifier,
    principal: Operator,
    body: Annotated[KeyTerms, Depends(json_body(KeyTerms))],
    services: Use,
) -> dict[str, Any]:
    """Change when a key expires, what it may be used for, and its limits; what is left out stays."""
    return key_json(await change_key(principal, services, key_id, body.changes()))


@router.delete("/{key_id}", status_code=204)
async def remove_key(key_id: Identifier, principal: Operator, services: Use) -> None:
    """Revoke a key; it is refused from now on."""
    await revoke_key(principal, services, key_id)


def key_json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "line": key.line,
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
        "expires_at": key.terms.expires_at.isoformat() if key.terms.expires_at else None,
        "scopes": list(key.terms.scopes),
        "limits": asdict(key.terms.limits),
        "tokens_used": key.tokens_used,
    }
