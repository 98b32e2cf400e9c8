"""What is done to operators' accounts and programs' keys, for both doors: who is bound to a line stays on it.

Everything is in the audit before it is done. Knows no password and no digest; the stores do. Rights are checked at the
door.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.access import ROLES, Principal
from core.errors import Forbidden, InvalidRequest, NotFound
from core.ports import NO_TERMS, ApiKey
from core.security import Account, Act
from pipelines import audited
from pipelines.key_terms import changed_terms
from pipelines.services import Services


async def accounts_of(principal: Principal, services: Services) -> Sequence[Account]:
    """The accounts this operator may see."""
    return [each for each in await services.accounts.list() if principal.line in (None, each.line)]


async def create_account(
    principal: Principal, services: Services, *, name: str, role: str, password: str | None, line: str | None
) -> Account:
    """Raises InvalidRequest, Conflict, NotFound and Forbidden."""
    line = line or principal.line
    await _check_line(principal, services, line)
    return await make_account(services, principal.actor, name, role, password, line)


async def change_account(
    principal: Principal,
    services: Services,
    account_id: str,
    *,
    role: str | None = None,
    line: str | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> Account:
    """Change what is named; an empty `line` unbinds. Raises InvalidRequest, NotFound and Forbidden."""
    account = await services.accounts.get(account_id)
    if account is None or principal.line not in (None, account.line):
        raise NotFound("There is no such account.", param="account")
    if line is not None:
        await _check_line(principal, services, line)
    return await alter_account(
        services, principal.actor, account_id, role=role, line=line, password=password, disabled=disabled
    )


async def make_account(
    services: Services, actor: str, name: str, role: str, password: str | None, line: str | None
) -> Account:
    """An account, for whoever may make it anywhere. Raises InvalidRequest and Conflict."""
    detail = {"name": name[:64], "role": role[:20], "line": line or ""}
    await services.audit.note(actor, Act.ACCOUNT_CREATED, detail=detail)
    return await services.accounts.create(name, role, password, line=line)


async def alter_account(
    services: Services,
    actor: str,
    account_id: str,
    *,
    role: str | None = None,
    line: str | None = None,
    password: str | None = None,
    disabled: bool | None = None,
) -> Account:
    """A changed account, for whoever may change any. Raises InvalidRequest and NotFound."""
    said = {"role": role, "line": line, "password": None if password is None else "new"}
    detail: dict[str, str | int] = {name: value[:64] for name, value in said.items() if value is not None}
    if disabled is not None:
        detail["disabled"] = int(disabled)
    await services.audit.note(actor, Act.ACCOUNT_CHANGED, object=account_id, detail=detail)
    return await services.accounts.change(
        account_id, role=role, line=line, password=password, disabled=disabled
    )


async def keys_of(principal: Principal, services: Services) -> Sequence[ApiKey]:
    """The keys this operator may see, revoked ones too."""
    return [each for each in await services.keys.list() if principal.line in (None, each.line)]


async def create_key(
    principal: Principal,
    services: Services,
    *,
    name: str,
    role: str,
    line: str | None,
    terms: Mapping[str, Any] | None = None,
) -> tuple[ApiKey, str]:
    """A key and, this once, its text; `terms` as pipelines.key_terms takes them. Raises InvalidRequest, NotFound and Forbidden."""
    if role not in ROLES:
        raise InvalidRequest(
            f"There is no role {role[:20]!r}; choose one of {', '.join(ROLES)}.", param="role"
        )
    if not name.strip():
        raise InvalidRequest("Say what the key is for.", param="name")
    line = line or principal.line
    await _check_line(principal, services, line)
    given = changed_terms(NO_TERMS, terms or {})
    return await audited.make_key(services, principal.actor, name.strip(), role, line, given)


async def change_key(
    principal: Principal, services: Services, key_id: str, changes: Mapping[str, Any]
) -> ApiKey:
    """A key with other terms. Raises InvalidRequest, and NotFound where there is no such live key."""
    live = (each.id for each in await keys_of(principal, services) if each.revoked_at is None)
    changed = None
    if key_id in live:
        changed = await audited.change_key(services, principal.actor, key_id, changes)
    if changed is None:
        raise NotFound("There is no such live key.", param="key")
    return changed


async def revoke_key(principal: Principal, services: Services, key_id: str) -> None:
    """Raises NotFound where there is no such live key."""
    live = (each.id for each in await keys_of(principal, services) if each.revoked_at is None)
    if key_id not in live or not await audited.revoke_key(services, principal.actor, key_id):
        raise NotFound("There is no such live key.", param="key")


async def _check_line(principal: Principal, services: Services, line: str | None) -> None:
    if principal.line is not None and line != principal.line:
        raise Forbidden(f"Your account belongs to the line '{principal.line}' and stays on it.", param="line")
    if line and await services.lines.get(line) is None:
        raise NotFound(f"There is no business line '{line[:64]}'.", param="line")
