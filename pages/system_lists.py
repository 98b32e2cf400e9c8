"""The System tab's lists of sensitive words: made, filled, switched, and a box to try them out.

It does not know how words are found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, cast, get_args

from starlette.responses import Response

from core.access import Right
from core.words import Action, WordList
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, sent_file, told
from pages.lists import empty, local_time, text
from pages.system_keys import line_choices
from pages.system_section import Section, Way, labelled, options
from pipelines.words.desk import Uploaded
from pipelines.words.managed import (
    change_list,
    create_list,
    delete_list,
    list_of,
    lists_of,
    may_change,
    upload_list,
)
from pipelines.words.rows import as_text
from pipelines.words.search import HIDDEN
from pipelines.words.verdict import Screened

LONGEST_FIELD, LONGEST_TRIAL = 100, 5_000
ACTIONS: tuple[Action, ...] = get_args(Action)
FIRST_ROWS = 5
"""Rows left out that are named after an upload."""


def lists_section() -> Section:
    ways = (
        Way("POST", "create", _create),
        Way("POST", "change", _change),
        Way("POST", "able", _able),
        Way("POST", "delete", _delete),
        Way("POST", "upload", _upload),
        Way("GET", "download", _download),
        Way("POST", "try", _try),
    )
    return Section("lists", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    say = words(call.language)
    lines = await line_choices(call)
    lists = await lists_of(call.principal, call.services)
    items = "".join(_item(each, lines, call) for each in lists)
    shown = f'<ul class="xq-sys-list">{items}</ul>' if lists else empty(say["lists_empty"])
    return (
        _new(lines, say) + f'<p class="xq-meta">{text(say["lists_files"])}</p>' + shown + _trial(lines, say)
    )


def _new(lines: Mapping[str, str], say: Mapping[str, str]) -> str:
    return (
        '<form class="xq-sys-form" data-post="lists/create">'
        + _fields("", "", "block", HIDDEN, say)
        + labelled(say["line"], f'<select name="line">{options(lines)}</select>')
        + _homophones(say, checked=False)
        + f'<button type="submit" class="xq-button xq-primary">{text(say["list_create"])}</button></form>'
    )


def _trial(lines: Mapping[str, str], say: Mapping[str, str]) -> str:
    own = {key: name for key, name in lines.items() if key}
    return (
        f'<h3>{text(say["list_try"])}</h3><p class="xq-meta">{text(say["list_try_purpose"])}</p>'
        '<form class="xq-sys-form" data-post="lists/try">'
        + labelled(say["line"], f'<select name="line">{options(own)}</select>')
        + f'<label class="xq-field xq-wide"><span>{text(say["list_try_text"])}</span>'
        f'<textarea name="text" rows="3" required maxlength="{LONGEST_TRIAL}"></textarea></label>'
        f'<button type="submit" class="xq-button">{text(say["list_try_press"])}</button></form>'
    )


def _item(one: WordList, lines: Mapping[str, str], call: Call) -> str:
    """One list; what can be done to it folds away beneath."""
    say = words(call.language)
    facts = [
        one.category,
        say[f"does_{one.action}"],
        say["list_count"].format(count=f"{one.count:,}"),
        lines.get(one.line, one.line) if one.line else say["every_line"],
        local_time(one.updated_at, call.zone) if one.updated_at else "",
    ]
    tag = "" if one.enabled else f' <span class="xq-tag">{text(say["list_off"])}</span>'
    inside = _forms(one, say) if may_change(call.principal, one) else empty(say["list_shared"])
    return (
        f"<li><details><summary><strong>{text(one.name)}</strong>{tag}"
        f'<span class="xq-meta">{text(" · ".join(fact for fact in facts if fact))}</span></summary>'
        f"{inside}</details></li>"
    )


def _forms(one: WordList, say: Mapping[str, str]) -> str:
    hidden = f'<input type="hidden" name="id" value="{text(one.id)}">'
    turn = ("list_disable", "no") if one.enabled else ("list_enable", "yes")
    return (
        f'<form class="xq-sys-form" data-post="lists/change">{hidden}'
        + _fields(one.name, one.category, one.action, one.replacement, say)
        + _homophones(say, checked=one.homophones)
        + f'<button type="submit" class="xq-button">{text(say["save"])}</button></form>'
        f'<form class="xq-sys-form" data-file="lists/upload">{hidden}'
        + labelled(say["list_file"], '<input type="file" name="file" accept=".txt,.csv,.tsv" required>')
        + f'<button type="submit" class="xq-button">{text(say["list_upload"])}</button>'
        f'<a class="xq-quiet" href="/system/lists/download?id={text(one.id)}" download>{text(say["list_download"])}</a>'
        f'<button type="button" class="xq-quiet" data-post="lists/able" data-id="{text(one.id)}" '
        f'data-enable="{turn[1]}">{text(say[turn[0]])}</button>'
        f'<button type="button" class="xq-quiet" data-post="lists/delete" data-id="{text(one.id)}" '
        f'data-ask="{text(say["list_delete_ask"].format(name=one.name))}" '
        f'data-yes="{text(say["list_delete"])}">{text(say["list_delete"])}</button></form>'
    )


def _fields(name: str, category: str, action: str, replacement: str, say: Mapping[str, str]) -> str:
    actions: dict[str, str] = {each: say[f"does_{each}"] for each in ACTIONS}
    given = (("name", "list_name", name), ("category", "list_category", category))
    return (
        "".join(
            labelled(
                say[label],
                f'<input type="text" name="{field}" required maxlength="{LONGEST_FIELD}" value="{text(value)}" '
                'autocomplete="off">',
            )
            for field, label, value in given
        )
        + labelled(say["list_action"], f'<select name="action">{options(actions, action)}</select>')
        + labelled(
            say["list_replacement"],
            f'<input type="text" name="replacement" maxlength="{LONGEST_FIELD}" value="{text(replacement)}">',
        )
    )


def _homophones(say: Mapping[str, str], *, checked: bool) -> str:
    on = " checked" if checked else ""
    return f'<label class="xq-check"><input type="checkbox" name="homophones" value="yes"{on}>{text(say["list_homophones"])}</label>'


async def _create(call: Call) -> Response:
    sent = await call.posted()
    line = _text(sent, "line") or call.principal.line
    made, _ = await create_list(
        call.principal, call.services, replace(WordList("", "", "", "block", line=line), **_given(sent, call))
    )
    return _said(call, "list_created", made.name)


async def _change(call: Call) -> Response:
    sent = await call.posted()
    changed, _ = await change_list(call.principal, call.services, _text(sent, "id"), _given(sent, call))
    return _said(call, "list_changed", changed.name)


async def _able(call: Call) -> Response:
    sent = await call.posted()
    enabled = _text(sent, "enable") == "yes"
    changed, _ = await change_list(call.principal, call.services, _text(sent, "id"), {"enabled": enabled})
    return _said(call, "list_enabled" if enabled else "list_disabled", changed.name)


async def _delete(call: Call) -> Response:
    list_id = _text(await call.posted(), "id")
    gone = await list_of(call.principal, call.services, list_id)
    await delete_list(call.principal, call.services, list_id)
    return _said(call, "list_deleted", gone.name)


async def _upload(call: Call) -> Response:
    async with sent_file(call.request) as (name, content):
        data = content.read()
    done = await upload_list(call.principal, call.services, call.query("id"), name, data)
    between = "" if call.language.startswith("zh") else " "
    return told({"message": between.join(_report(done, words(call.language))), "reload": True})


async def _download(call: Call) -> Response:
    found = await list_of(call.principal, call.services, call.query("id"))
    headers = {
        "Content-Disposition": 'attachment; filename="words.txt"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(as_text(found.words), media_type="text/plain; charset=utf-8", headers=headers)


async def _try(call: Call) -> Response:
    """What would happen to a text; it is sent in a body, for an address ends up in logs."""
    sent = await call.posted()
    written, line = str(sent.get("text", ""))[:LONGEST_TRIAL], _text(sent, "line")
    call.principal.check_line(line)
    screened = await call.services.words.try_out(written, line)
    return told({"reveal": _outcome(written, screened, words(call.language))})


def _outcome(written: str, screened: Screened, say: Mapping[str, str]) -> str:
    """The verdict, the text with its words marked, and which list each is of."""
    verdict = f"<p><strong>{text(say[f'outcome_{screened.action}'])}</strong></p>"
    if not screened.hits:
        return verdict
    places = sorted({0, len(written), *(at for hit in screened.hits for at in (hit.start, hit.end))})
    marked = "".join(
        f"<mark>{text(written[a:b])}</mark>"
        if any(hit.start <= a and b <= hit.end for hit in screened.hits)
        else text(written[a:b])
        for a, b in pairwise(places)
    )
    items = "".join(
        f"<li>{text(written[hit.start : hit.end])} · {text(hit.list_name)} · {text(hit.category)} · "
        f"{text(say[f'does_{hit.action}'])}</li>"
        for hit in screened.hits
    )
    shown = (
        f'<p class="xq-meta">{text(say["list_shown"])}</p><p class="xq-text">{text(screened.text) or "—"}</p>'
    )
    return (
        f'{verdict}<p class="xq-text">{marked}</p><ul>{items}</ul>{shown if screened.text != written else ""}'
    )


def _report(done: Uploaded, say: Mapping[str, str]) -> list[str]:
    """What an upload did, in sentences: how many words, in how many lists, and what was left out."""
    count = sum(words.count for words in done.lists)
    told_of = [say["list_uploaded"].format(count=f"{count:,}")]
    if len(done.lists) > 1:
        told_of.append(say["list_parted"].format(count=len(done.lists)))
    if done.duplicates:
        told_of.append(say["list_duplicates"].format(count=f"{done.duplicates:,}"))
    if done.unusable:
        rows: Sequence[str] = [str(each.row) for each in done.left_out if each.reason != "duplicate"]
        told_of.append(
            say["list_unusable"].format(count=f"{done.unusable:,}", rows=say["comma"].join(rows[:FIRST_ROWS]))
        )
    return told_of


def _given(sent: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """The fields of a form as a list has them. Raises Spoken where one is missing."""
    say = words(call.language)
    name, category = _text(sent, "name"), _text(sent, "category")
    if not name or not category or _text(sent, "action") not in ACTIONS:
        raise Spoken(say["list_incomplete"], param="name")
    return {
        "name": name,
        "category": category,
        "action": cast(Action, _text(sent, "action")),
        "replacement": _text(sent, "replacement") or HIDDEN,
        "homophones": _text(sent, "homophones") == "yes",
    }


def _said(call: Call, key: str, name: str) -> Response:
    return told({"message": words(call.language)[key].format(name=name), "reload": True})


def _text(sent: Mapping[str, Any], name: str) -> str:
    return str(sent.get(name, "")).strip()[:LONGEST_FIELD]
