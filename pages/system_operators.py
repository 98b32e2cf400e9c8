"""The System tab's operators: accounts made, changed, disabled and enabled."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from core.access import OPERATORS, Right
from core.errors import Conflict, InvalidRequest
from core.security import Account
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, told
from pages.lists import empty, local_time, text
from pages.system_keys import line_choices
from pages.system_section import Section, Way, labelled, options
from pipelines.operators import accounts_of, change_account, create_account


def _password(more: str) -> str:
    return f'<input type="password" name="password" minlength="10" maxlength="256" autocomplete="new-password" {more}>'


def operators_section() -> Section:
    ways = (Way("POST", "create", _create), Way("POST", "change", _change), Way("POST", "able", _able))
    return Section("operators", Right.OPERATE, _show, ways)


async def _show(call: Call) -> str:
    say = words(call.language)
    lines = await line_choices(call)
    form = (
        '<form class="xq-sys-form" data-post="operators/create">'
        + labelled(
            say["account_name"],
            '<input type="text" name="name" required maxlength="64" autocomplete="off" autocapitalize="none">',
        )
        + labelled(say["password"], _password("required"))
        + _role_and_line("agent", "", lines, say)
        + f'<button type="submit" class="xq-button xq-primary">{text(say["account_create"])}</button></form>'
        f'<p class="xq-meta">{text(say["password_hint"])}</p>'
    )
    accounts = await accounts_of(call.principal, call.services)
    if not accounts:
        return form + empty(say["accounts_empty"])
    return f'{form}<ul class="xq-sys-list">{"".join(_item(each, lines, call) for each in accounts)}</ul>'


def _item(account: Account, lines: dict[str, str], call: Call) -> str:
    """One operator; what can be changed folds away beneath."""
    say = words(call.language)
    last = account.last_sign_in_at
    facts = [
        say[f"role_{account.role}"],
        lines.get(account.line or "", account.line or ""),
        say["last_sign_in"].format(time=local_time(last, call.zone)) if last else say["never_signed_in"],
        say["openid_only"] if account.oidc else "",
    ]
    tag = f' <span class="xq-tag">{text(say["disabled"])}</span>' if account.disabled_at else ""
    return (
        f"<li><details><summary><strong>{text(account.name)}</strong>{tag}"
        f'<span class="xq-meta">{text(" · ".join(fact for fact in facts if fact))}</span></summary>'
        f'<form class="xq-sys-form" data-post="operators/change">'
        f'<input type="hidden" name="id" value="{text(account.id)}">'
        + _role_and_line(account.role, account.line or "", lines, say)
        + labelled(say["password_new"], _password(f'placeholder="{text(say["password_stays"])}"'))
        + f'<button type="submit" class="xq-button">{text(say["save"])}</button>{_able_button(account, say)}'
        "</form></details></li>"
    )


def _able_button(account: Account, say: Mapping[str, str]) -> str:
    if account.disabled_at:
        return (
            f'<button type="button" class="xq-quiet" data-post="operators/able" data-id="{text(account.id)}" '
            f'data-enable="yes">{text(say["account_enable"])}</button>'
        )
    return (
        f'<button type="button" class="xq-quiet" data-post="operators/able" data-id="{text(account.id)}" '
        f'data-ask="{text(say["account_disable_ask"].format(name=account.name))}" '
        f'data-yes="{text(say["account_disable"])}">{text(say["account_disable"])}</button>'
    )


def _role_and_line(role: str, line: str, lines: dict[str, str], say: Mapping[str, str]) -> str:
    roles = {each: say[f"role_{each}"] for each in OPERATORS}
    return labelled(say["role"], f'<select name="role">{options(roles, role)}</select>') + labelled(
        say["line"], f'<select name="line">{options(lines, line)}</select>'
    )


async def _create(call: Call) -> Response:
    sent = await call.posted()
    account = await _said(
        call, create_account(
            call.principal, call.services, name=_text(sent, "name"), role=_text(sent, "role"),
            password=_text(sent, "password"), line=_text(sent, "line") or None,
        )
    )  # fmt: skip
    return told(
        {"message": words(call.language)["account_created"].format(name=account.name), "reload": True}
    )


async def _change(call: Call) -> Response:
    sent = await call.posted()
    password = _text(sent, "password") or None
    account = await _said(
        call, change_account(
            call.principal, call.services, _text(sent, "id"), role=_text(sent, "role"),
            line=_text(sent, "line"), password=password,
        )
    )  # fmt: skip
    key = "account_password_set" if password else "account_changed"
    return told({"message": words(call.language)[key].format(name=account.name), "reload": True})


async def _able(call: Call) -> Response:
    sent = await call.posted()
    disabled = _text(sent, "enable") != "yes"
    account = await _said(
        call, change_account(call.principal, call.services, _text(sent, "id"), disabled=disabled)
    )
    key = "account_disabled" if disabled else "account_enabled"
    return told({"message": words(call.language)[key].format(name=account.name), "reload": True})


async def _said(call: Call, work: Any) -> Account:
    """What the work gives; why it was refused in the reader's words."""
    say = words(call.language)
    try:
        account: Account = await work
    except Conflict:
        raise Spoken(say["account_taken"], param="name") from None
    except InvalidRequest as error:
        raise Spoken(
            say.get(f"account_bad_{error.param}", say["error_invalid_request"]), param=error.param
        ) from None
    return account


def _text(sent: Mapping[str, Any], name: str) -> str:
    return str(sent.get(name, ""))[:1000]
