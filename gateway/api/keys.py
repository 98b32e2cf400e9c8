"""/api/keys: the keys of programs, made, listed and revoked. A key's text is shown once, when it is made.

It does not know how a key is remembered.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from core.ports import ApiKey
from gateway.auth import Operator, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict
from gateway.schema import Identifier
from pipelines.operators import create_key, keys_of, revoke_key

Role = Literal["caller", "agent", "manager", "auditor", "admin"]

router = APIRouter(prefix="/api/keys", tags=["Operators"])


class NewKey(Strict):
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
    made, text = await create_key(principal, services, **body.model_dump())
    return {**key_json(made), "key": text}


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
    }
