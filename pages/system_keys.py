"""The System tab's keys of programs: made, shown once, limited, revoked. It does not know how limits are counted."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from core.access import ROLES, Right
from core.errors import InvalidRequest, NotFound
from core.messages import in_language
from core.ports import ApiKey
from pages.console_words import words
from pages.key_terms import expiry_of, number, term_fields, terms_of
from pages.knowledge_calls import Call, Spoken, told
from pages.lists import empty, local_time, text
from pages.system_section import Section, Way, labelled, options
from pipelines.operators import change_key, create_key, keys_of, revoke_key

LONGEST_NAME = 100


def keys_section() -> Section:
    ways = (Way("POST", "create", _create), Way("POST", "change", _change), Way("POST", "revoke", _revoke))
    return Section("keys", Right.OPERATE, _show, ways)


async def _show(call: Call) -> str:
    say = words(call.language)
    lines = await line_choices(call)
    roles = {role: say[f"role_{role}"] for role in ROLES}
    form = (
        '<form class="xq-sys-form" data-post="keys/create">'
        + labelled(
            say["key_name"],
            f'<input type="text" name="name" required maxlength="{LONGEST_NAME}" autocomplete="off">',
        )
        + labelled(say["role"], f'<select name="role">{options(roles, "caller")}</select>')
        + labelled(say["line"], f'<select name="line">{options(lines)}</select>')
        + f'<button type="submit" class="xq-button xq-primary">{text(say["key_create"])}</button>'
        + f'<details class="xq-sys-more"><summary>{text(say["key_terms"])}</summary>{term_fields(None, call)}</details>'
        + "</form>"
    )
    keys = await keys_of(call.principal, call.services)
    return form + _list([*reversed(keys)], lines, call)


def _list(keys: Sequence[ApiKey], lines: dict[str, str], call: Call) -> str:
    if not keys:
        return empty(words(call.language)["keys_empty"])
    return f'<ul class="xq-sys-list">{"".join(_item(key, lines, call) for key in keys)}</ul>'


def _item(key: ApiKey, lines: dict[str, str], call: Call) -> str:
    """One key; what can be changed folds away beneath. Of a revoked one nothing can."""
    say = words(call.language)
    head = f"<strong>{text(key.name)}</strong>{_tag(key, say)}" + (
        f'<span class="xq-meta">{text(" · ".join(fact for fact in _facts(key, lines, call) if fact))}</span>'
    )
    if key.revoked_at:
        return f'<li class="xq-sys-over">{head}</li>'
    return (
        f"<li><details><summary>{head}</summary>"
        '<form class="xq-sys-form" data-post="keys/change">'
        f'<input type="hidden" name="id" value="{text(key.id)}">{term_fields(key.terms, call)}'
        f'<button type="submit" class="xq-button">{text(say["save"])}</button>{_revocation(key, say)}'
        "</form></details></li>"
    )


def _tag(key: ApiKey, say: Mapping[str, str]) -> str:
    over = key.terms.expires_at is not None and key.terms.expires_at <= datetime.now(UTC)
    state = "revoked" if key.revoked_at else "expired" if over else ""
    return f' <span class="xq-tag">{text(say[state])}</span>' if state else ""


def _facts(key: ApiKey, lines: dict[str, str], call: Call) -> list[str]:
    say = words(call.language)
    last, budget = key.last_used_at, key.terms.limits.token_budget
    used = say["tokens_used"] if budget is None else say["tokens_used_of"]
    return [
        say.get(f"role_{key.role}", key.role),
        lines.get(key.line or "", key.line or ""),
        say["key_last_used"].format(time=local_time(last, call.zone)) if last else say["key_never_used"],
        used.format(used=number(key.tokens_used), budget=number(budget or 0)),
        say["key_until"].format(day=expiry_of(key.terms, call)) if key.terms.expires_at else "",
    ]


def _revocation(key: ApiKey, say: Mapping[str, str]) -> str:
    ask = say["key_revoke_ask"].format(name=key.name)
    return (
        f'<button type="button" class="xq-quiet" data-post="keys/revoke" data-id="{text(key.id)}" '
        f'data-ask="{text(ask)}" data-yes="{text(say["key_revoke"])}">{text(say["key_revoke"])}</button>'
    )


async def _create(call: Call) -> Response:
    say, sent = words(call.language), await call.posted()
    name = str(sent.get("name", "")).strip()[:LONGEST_NAME]
    if not name:
        raise Spoken(say["key_name_missing"], param="name")
    terms = terms_of(sent, call)
    try:
        made, key = await create_key(
            call.principal, call.services, name=name, role=str(sent.get("role", "")),
            line=str(sent.get("line", "")) or None, terms=terms,
        )  # fmt: skip
    except InvalidRequest as error:
        raise Spoken(say["key_bad_terms"], param=error.param) from None
    reveal = (
        f"<p>{text(say['key_once'].format(name=made.name))}</p>"
        f'<p class="xq-sys-secret"><code>{text(key)}</code>'
        f'<button type="button" class="xq-button" data-copy="{text(key)}">{text(say["copy"])}</button></p>'
    )
    return told({"reveal": reveal, "reload": True})


async def _change(call: Call) -> Response:
    say, sent = words(call.language), await call.posted()
    terms = terms_of(sent, call)
    try:
        changed = await change_key(call.principal, call.services, str(sent.get("id", "")), terms)
    except NotFound:
        raise Spoken(say["key_gone"]) from None
    except InvalidRequest as error:
        raise Spoken(say["key_bad_terms"], param=error.param) from None
    return told({"message": say["key_changed"].format(name=changed.name), "reload": True})


async def _revoke(call: Call) -> Response:
    say = words(call.language)
    try:
        await revoke_key(call.principal, call.services, str((await call.posted()).get("id", "")))
    except NotFound:
        raise Spoken(say["key_gone"]) from None
    return told({"message": say["key_revoked"], "reload": True})


async def line_choices(call: Call) -> dict[str, str]:
    """Lines by id; the empty id is every line, for who is not bound to one."""
    bound = call.principal.line
    lines = {
        line.id: in_language(line.names, call.language, line.id)
        for line in await call.services.lines.all()
        if not line.archived and bound in (None, line.id)
    }
    return lines if bound else {"": words(call.language)["every_line"], **lines}
