"""The Prompts tab's versions: listed, written, compared, put forward, published, rolled back.

Decides nothing: pipelines/prompts.py and publish.py do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from core.access import Right
from core.errors import Conflict, NotFound
from core.golden import Evaluation
from core.line_fields import Generation
from core.messages import BusinessLine, in_language
from core.prompts import NO_PARAMETERS, Parameters, PromptVersion
from pages.actors import actor_name, actor_names
from pages.budget_html import budget_bar
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken, fragment, told
from pages.lists import lines, local_time, text
from pages.system_section import Section, Way, labelled, options
from pages.version_html import (
    changed_meanwhile,
    difference,
    editor,
    named,
    problem_list,
    read_field,
    read_place,
    reading,
)
from pipelines.gate import outcome_of_gate
from pipelines.profile import starter_texts
from pipelines.prompts import (
    PromptUnfit,
    change_draft,
    make_draft,
    put_forward,
    retire,
    version_of,
)
from pipelines.publish import publish, roll_back
from pipelines.wording import changes_by_language

Act = Callable[..., Awaitable[PromptVersion]]
LARGEST_FORM = 400_000
"""Bytes: several texts of 20,000 characters."""
CHECKING_MILLISECONDS = 1_000
STARTER = 0


def versions_section() -> Section:
    ways = (
        Way("GET", "open", _open),
        Way("GET", "diff", _diff),
        Way("GET", "budget", _budget),
        Way("GET", "gate", _gate),
        Way("POST", "draft", _draft),
        Way("POST", "change", _change),
        Way("POST", "candidate", _stepping(put_forward, "candidate")),
        Way("POST", "retire", _stepping(retire, "retire")),
        Way("POST", "publish", _publish),
        Way("POST", "rollback", _rollback),
    )
    return Section("versions", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, say = await chosen_line(call), words(call.language)
    versions = await call.services.prompts.list(line.id)
    live = await call.services.prompts.live(line.id)
    runs = await _gates(call, line)
    names = await actor_names(call.services)
    items = [_item(version, live, runs.get(version.version), names, call) for version in versions]
    return f'{_head(versions, live, line, say)}<ul class="xq-sys-list">{"".join(items)}{_starter(live, say)}</ul>'


def _head(versions: Any, live: int | None, line: BusinessLine, say: Mapping[str, str]) -> str:
    """What is live, and the two things that are done most: a new draft, and back."""
    state = say["version_live_is"].format(version=live) if live else say["version_live_is_none"]
    new = (
        f'<button type="button" class="xq-button xq-primary" data-post="versions/draft" data-id="{live or STARTER}">'
        f"{text(say['version_new_from_live'])}</button>"
    )
    back = ""
    if live is not None:
        before = next((each.follows for each in versions if each.version == live), None)
        ask = say["version_rollback_ask" if before else "version_rollback_ask_none"]
        back = _button("rollback", live, say, ask.format(version=live, before=before) + _ends_test(line, say))
    return f'<div class="xq-version-head"><strong>{text(state)}</strong><div class="xq-buttons">{new}{back}</div></div>'


def _ends_test(line: BusinessLine, say: Mapping[str, str]) -> str:
    """What another live version does to an A/B test, where one runs."""
    return f" {say['version_ends_test']}" if line.trial is not None else ""


def _button(
    way: str, version: int, say: Mapping[str, str], ask: str, look: str = "xq-button", seen: str = ""
) -> str:
    """`seen` is which state of a draft stands beside the button."""
    label, about = text(say[f"version_{way}"]), f'data-seen="{seen}" ' if seen else ""
    return (
        f'<button type="button" class="{look}" data-post="versions/{way}" data-id="{version}" {about}'
        f'data-ask="{text(ask)}" data-yes="{label}">{label}</button>'
    )


def _item(
    version: PromptVersion, live: int | None, run: Evaluation | None, names: Mapping[str, str], call: Call
) -> str:
    """One version; what is in it is fetched when it is opened. `names` are people's and keys', by id."""
    say, number = words(call.language), version.version
    tags = [say[f"version_status_{version.status}"]] if number != live else []
    marks = (
        f'<span class="xq-tag xq-version-live">{text(say["version_is_live"])}</span>'
        if number == live
        else ""
    )
    marks += "".join(f'<span class="xq-tag">{text(tag)}</span>' for tag in tags)
    facts = [
        local_time(version.updated_at if version.status == "draft" else version.created_at, call.zone),
        actor_name(version.author, names, say),
        say["version_from"].format(version=version.parent) if version.parent else "",
        version.note,
    ]
    if version.published_at and number == live:
        facts[0] = say["version_published_at"].format(time=local_time(version.published_at, call.zone))
    shown = text(" · ".join(fact for fact in facts if fact))
    gate = _checked(run, number, say) if run is not None and _matters(run, version, live) else ""
    return (
        f'<li><details data-get="versions/open" data-query="version={number}" data-into="xq-version-{number}">'
        f'<summary><strong>v{number}</strong> {marks} <span class="xq-meta">{shown}</span></summary>'
        f'<div id="xq-version-{number}" class="xq-version"></div></details>{gate}</li>'
    )


def _starter(live: int | None, say: Mapping[str, str]) -> str:
    mark = (
        f'<span class="xq-tag xq-version-live">{text(say["version_is_live"])}</span>' if live is None else ""
    )
    return (
        f'<li><details data-get="versions/open" data-query="version={STARTER}" data-into="xq-version-{STARTER}">'
        f"<summary><strong>{text(say['version_starter'])}</strong> {mark} "
        f'<span class="xq-meta">{text(say["version_starter_note"])}</span></summary>'
        f'<div id="xq-version-{STARTER}" class="xq-version"></div></details></li>'
    )


async def _open(call: Call) -> Response:
    """One version with all that can be done with it."""
    line, say = await chosen_line(call), words(call.language)
    number = _number(call.query("version"), say)
    if number == STARTER:
        return fragment(reading(starter_texts(line), {}, say) + _buttons(_new_from(STARTER, say), STARTER))
    version = await _found(call, line, number)
    live = await call.services.prompts.live(line.id)
    body = (
        editor(version, say)
        if version.status == "draft"
        else reading(version.texts, asdict(version.parameters), say)
    )
    shown = body + _acts(version, live, line, say) + await _diff_form(call, line, version, live)
    return fragment(shown + _budget_form(line, version, call))


def _acts(version: PromptVersion, live: int | None, line: BusinessLine, say: Mapping[str, str]) -> str:
    number, found = version.version, ""
    seen = version.updated_at.isoformat() if version.status == "draft" else ""
    if number != live and version.status != "retired":
        ask = say["version_publish_ask"].format(version=number) + _ends_test(line, say)
        found += _button("publish", number, say, ask, seen=seen)
    if version.status == "draft":
        ask = say["version_candidate_ask"].format(version=number)
        found += _button("candidate", number, say, ask, seen=seen)
    found += _new_from(number, say)
    if version.status in ("draft", "candidate"):
        found += _button("retire", number, say, say["version_retire_ask"].format(version=number), "xq-quiet")
    return _buttons(found, number)


def _new_from(number: int, say: Mapping[str, str], look: str = "xq-button") -> str:
    return (
        f'<button type="button" class="{look}" data-post="versions/draft" data-id="{number}">'
        f"{text(say['version_new_from'])}</button>"
    )


def _buttons(inside: str, number: int) -> str:
    return f'<div id="xq-acts-{number}" class="xq-buttons xq-version-acts">{inside}</div>'


async def _diff_form(call: Call, line: BusinessLine, version: PromptVersion, live: int | None) -> str:
    say, number = words(call.language), version.version
    others = {"": f"{say['version_diff_live']} ({named(live, say)})", str(STARTER): say["version_starter"]}
    for other in await call.services.prompts.list(line.id):
        if other.version not in (number, live):
            others[str(other.version)] = f"v{other.version}"
    chosen = str(version.parent or STARTER) if number == live else ""
    if number == live:
        others.pop("")
    return (
        f'<form class="xq-sys-form" data-get="versions/diff" data-into="xq-diff-{number}">'
        f'<input type="hidden" name="version" value="{number}">'
        + labelled(say["version_diff_against"], f'<select name="against">{options(others, chosen)}</select>')
        + f'<button type="submit" class="xq-button">{text(say["version_diff"])}</button></form>'
        f'<div id="xq-diff-{number}" class="xq-version-diff" aria-live="polite"></div>'
    )


def _budget_form(line: BusinessLine, version: PromptVersion, call: Call) -> str:
    say, number = words(call.language), version.version
    sample = next(iter(in_language(line.suggestions, call.language, ())), "")
    field = f'<input type="text" name="question" required maxlength="400" value="{text(sample)}">'
    return (
        f'<h4>{text(say["version_budget"])}</h4><p class="xq-meta">{text(say["version_budget_note"])}</p>'
        f'<form class="xq-sys-form" data-get="versions/budget" data-into="xq-budget-{number}">'
        f'<input type="hidden" name="version" value="{number}">'
        f'<label class="xq-field xq-wide"><span>{text(say["version_budget_question"])}</span>{field}</label>'
        f'<button type="submit" class="xq-button">{text(say["version_budget_count"])}</button></form>'
        f'<div id="xq-budget-{number}" aria-live="polite"></div>'
    )


async def _diff(call: Call) -> Response:
    line, say = await chosen_line(call), words(call.language)
    version = await _found(call, line, _number(call.query("version"), say))
    live = await call.services.prompts.live(line.id)
    asked = call.query("against")
    other = _number(asked, say) if asked else live or STARTER
    old = starter_texts(line) if other == STARTER else (await _found(call, line, other)).texts
    changed = await asyncio.to_thread(changes_by_language, old, version.texts)
    title = say["version_diff_title"].format(version=version.version, other=named(other, say))
    return fragment(difference(changed, title, say))


async def _budget(call: Call) -> Response:
    """Where the window would go for a question under the version as it is saved."""
    line, say = await chosen_line(call), words(call.language)
    version = await _found(call, line, _number(call.query("version"), say))
    asked = call.query("question").strip() or "?"
    window = min(call.services.engine.context_tokens, call.services.settings.context_tokens)
    found = await call.services.inspector.prompt_for(asked, replace(line, prompt=version), window)
    messages = found.request.messages
    prompt = "".join(
        f'<div class="xq-version-text" dir="auto">{lines(one.content)}</div>' for one in messages
    )
    whole = f"<details><summary>{text(say['version_budget_prompt'])}</summary>{prompt}</details>"
    return fragment(budget_bar(found.budget, say) + whole)


async def _gates(call: Call, line: BusinessLine) -> Mapping[int, Evaluation]:
    """The newest run before a publication, by the version that was to be published."""
    found: dict[int, Evaluation] = {}
    for run in await call.services.evaluations.list(line.id):
        if run.kind == "gate" and isinstance(run.after.get("prompt"), int):
            number = run.after["prompt"]
            if number not in found or run.created_at > found[number].created_at:
                found[number] = run
    return found


def _matters(run: Evaluation, version: PromptVersion, live: int | None) -> bool:
    """Whether the check is the last thing that happened to the version: it may have been published all the same."""
    if version.version == live or outcome_of_gate(run) == "published":
        return False
    return version.published_at is None or version.published_at < run.created_at


async def _gate(call: Call) -> Response:
    """How far the check of a version is; once it is over, the section shows what came of it."""
    line, say = await chosen_line(call), words(call.language)
    number = _number(call.query("version"), say)
    run = (await _gates(call, line)).get(number)
    if run is None:
        return fragment("")
    outcome = outcome_of_gate(run)
    live = say["version_gate_published"].format(version=number) if outcome == "published" else ""
    over = "" if outcome == "checking" else f'<span data-reload="{text(live)}"></span>'
    return fragment(_checked(run, number, say) + over)


def _checked(run: Evaluation, number: int, say: Mapping[str, str]) -> str:
    outcome = outcome_of_gate(run)
    if outcome != "checking":
        report = (
            f'<button type="button" class="xq-quiet" data-section="evaluations" data-report="{text(run.id)}">'
            f"{text(say['version_gate_report'])}</button>"
        )
        mend = f" {_new_from(number, say, 'xq-quiet')}" if outcome == "blocked" else ""
        said = text(say[f"version_gate_{outcome}"].format(version=number))
        return f'<p class="xq-version-gate">{said} {report}{mend}</p>'
    told = say["version_checking"].format(version=number, done=run.done, total=run.total)
    return (
        f'<div class="xq-version-gate" data-refresh="versions/gate?version={number}" data-every="{CHECKING_MILLISECONDS}">'
        f'<progress value="{run.done}" max="{max(1, run.total)}" aria-label="{text(told)}"></progress> {text(told)} '
        f'<span class="xq-meta">{text(say["version_checking_note"])}</span></div>'
    )


async def _draft(call: Call) -> Response:
    line, say = await chosen_line(call), words(call.language)
    parent = _number(str((await call.posted()).get("id", "")), say)
    if parent != STARTER:
        await _found(call, line, parent)
    made = await make_draft(call.services, line, call.principal.actor, parent=parent or None)
    message = say["version_made"].format(version=made.version)
    return told({"message": message, "reload": True, "open": f"xq-version-{made.version}"})


async def _change(call: Call) -> Response:
    line, say = await chosen_line(call), words(call.language)
    sent = await call.posted(LARGEST_FORM)
    number = _number(str(sent.get("id", "")), say)
    texts = {
        name.removeprefix("text_"): str(value).replace("\r\n", "\n")
        for name, value in sent.items()
        if name.startswith("text_") and (str(value).strip() or name == "text_zh")
    }
    if len(texts) > 1 and not texts.get("zh", " ").strip():
        del texts["zh"]
    try:
        changed = await change_draft(
            call.services, line, number, call.principal.actor,
            texts=texts, parameters=_parameters(sent, say), note=str(sent.get("note", "")), read_at=_read_at(sent, say),
        )  # fmt: skip
    except PromptUnfit as error:
        return told({"reveal": problem_list(error.problems, texts, say)})
    except Conflict as error:
        if error.param == "read_at":
            return await _overtaken(call, line, number, texts)
        raise Spoken(say["version_conflict"]) from None
    except NotFound:
        raise Spoken(say["version_gone"]) from None
    at = local_time(datetime.now(UTC), call.zone)
    saved = f"<p>{text(say['version_saved'].format(time=at))}</p>"
    acts = _acts(changed, await call.services.prompts.live(line.id), line, say)
    fresh = {read_place(changed): read_field(changed), f"xq-acts-{number}": acts}
    return told({"reveal": saved, "kept": True, "replace": fresh})


async def _overtaken(call: Call, line: BusinessLine, number: int, texts: Mapping[str, str]) -> Response:
    """Somebody saved the draft after this writer had read it. Nothing is saved; who saves again has seen what goes."""
    say, found = words(call.language), await _found(call, line, number)
    changed = await asyncio.to_thread(changes_by_language, found.texts, texts)
    said = say["version_overtaken"].format(time=local_time(found.updated_at, call.zone))
    shown = changed_meanwhile(said, changed, say["version_overtaken_diff"].format(version=number), say)
    return told({"reveal": shown, "replace": {read_place(found): read_field(found)}})


def _read_at(sent: Mapping[str, Any], say: Mapping[str, str]) -> datetime | None:
    """What the form was about; a program's fields need not say."""
    try:
        return datetime.fromisoformat(str(sent["read_at"])) if "read_at" in sent else None
    except ValueError:
        raise Spoken(say["version_conflict"]) from None


def _parameters(sent: Mapping[str, Any], say: Mapping[str, str]) -> Parameters:
    """The fields of a form, empty ones left to the line."""
    given = {name: str(sent.get(name, "")).strip() for name in asdict(NO_PARAMETERS)}
    kinds: Mapping[str, Callable[[str], Any]] = {"temperature": float, "top_p": float, "max_tokens": int}
    try:
        chosen = {name: kinds.get(name, str)(value) for name, value in given.items() if value}
        return Parameters(**Generation(**chosen).model_dump())
    except (ValueError, ValidationError):
        raise Spoken(say["version_bad_parameters"]) from None


def _stepping(act: Act, name: str) -> Callable[[Call], Awaitable[Response]]:
    async def step(call: Call) -> Response:
        line, say = await chosen_line(call), words(call.language)
        number = await _seen(call, line)
        try:
            await act(call.services, line, number, call.principal.actor)
        except Conflict:
            raise Spoken(say["version_conflict"]) from None
        return told({"message": say[f"version_{name}_done"].format(version=number), "reload": True})

    return step


async def _publish(call: Call) -> Response:
    line, say = await chosen_line(call), words(call.language)
    number = await _seen(call, line)
    try:
        done = await publish(call.services, line, number, call.principal.actor)
    except Conflict:
        raise Spoken(say["version_conflict"]) from None
    if done.status == "published":
        return told({"message": say["version_publish_done"].format(version=number), "reload": True})
    return told({"reload": True})  # the list shows how far the check is


async def _rollback(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    now = await call.services.prompts.live(line.id)
    if "id" in sent and str(sent["id"]) != str(now or STARTER):
        # Somebody else was quicker: going back once more would lead further than was asked.
        return told({"message": say["version_live_changed"].format(live=named(now, say)), "reload": True})
    try:
        live = await roll_back(call.services, line, call.principal.actor, over=now)
    except Conflict:
        raise Spoken(say["version_conflict"]) from None
    message = say["version_rollback_done" if live else "version_rollback_done_none"].format(version=live)
    return told({"message": message, "reload": True})


async def _seen(call: Call, line: BusinessLine) -> int:
    """The version that is sent, unless it is a draft that was changed after the sender had read it."""
    say, sent = words(call.language), await call.posted()
    number = _number(str(sent.get("id", "")), say)
    found = await _found(call, line, number)
    if "seen" in sent and found.status == "draft" and sent["seen"] != found.updated_at.isoformat():
        at = local_time(found.updated_at, call.zone)
        raise Spoken(say["version_overtaken_act"].format(time=at))
    return number


async def _found(call: Call, line: BusinessLine, number: int) -> PromptVersion:
    try:
        return await version_of(call.services, line, number)
    except NotFound:
        raise Spoken(words(call.language)["version_gone"]) from None


def _number(written: str, say: Mapping[str, str]) -> int:
    if not written.isdecimal() or len(written) > 9:
        raise Spoken(say["version_gone"])
    return int(written)
