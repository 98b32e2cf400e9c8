"""The Prompts tab's evaluations: golden questions asked now, watched, read; a publication that they hold back.

Computes nothing: pipelines/runs.py asks, pages/evaluation_html.py draws.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from core.access import Right
from core.errors import Conflict, InvalidRequest, NotFound, Unfit
from core.golden import Evaluation
from core.messages import BusinessLine
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.evaluation_html import progress, report, side_name
from pages.knowledge_calls import Call, Spoken, fragment, told
from pages.lists import empty, local_time, text
from pages.system_section import Section, Way, labelled, options
from pipelines.gate import outcome_of_gate
from pipelines.runs import run_of
from pipelines.scores import pairs_of
from pipelines.settle import override
from pipelines.sides import OWN_WORDS, side_of

LATELY = 20
"""Runs that are listed."""
LONGEST_REASON = 500
NONE = "-"
HELD = ("blocked", "unmeasured", "failed", "stopped")


def evaluations_section() -> Section:
    ways = (
        Way("POST", "run", _run),
        Way("GET", "progress", _progress),
        Way("GET", "report", _report),
        Way("POST", "stop", _stop),
        Way("POST", "override", _override, Right.OVERRIDE),
    )
    return Section("evaluations", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, say = await chosen_line(call), words(call.language)
    runs = await call.services.evaluations.list(line.id, LATELY)
    questions = len(await call.services.golden.list(line.id))
    if not questions and not runs:
        return empty(say["eval_no_golden"])
    going = [run for run in runs if run.status in ("waiting", "running")]
    shown = "".join(f"<h3>{text(_title(run, say))}</h3>{progress(run, say)}" for run in going)
    if questions and not going:
        shown += await _form(line, questions, call)
    ended = [run for run in runs if run not in going]
    if ended:
        shown += (
            f"<h3>{text(_title(ended[0], say))}</h3>"
            f'<p class="xq-meta">{local_time(ended[0].created_at, call.zone)}</p>'
            f'<div id="xq-report">{await _read(ended[0], call)}</div>'
        )
    if len(ended) > 1:
        items = "".join([_item(run, await _outcome(run, call), call, say) for run in ended[1:]])
        shown += f'<h3>{text(say["eval_history"])}</h3><ul class="xq-golden">{items}</ul>'
    return shown


async def _form(line: BusinessLine, questions: int, call: Call) -> str:
    say = words(call.language)
    versions = await call.services.prompts.list(line.id)
    live = line.prompt.version if line.prompt else OWN_WORDS
    names = {str(OWN_WORDS): say["side_own_words"]}
    names |= {str(each.version): f"v{each.version} {each.note[:60]}".strip() for each in versions}
    names[str(live)] += say["eval_live"]
    waiting = [each.version for each in versions if each.status in ("draft", "candidate")]
    tried = str(waiting[0]) if waiting else str(live)
    compared = str(live) if waiting else NONE
    return (
        '<form class="xq-sys-form" data-post="evaluations/run">'
        + labelled(say["eval_after"], f'<select name="after">{options(names, tried)}</select>')
        + labelled(
            say["eval_before"],
            f'<select name="before">{options({NONE: say["eval_alone"], **names}, compared)}</select>',
        )
        + f'<button type="submit" class="xq-button xq-primary">{text(say["eval_run"].format(count=questions))}</button>'
        f'<label class="xq-check xq-judge"><input type="checkbox" name="judge" value="yes">{text(say["eval_judge"])}</label></form>'
    )


async def _read(run: Evaluation, call: Call) -> str:
    """The report, and under a publication that is held back the way around it for those who may."""
    say = words(call.language)
    pairs = pairs_of(await call.services.evaluations.results(run.id), both=bool(run.before))
    outcome = await _outcome(run, call)
    held = (
        run.kind == "gate"
        and outcome in HELD
        and await call.services.prompts.live(run.line) != run.after["prompt"]
    )
    aside = _override_form(run, say) if held and call.principal.may(Right.OVERRIDE) else ""
    return report(run, outcome, pairs, say, aside)


async def _outcome(run: Evaluation, call: Call) -> str:
    """What became of a gate's version: one that was held back may have been published all the same since."""
    outcome = outcome_of_gate(run)
    if run.kind != "gate" or outcome not in HELD:
        return outcome
    version = await call.services.prompts.get(run.line, int(run.after["prompt"]))
    since = version.published_at if version else None
    return "overridden" if since is not None and since >= run.created_at else outcome


def _override_form(run: Evaluation, say: Mapping[str, str]) -> str:
    return (
        f'<details class="xq-sys-more xq-override"><summary>{text(say["override"])}</summary>'
        '<form class="xq-sys-form" data-post="evaluations/override">'
        f'<input type="hidden" name="id" value="{text(run.id)}">'
        f'<label class="xq-field xq-wide"><span>{text(say["override_reason"])}</span>'
        f'<input type="text" name="reason" required maxlength="{LONGEST_REASON}" autocomplete="off"></label>'
        f'<button type="submit" class="xq-button xq-danger">'
        f"{text(say['override_publish'].format(version=run.after.get('prompt')))}</button></form></details>"
    )


def _item(run: Evaluation, outcome: str, call: Call, say: Mapping[str, str]) -> str:
    after, before = run.summary.get("after", {}), run.summary.get("before")
    counted = say["eval_passed"].format(
        passed=after.get("passed", 0), questions=run.summary.get("questions", 0)
    )
    change = (
        say["eval_change"].format(
            gained=len(run.summary.get("gained", ())), lost=len(run.summary.get("lost", ()))
        )
        if before
        else ""
    )
    tag = say[f"gate_tag_{outcome}"] if run.kind == "gate" else say[f"run_tag_{run.status}"]
    meta = " · ".join(filter(None, (local_time(run.created_at, call.zone), counted, change)))
    return (
        f'<li><strong>{text(_title(run, say))}</strong> <span class="xq-tag">{text(tag)}</span>'
        f'<div class="xq-meta">{text(meta)}</div><div class="xq-buttons">'
        f'<button type="button" class="xq-quiet" data-get="evaluations/report" data-query="id={text(run.id)}" '
        f'data-into="xq-report-{text(run.id)}" data-folds="yes" aria-expanded="false">{text(say["eval_open"])}</button></div>'
        f'<div id="xq-report-{text(run.id)}"></div></li>'
    )


def _title(run: Evaluation, say: Mapping[str, str]) -> str:
    after = side_name(run.after, say)
    if run.kind == "watch":
        causes: Sequence[str] = run.after.get("because", ())
        return say["eval_watch"].format(what=say["between"].join(say[f"cause_{cause}"] for cause in causes))
    if run.kind == "gate":
        return say["eval_gate"].format(after=after, before=side_name(run.before, say))
    if run.before:
        return say["eval_compared"].format(after=after, before=side_name(run.before, say))
    return after


async def _run(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    after, before = (_number(sent.get(name)) for name in ("after", "before"))
    judge = {"judge": True} if sent.get("judge") == "yes" else {}
    try:
        await call.services.runs.begin(
            call.services, line, side_of(line, after) | judge, None if before is None else side_of(line, before),
            actor=call.principal.actor,
        )  # fmt: skip
    except Unfit:
        raise Spoken(say["eval_no_golden"]) from None
    except NotFound:
        raise Spoken(say["eval_no_version"]) from None
    return told({"message": "", "reload": True})


async def _progress(call: Call) -> Response:
    """How far it is; once it has ended, what it found, and the section is shown anew with what can be done next."""
    run = await _mine(call, call.query("id"))
    if run.status in ("waiting", "running"):
        return fragment(progress(run, words(call.language)))
    return fragment(f"{await _read(run, call)}<span data-reload></span>")


async def _report(call: Call) -> Response:
    return fragment(await _read(await _mine(call, call.query("id")), call))


async def _stop(call: Call) -> Response:
    run = await _mine(call, str((await call.posted()).get("id", "")))
    await call.services.runs.stop(call.services, run)
    return told({"message": words(call.language)["eval_was_stopped"], "reload": True})


async def _override(call: Call) -> Response:
    say, sent = words(call.language), await call.posted()
    run = await _mine(call, str(sent.get("id", "")))
    line, version = await chosen_line(call), int(run.after["prompt"])
    try:
        reason = str(sent.get("reason", ""))[:LONGEST_REASON]
        await override(call.services, call.principal, line, version, reason)
    except (Unfit, Conflict) as error:
        raise Spoken(say["override_no_reason" if isinstance(error, Unfit) else "override_gone"]) from None
    return told({"message": say["override_done"].format(version=version), "reload": True})


async def _mine(call: Call, run_id: str) -> Evaluation:
    run = await run_of(call.services, run_id)
    call.principal.check_line(run.line)
    if run.line != (await chosen_line(call)).id:
        raise NotFound("There is no such evaluation on this line.")
    return run


def _number(value: Any) -> int | None:
    chosen = str(value if value is not None else NONE)
    if chosen == NONE:
        return None
    if not (chosen.isascii() and chosen.isdigit()):
        raise InvalidRequest("A version is a whole number.")
    return int(chosen)
