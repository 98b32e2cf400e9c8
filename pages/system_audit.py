"""The System tab's audit: verified by a button, and its entries as a table, newest first.

It does not know how entries are chained.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from core.access import Right
from core.errors import InvalidRequest
from core.security import Act, AuditEntry, AuditFilter, Verdict
from pages.actors import actor_name, actor_names
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, fragment, told
from pages.lists import empty, local_time, table, text
from pages.system_audit_words import broken_place, broken_reason
from pages.system_section import Section, Way, labelled, options
from pipelines.audit_check import verify

PAGE = 50
PERIODS = ("7", "1", "30", "all")
"""Days to look back; the first is what the section opens with."""
VERDICT, ENTRIES = "xq-audit-verdict", "xq-audit-entries"


def audit_section() -> Section:
    return Section(
        "audit", Right.AUDIT, _show, (Way("POST", "verify", _verify), Way("GET", "entries", _page))
    )


async def _show(call: Call) -> str:
    say = words(call.language)
    acts = {"": say["all"]} | {act.value: say[f"act_{act.value}"] for act in Act}
    periods = {each: say[f"period_{each}"] for each in PERIODS}
    return (
        f'<form class="xq-sys-form xq-sys-apart" data-post="audit/verify" data-into="{VERDICT}">'
        f'<p class="xq-meta">{text(say["audit_verify_purpose"])}</p>'
        f'<button type="submit" class="xq-button xq-primary">{text(say["audit_verify"])}</button></form>'
        f'<div id="{VERDICT}" aria-live="polite"></div>'
        f'<form class="xq-sys-form" data-get="audit/entries" data-into="{ENTRIES}">'
        + labelled(say["audit_act"], f'<select name="act">{options(acts)}</select>')
        + labelled(say["period"], f'<select name="days">{options(periods)}</select>')
        + f'<button type="submit" class="xq-button">{text(say["audit_show"])}</button></form>'
        f'<div id="{ENTRIES}" aria-live="polite">{await _entries(call)}</div>'
    )


async def _page(call: Call) -> Response:
    return fragment(await _entries(call))


async def _entries(call: Call) -> str:
    """The entries that the query asks for, and the ways to older ones and back."""
    say = words(call.language)
    act, days, before = call.query("act"), call.query("days"), call.query("before")
    days = days if days in PERIODS else PERIODS[0]
    where = AuditFilter(
        since=None if days == "all" else datetime.now(UTC) - timedelta(days=int(days)),
        act=act if act in {*Act} else None,
        limit=PAGE + 1,
        before=int(before) if before.isascii() and before.isdecimal() and len(before) < 16 else None,
    )
    found = await call.services.audit.entries(where)
    shown = found[:PAGE]
    ways = [_way("audit_newest", {"act": act, "days": days}, say)] if where.before else []
    if len(found) > PAGE:
        older = {"act": act, "days": days, "before": str(shown[-1].number)}
        ways.append(_way("audit_older", older, say))
    listed = await _table(shown, call) if shown else empty(say["audit_empty"])
    return listed + (f'<p class="xq-buttons">{"".join(ways)}</p>' if ways else "")


def _way(label: str, query: Mapping[str, str], say: Mapping[str, str]) -> str:
    return (
        f'<button type="button" class="xq-button" data-get="audit/entries" data-into="{ENTRIES}" '
        f'data-query="{text(urlencode(query))}">{text(say[label])}</button>'
    )


async def _table(entries: Sequence[AuditEntry], call: Call) -> str:
    say, names = words(call.language), await actor_names(call.services)
    head = [say[f"audit_{name}"] for name in ("at", "actor", "act", "object", "subject", "reason")]
    rows = [
        [
            _time(entry, call),
            text(actor_name(entry.actor, names, say)),
            _act(entry, say),
            _whole_cell(_object(entry, names)),
            f"<code>{text(entry.subject)}</code>" if entry.subject else "",
            _whole_cell(text(entry.reason)),
        ]
        for entry in entries
    ]
    return f'<div class="xq-sys-audit">{table(say["system_audit"], head, rows)}</div>'


def _whole_cell(shown: str) -> str:
    """Beside its column's name on a phone; one that is empty is left out there."""
    return f"<span>{shown}</span>" if shown else ""


def _time(entry: AuditEntry, call: Call) -> str:
    """In the reader's zone; an entry that somebody spoiled may hold a time that no zone has."""
    try:
        return local_time(entry.at, call.zone)
    except OverflowError:
        return "—"


def _act(entry: AuditEntry, say: Mapping[str, str]) -> str:
    """What was done; beside it how far it got, where the entry says so."""
    failed = "failed" if entry.detail.get("whole") == "no" else ""
    tag = say.get(f"audit_{failed or entry.detail.get('state', '')}", "")
    shown = text(say.get(f"act_{entry.act}", entry.act))
    return f'{shown} <span class="xq-tag">{text(tag)}</span>' if tag else shown


def _object(entry: AuditEntry, names: Mapping[str, str]) -> str:
    """What it was done to, by name where it has one."""
    named = str(entry.detail.get("name") or entry.detail.get("names") or "")
    told_of = [names.get(entry.object, entry.object), named]
    return "<br>".join(text(one) for one in dict.fromkeys(told_of) if one)


async def _verify(call: Call) -> Response:
    say = words(call.language)
    try:
        verdict = await verify(call.services, call.principal.actor)
    except InvalidRequest:
        raise Spoken(say["audit_no_anchors"]) from None
    return told(
        {"reveal": _whole(verdict, call.language) if verdict.whole else _broken(verdict, call.language)}
    )


def _whole(verdict: Verdict, language: str) -> str:
    say = words(language)
    entries = verdict.anchor.number if verdict.anchor else 0
    checked = say["audit_checked"].format(entries=f"{entries:,}", rows=f"{verdict.checked - entries:,}")
    shown = f"<p><strong>{text(say['audit_whole'])}</strong> {text(checked)}</p>"
    if verdict.reason:
        shown += f"<p>{text(broken_reason(verdict, language))}</p>"
    if verdict.anchor:
        anchor = f"{verdict.anchor.number} {verdict.anchor.digest}"
        shown += (
            f'<p class="xq-meta">{text(say["audit_anchor"])}</p>'
            f'<p class="xq-sys-secret"><code>{text(anchor)}</code>'
            f'<button type="button" class="xq-button" data-copy="{text(anchor)}">{text(say["copy"])}</button></p>'
        )
    return f'<div class="xq-banner xq-sys-reveal">{shown}</div>'


def _broken(verdict: Verdict, language: str) -> str:
    say = words(language)
    place = say["audit_broken"].format(place=broken_place(verdict, say))
    before = say["audit_before"].format(count=f"{verdict.checked:,}")
    return (
        f'<div class="xq-banner xq-sys-reveal xq-sys-broken"><p><strong>{text(place)}</strong> '
        f"{text(broken_reason(verdict, language))}</p>"
        f'<p>{text(say["audit_advice"])}</p><p class="xq-meta">{text(before)}</p></div>'
    )
