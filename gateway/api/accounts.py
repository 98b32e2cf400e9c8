"""/api/accounts and /api/me: operators' accounts, and who is calling.

It does not know how a password is kept. None is ever shown.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from core.access import Right
from core.security import Account
from gateway.auth import Operator, Use, authenticate
from gateway.body import described, json_body
from gateway.message_schema import Strict
from gateway.schema import Identifier
from gateway.session import COOKIE, Sessions
from pipelines.operators import accounts_of, change_account, create_account

router = APIRouter(prefix="/api", tags=["Operators"])

Password = Annotated[str, Field(min_length=10, max_length=256)]
Role = Literal["agent", "manager", "auditor", "admin"]


class NewAccount(Strict):
    """Without a password the account opens by OpenID sign-in only."""

    name: Annotated[str, Field(min_length=1, max_length=64)]
    role: Role
    password: Password | None = None
    line: Identifier | None = None


class AccountChange(Strict):
    """What is left out stays; an empty `line` unbinds. A new password and a disabling end the account's sessions."""

    role: Role | None = None
    line: Annotated[str, Field(max_length=64)] | None = None
    password: Password | None = None
    disabled: bool | None = None


@router.get("/accounts")
async def list_accounts(principal: Operator, services: Use) -> dict[str, Any]:
    return {"accounts": [account_json(each) for each in await accounts_of(principal, services)]}


@router.post("/accounts", status_code=201, openapi_extra=described(NewAccount))
async def add_account(
    principal: Operator, body: Annotated[NewAccount, Depends(json_body(NewAccount))], services: Use
) -> dict[str, Any]:
    return account_json(await create_account(principal, services, **body.model_dump()))


@router.patch("/accounts/{account_id}", openapi_extra=described(AccountChange))
async def patch_account(
    account_id: Identifier,
    principal: Operator,
    body: Annotated[AccountChange, Depends(json_body(AccountChange))],
    services: Use,
) -> dict[str, Any]:
    return account_json(await change_account(principal, services, account_id, **body.model_dump()))


@router.get("/me")
async def me(request: Request) -> dict[str, Any]:
    """Who is calling, what they may do, and the token that a write with the console's cookie carries."""
    principal = await authenticate(request, cookie=True)
    sessions: Sessions = request.app.state.sessions
    session = await sessions.find(request.cookies.get(COOKIE)) if principal.kind == "console" else None
    return {
        "kind": principal.kind,
        "name": principal.name,
        "role": principal.role,
        "line": principal.line,
        "rights": [right.value for right in Right if principal.may(right)],
        "csrf": session.csrf if session else None,
    }


def account_json(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "line": account.line,
        "openid": account.oidc is not None,
        "disabled": account.disabled_at is not None,
        "created_at": account.created_at.isoformat(),
        "last_sign_in_at": account.last_sign_in_at.isoformat() if account.last_sign_in_at else None,
    }
