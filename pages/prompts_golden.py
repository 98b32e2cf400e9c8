"""The Prompts tab's golden questions: listed, written, taken from proposals, carried in and out.

Does not know how answers are judged; pages/golden_html.py draws.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from starlette.responses import Response

from core.access import Right
from core.errors import InvalidRequest, NotFound
from core.golden import NOTHING_EXPECTED, Expected
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.golden_html import fields, form_of, golden_item, print_of, proposal_item
from pages.knowledge_calls import Call, Spoken, fragment, sent_file, told
from pages.lists import empty, text
from pages.reasons import reason_in
from pages.system_section import Section, Way
from pipelines.golden import GoldenDraft, change_golden, forget_golden, golden_of, keep_golden
from pipelines.golden_import import LARGEST_FILE, import_golden
from pipelines.golden_table import TYPES, Format, Rejected, RowFault, table_of
from pipelines.proposals import accept, dismiss

FORMATS: tuple[Format, ...] = ("xlsx", "csv", "jsonl")
SHOWN_FAULTS = 10


def golden_section() -> Section:
    ways = (
        Way("POST", "add", _add),
        Way("GET", "edit", _edit),
        Way("POST", "change", _change),
        Way("POST", "remove", _remove),
        Way("POST", "import", _import),
        Way("GET", "export", _export),
        Way("POST", "accept", _accept),
        Way("POST", "dismiss", _dismiss),
    )
    return Section("golden", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, say = await chosen_line(call), words(call.language)
    golden = await call.services.golden.list(line.id)
    proposals = await call.services.proposals.list(line.id)
    shown = ""
    if proposals:
        items = "".join(proposal_item(each, call.zone, say) for each in proposals)
        title = say["proposals"].format(count=len(proposals))
        shown += f'<h3>{text(title)}</h3><p class="xq-meta">{text(say["proposals_purpose"])}</p>'
        shown += f'<ul class="xq-sys-list xq-proposals">{items}</ul>'
    shown += f"<h3>{text(say['golden_all'].format(count=len(golden)))}</h3>" if golden or proposals else ""
    shown += _new(say, opened=not golden and not proposals) + _files(line.id, say, any_kept=bool(golden))
    if not golden:
        return shown + empty(say["golden_none"])
    items = "".join(golden_item(each, call.zone, say) for each in golden)
    return f'{shown}<ul class="xq-golden">{items}</ul>'


def _new(say: Mapping[str, str], *, opened: bool) -> str:
    return (
        f'<details class="xq-sys-more"{" open" if opened else ""}><summary>{text(say["golden_new"])}</summary>'
        f'<form class="xq-sys-form" data-post="golden/add" data-unsaved="yes">{fields("", NOTHING_EXPECTED, "", say)}'
        f'<button type="submit" class="xq-button xq-primary">{text(say["golden_add"])}</button></form></details>'
    )


def _files(line: str, say: Mapping[str, str], *, any_kept: bool) -> str:
    downloads = "".join(
        f'<a class="xq-quiet" href="/prompts/golden/export?line={text(line)}&format={format}" download>{format}</a>'
        for format in FORMATS
    )
    export = f'<span class="xq-meta">{text(say["golden_export"])}</span>{downloads}' if any_kept else ""
    return (
        f'<details class="xq-sys-more"><summary>{text(say["golden_files"])}</summary>'
        f'<form class="xq-sys-form" data-file="golden/import"><label class="xq-field"><span>'
        f'{text(say["golden_file"])}</span><input type="file" name="file" accept=".xlsx,.csv,.tsv,.jsonl" required>'
        f'</label><button type="submit" class="xq-button">{text(say["golden_import"])}</button>{export}</form>'
        f'<p class="xq-meta">{text(say["golden_columns"])}</p></details>'
    )


async def _add(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    await _kept(call, keep_golden(call.services, line, [draft_of(sent, call)], call.principal.actor, "api"))
    return told({"message": words(call.language)["golden_kept"], "reload": True})


async def _edit(call: Call) -> Response:
    line = await chosen_line(call)
    with _gone(call, "golden_is_gone"):
        golden = await golden_of(call.services, line, call.query("id"))
    return fragment(form_of(golden, words(call.language)))


async def _change(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    draft, golden_id = draft_of(sent, call), str(sent.get("id", ""))
    with _gone(call, "golden_is_gone"):
        before = await golden_of(call.services, line, golden_id)
    if sent.get("was", print_of(before)) != print_of(before):
        raise Spoken(words(call.language)["golden_changed_meanwhile"])
    await _kept(call, change_golden(call.services, line, golden_id, draft, call.principal.actor))
    return told({"message": words(call.language)["golden_kept"], "reload": True})


async def _remove(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    with _gone(call, "golden_is_gone"):
        await forget_golden(call.services, line, str(sent.get("id", "")), call.principal.actor)
    return told({"message": words(call.language)["golden_gone"], "reload": True})


async def _import(call: Call) -> Response:
    """Take a file in whole; where it cannot be, every bad row is shown."""
    line, say = await chosen_line(call), words(call.language)
    async with sent_file(call.request) as (name, file):
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise Spoken(say["golden_file_large"].format(size=LARGEST_FILE // 1_000_000))
    try:
        done = await import_golden(call.services, line, name, data, call.principal.actor)
    except Rejected as rejected:
        rows = "".join(f"<li>{text(_fault(each, call))}</li>" for each in rejected.rows[:SHOWN_FAULTS])
        more = len(rejected.rows) - SHOWN_FAULTS
        rest = f"<li>{text(say['golden_rows_more'].format(count=more))}</li>" if more > 0 else ""
        return told({"reveal": f"<p>{text(say['golden_nothing_imported'])}</p><ul>{rows}{rest}</ul>"})
    message = say["golden_imported"].format(count=done.count)
    if done.ignored:
        message += " " + say["golden_ignored"].format(names=say["comma"].join(done.ignored))
    return told({"message": message, "reload": True})


def _fault(fault: RowFault, call: Call) -> str:
    """What is wrong with a row, or with the table, in the reader's words."""
    why = reason_in(fault.message, call.language)
    return words(call.language)["golden_row"].format(row=fault.row, why=why) if fault.row else why


async def _export(call: Call) -> Response:
    line = await chosen_line(call)
    wanted = call.query("format")
    format: Format = next((each for each in FORMATS if each == wanted), "xlsx")
    content = table_of(await call.services.golden.list(line.id), format)
    headers = {
        "content-disposition": f'attachment; filename="golden-{line.id}.{format}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=TYPES[format], headers=headers)


async def _accept(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    draft = draft_of(sent, call)
    with _gone(call, "proposal_is_gone"):
        await _kept(call, accept(call.services, line, str(sent.get("id", "")), call.principal.actor, draft))
    return told({"message": words(call.language)["proposal_accepted"], "reload": True})


async def _dismiss(call: Call) -> Response:
    line, sent = await chosen_line(call), await call.posted()
    with _gone(call, "proposal_is_gone"):
        await dismiss(call.services, line, str(sent.get("id", "")), call.principal.actor)
    return told({"message": words(call.language)["proposal_dismissed"], "reload": True})


@contextmanager
def _gone(call: Call, word: str) -> Iterator[None]:
    """Says what is gone, since somebody else was quicker."""
    try:
        yield
    except NotFound:
        raise Spoken(words(call.language)[word]) from None


def draft_of(sent: Mapping[str, Any], call: Call) -> GoldenDraft:
    """What the form holds; lists have an entry a line."""

    def said(name: str) -> str:
        return str(sent.get(name, "")).strip()

    length = said("max_characters")
    if length and not (length.isascii() and length.isdigit()):
        raise Spoken(words(call.language)["golden_unfit"], param="max_characters")
    return GoldenDraft(
        question=said("question"),
        expected=Expected(
            facts=said("facts").splitlines(),
            forbidden=said("forbidden").splitlines(),
            documents=said("documents").splitlines(),
            language=said("language") or None,
            mode=said("mode") or None,
            max_characters=int(length) if length else None,
        ),
        reference=said("reference"),
    )


async def _kept(call: Call, work: Any) -> None:
    try:
        await work
    except NotFound:
        raise
    except InvalidRequest:
        raise Spoken(words(call.language)["golden_unfit"]) from None
