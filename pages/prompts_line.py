"""The Prompts tab's business line: its fields in groups, and lines made, copied, archived, exported and imported.

It knows no rule of a line: core/line_fields.py does, and pipelines/lines.py changes it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from core.access import Right
from core.errors import Conflict, DocumentRejected, Forbidden, InvalidRequest, NotFound, Unfit
from core.line_changes import LineChange
from core.line_fields import LineId, NewLine
from core.messages import BusinessLine, in_language
from core.written import Strict
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, sent_file, told
from pages.lists import text
from pages.prompts_line_fields import GROUPS, group_html, print_of, shown_of
from pages.prompts_line_sent import change_sent, spoken
from pages.system_section import Section, Way, labelled
from pipelines.line_copies import copy_line, export_line, import_line
from pipelines.line_file import BadFile
from pipelines.lines import change_line, is_default, line_now, lists_of, make_line

LARGEST_FORM = 400_000
"""Bytes: a persona and what is said in thirty languages."""


class _Id(Strict):
    id: LineId


def line_section() -> Section:
    ways = (
        Way("POST", "change", _change),
        Way("POST", "create", _create),
        Way("POST", "copy", _copy),
        Way("POST", "archive", _archive),
        Way("POST", "import", _import),
        Way("GET", "export", _export),
    )
    return Section("line", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, lines = await chosen_line(call), await call.services.lines.all()
    shown = shown_of(line, lines, call.language)
    groups = "".join(group_html(group, shown, opened=group is GROUPS[0]) for group in GROUPS)
    return _actions(line, call) + groups + await _lists(line, call) + _more(line, call)


def _actions(line: BusinessLine, call: Call) -> str:
    """What is done to the whole line."""
    say, name = words(call.language), _name(line, call)
    export = f'<a class="xq-button" href="/prompts/line/export?line={text(line.id)}" download>{text(say["line_export"])}</a>'
    if line.archived:
        hint = f'<p class="xq-banner">{text(say["line_archived_hint"])}</p>'
        turn = (
            f'<button type="button" class="xq-button" data-post="line/archive" data-archived="no">'
            f"{text(say['line_restore'])}</button>"
        )
    elif is_default(call.services, line):
        hint, turn = "", f'<span class="xq-meta">{text(say["line_is_default"])}</span>'
    else:
        hint = ""
        turn = (
            f'<button type="button" class="xq-quiet" data-post="line/archive" data-archived="yes" '
            f'data-ask="{text(say["line_archive_ask"].format(name=name))}" data-yes="{text(say["line_archive"])}">'
            f"{text(say['line_archive'])}</button>"
        )
    return f'{hint}<div class="xq-line-actions">{export}{turn}</div>'


async def _lists(line: BusinessLine, call: Call) -> str:
    say = words(call.language)
    names = [words.name for words in await lists_of(call.services, line.id)]
    inside = text(say["comma"].join(names)) if names else text(say["line_lists_none"])
    return f'<p class="xq-meta xq-line-lists"><strong>{text(say["line_lists"])}</strong> {inside}</p>'


def _more(line: BusinessLine, call: Call) -> str:
    """Other lines: a new one, a copy of this one, one from a file. Not for who is bound to one."""
    if call.principal.line is not None:
        return ""
    say, name = words(call.language), _name(line, call)
    new_id = labelled(
        say["line_id"], '<input type="text" name="id" maxlength="64" autocomplete="off" required>'
    )
    new_name = labelled(
        say["line_name"], '<input type="text" name="name" maxlength="500" autocomplete="off" required>'
    )
    search = f'<label class="xq-check"><input type="checkbox" name="search_original" value="yes">{text(say["line_search_original"])}</label>'
    file = labelled(say["line_import_file"], '<input type="file" name="file" accept=".yaml,.yml" required>')
    other_id = labelled(
        say["line_import_id"], '<input type="text" name="id" maxlength="64" autocomplete="off">'
    )
    parts = (
        ("post", "line/create", say["line_new"], say["line_id_hint"], new_name + new_id, say["line_create"]),
        (
            "post", "line/copy", say["line_copy"].format(name=name), say["line_copy_hint"],
            new_name + new_id + search, say["line_copy_do"],
        ),
        ("file", "line/import", say["line_import"], say["line_import_hint"], file + other_id, say["line_import_do"]),
    )  # fmt: skip
    forms = "".join(
        f'<form class="xq-sys-form" data-{kind}="{way}"><h4>{text(title)}</h4><p class="xq-meta">{text(hint)}</p>'
        f'{fields}<button type="submit" class="xq-button">{text(press)}</button></form>'
        for kind, way, title, hint, fields, press in parts
    )
    return f'<details class="xq-line-group xq-line-others"><summary><strong>{text(say["line_more"])}</strong></summary>{forms}</details>'


async def _change(call: Call) -> Response:
    """One group; the others, and what is typed in them, stay as they are on the page."""
    say, sent = words(call.language), await call.posted(LARGEST_FORM)
    group = next((each for each in GROUPS if each.name == sent.get("group")), None)
    if group is None:
        raise InvalidRequest("There is no such group of fields.", param="group")
    line = await line_now(call.services, call.principal, (await chosen_line(call)).id)
    if sent.get("was") != print_of(line, group):
        raise Spoken(say["line_changed_meanwhile"])

    async def work() -> BusinessLine:
        change = LineChange.model_validate({**change_sent(group.name, sent), "version": line.version})
        return await change_line(call.services, call.principal, line.id, change)

    changed = await _saying(work, call, sent)
    shown = shown_of(changed, await call.services.lines.all(), call.language)
    return told({"replace": {f"xq-line-{group.name}": group_html(group, shown, opened=True, saved=True)}})


async def _create(call: Call) -> Response:
    sent = await call.posted()
    names = {_tongue(call): str(sent.get("name", "")).strip()}

    async def work() -> BusinessLine:
        # Hours are written next, by the clock that hangs on the writer's wall.
        fields = NewLine.model_validate({"id": _id(sent), "names": names, "time_zone": call.zone.key})
        return await make_line(call.services, call.principal, fields)

    return _opened(await _saying(work, call, sent), "line_created", call)


async def _copy(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    name = str(sent.get("name", "")).strip()

    async def work() -> BusinessLine:
        new = NewLine.model_validate({"id": _id(sent), "names": {_tongue(call): name}})
        search = sent.get("search_original") == "yes"
        return await copy_line(
            call.services, call.principal, line.id, new.id, new.names, search_original=search
        )

    return _opened(await _saying(work, call, sent), "line_copied", call)


async def _archive(call: Call) -> Response:
    line, archived = await chosen_line(call), (await call.posted()).get("archived") == "yes"
    try:
        changed = await change_line(call.services, call.principal, line.id, LineChange(archived=archived))
    except Conflict:
        raise Spoken(words(call.language)["line_is_default"]) from None
    return _opened(changed, "line_is_archived" if archived else "line_is_back", call)


async def _import(call: Call) -> Response:
    wanted = call.query("id").strip() or None
    async with sent_file(call.request) as (_, content):
        data = content.read()

    async def work() -> BusinessLine:
        if wanted is not None:
            _Id(id=wanted)
        return await import_line(call.services, call.principal, data, wanted)

    return _opened(await _saying(work, call, {"id": wanted or ""}), "line_imported", call)


async def _export(call: Call) -> Response:
    line = await chosen_line(call)
    written = await export_line(call.services, call.principal, line.id)
    headers = {
        "Content-Disposition": f'attachment; filename="line-{line.id}.yaml"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(written, media_type="application/yaml", headers=headers)


async def _saying(work: Callable[[], Awaitable[BusinessLine]], call: Call, sent: Any) -> BusinessLine:
    """What the work gives; its refusals in the reader's words, at their field."""
    say = words(call.language)
    try:
        return await work()
    except ValidationError as error:
        raise spoken(error, sent, say) from None
    except BadFile as error:
        said = say["line_file_wrong"].format(line=error.line, place=error.param or "")
        raise Spoken(said, param="file") from None
    except Unfit:
        raise Spoken(say["line_file_unread"], param="file") from None
    except DocumentRejected:
        raise Spoken(say["line_file_words"], param="file") from None
    except Conflict as error:
        said = say["line_taken" if error.param == "id" else "line_changed_meanwhile"]
        raise Spoken(said, param=error.param) from None
    except Forbidden as error:
        if error.param != "bases":
            raise
        raise Spoken(say["line_bases_foreign"], param="bases") from None
    except NotFound:
        raise
    except InvalidRequest as error:
        if error.param != "id":
            raise
        raise Spoken(say["line_id_ours"], param="id") from None


def _opened(line: BusinessLine, word: str, call: Call) -> Response:
    """The tab is about this line from now on."""
    return told({"message": words(call.language)[word].format(name=_name(line, call)), "line": line.id})


def _name(line: BusinessLine, call: Call) -> str:
    return in_language(line.names, call.language, line.id)


def _tongue(call: Call) -> str:
    return "zh" if call.language.startswith("zh") else "en"


def _id(sent: Any) -> str:
    return str(sent.get("id", "")).strip()
