"""The System tab's keys of programs: made, shown once, revoked."""

from collections.abc import Sequence

from starlette.responses import Response

from core.access import ROLES, Right
from core.errors import InvalidRequest, NotFound
from core.messages import in_language
from core.ports import ApiKey
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, told
from pages.lists import empty, local_time, table, text
from pages.system_section import Section, Way, labelled, options
from pipelines.operators import create_key, keys_of, revoke_key

LONGEST_NAME = 100


def keys_section() -> Section:
    return Section(
        "keys", Right.OPERATE, _show, (Way("POST", "create", _create), Way("POST", "revoke", _revoke))
    )


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
        + f'<button type="submit" class="xq-button xq-primary">{text(say["key_create"])}</button></form>'
    )
    keys = await keys_of(call.principal, call.services)
    return form + _list([*reversed(keys)], lines, call)


def _list(keys: Sequence[ApiKey], lines: dict[str, str], call: Call) -> str:
    say = words(call.language)
    if not keys:
        return empty(say["keys_empty"])
    head = [say[name] for name in ("key_name", "role", "line", "last_used", "actions")]
    rows = [
        [
            text(key.name),
            text(say.get(f"role_{key.role}", key.role)),
            text(lines.get(key.line or "", key.line or "")),
            local_time(key.last_used_at, call.zone) if key.last_used_at else text(say["never"]),
            _revocation(key, call),
        ]
        for key in keys
    ]
    return table(say["system_keys"], head, rows)


def _revocation(key: ApiKey, call: Call) -> str:
    say = words(call.language)
    if key.revoked_at:
        return f'<span class="xq-tag">{text(say["revoked"])}</span>'
    ask = say["key_revoke_ask"].format(name=key.name)
    return (
        f'<button type="button" class="xq-quiet" data-post="keys/revoke" data-id="{text(key.id)}" '
        f'data-ask="{text(ask)}" data-yes="{text(say["key_revoke"])}">{text(say["key_revoke"])}</button>'
    )


async def _create(call: Call) -> Response:
    say, sent = words(call.language), await call.posted()
    try:
        made, key = await create_key(
            call.principal, call.services, name=str(sent.get("name", ""))[:LONGEST_NAME],
            role=str(sent.get("role", "")), line=str(sent.get("line", "")) or None,
        )  # fmt: skip
    except InvalidRequest as error:
        raise Spoken(say["key_name_missing"], param=error.param) from None
    reveal = (
        f"<p>{text(say['key_once'].format(name=made.name))}</p>"
        f'<p class="xq-sys-secret"><code>{text(key)}</code>'
        f'<button type="button" class="xq-button" data-copy="{text(key)}">{text(say["copy"])}</button></p>'
    )
    return told({"reveal": reveal, "reload": True})


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
