"""The Prompts tab's A/B tests: begun, watched while they run, stopped, won, and those that were.

Computes nothing: pipelines/experiments.py does.
"""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from core.access import Right
from core.errors import Conflict, InvalidRequest, NotFound
from core.experiments import Experiment
from core.messages import BusinessLine
from core.prompts import PromptVersion
from pages.chosen_line import chosen_line
from pages.console_words import words
from pages.experiment_html import figures_table, verdict_line
from pages.knowledge_calls import Call, Spoken, fragment, told
from pages.lists import empty, local_time, text
from pages.system_section import Section, Way, labelled, options
from pipelines.experiments import (
    LEAST_MINIMUM,
    USUAL_MINIMUM,
    USUAL_SHARE,
    figures_of,
    find_test,
    promote_winner,
    start_test,
    stop_test,
)

REFRESH_MILLISECONDS = 10_000
LONGEST_NOTE = 60


def experiments_section() -> Section:
    ways = (
        Way("POST", "start", _start),
        Way("GET", "figures", _figures),
        Way("POST", "stop", _stop),
        Way("POST", "promote", _promote),
    )
    return Section("experiments", Right.MANAGE, _show, ways)


async def _show(call: Call) -> str:
    line, say = await chosen_line(call), words(call.language)
    tests = await call.services.experiments.list(line.id)
    running = [await _running(test, call) for test in tests if test.status == "running"]
    shown = "".join(running) or await _form(line, call)
    over = [await _over(test, call) for test in tests if test.status != "running"]
    if over:
        shown += f'<h3>{text(say["ab_history"])}</h3><ul class="xq-sys-list">{"".join(over)}</ul>'
    return shown


async def _form(line: BusinessLine, call: Call) -> str:
    """What begins a test; where there is nothing to compare, what to do first."""
    say = words(call.language)
    live = await call.services.prompts.live(line.id)
    if live is None:
        return empty(say["ab_no_live"])
    published = [one for one in await call.services.prompts.list(line.id) if one.status == "published"]
    names = {str(one.version): _name(one) for one in published}
    others = {number: name for number, name in names.items() if number != str(live)}
    if not others:
        return empty(say["ab_no_other"].format(live=live))
    return (
        '<form class="xq-sys-form" data-post="experiments/start">'
        f'<input type="hidden" name="champion" value="{live}">'
        + labelled(
            say["ab_champion"],
            f'<input type="text" value="{text(names.get(str(live), f"v{live}"))}" readonly>',
        )
        + labelled(say["ab_challenger"], f'<select name="challenger">{options(others)}</select>')
        + labelled(
            say["ab_share"],
            f'<input type="number" name="share" min="1" max="99" value="{USUAL_SHARE * 100:.0f}" required>',
        )
        + labelled(
            say["ab_minimum"],
            f'<input type="number" name="minimum" min="{LEAST_MINIMUM}" value="{USUAL_MINIMUM}" required>',
        )
        + f'<button type="submit" class="xq-button xq-primary">{text(say["ab_start"])}</button></form>'
    )


def _name(version: PromptVersion) -> str:
    note = version.note if len(version.note) <= LONGEST_NOTE else f"{version.note[:LONGEST_NOTE]}…"
    return f"v{version.version} · {note}" if note else f"v{version.version}"


async def _running(test: Experiment, call: Call) -> str:
    say = words(call.language)
    facts = say["ab_facts"].format(
        time=local_time(test.started_at, call.zone), share=f"{test.share * 100:g}%", **_versions(test)
    )
    return (
        f"<h3>{text(say['ab_versus'].format(**_versions(test)))}</h3>"
        f'<p class="xq-meta">{text(facts)}</p>{await _watched(test, call)}'
        f'<p class="xq-meta">{text(say["ab_note"])}</p>'
    )


async def _watched(test: Experiment, call: Call) -> str:
    """Verdict, figures and what can be done, as they are now; fetched anew while the test runs."""
    say, figures = words(call.language), await figures_of(call.services, test)
    won = figures["verdict"] == "challenger_better"
    buttons = (_button("promote", test, say, " xq-primary") if won else "") + _button("stop", test, say, "")
    return (
        f'<div data-refresh="experiments/figures?id={text(test.id)}" data-every="{REFRESH_MILLISECONDS}">'
        f"{verdict_line(figures, test.minimum, say, over=False)}{figures_table(figures, say)}"
        f'<div class="xq-buttons xq-ab-buttons">{buttons}</div></div>'
    )


def _button(way: str, test: Experiment, say: Mapping[str, str], look: str) -> str:
    label = say[f"ab_{way}"].format(**_versions(test))
    ask = say[f"ab_{way}_ask"].format(**_versions(test))
    return (
        f'<button type="button" class="xq-button{look}" data-post="experiments/{way}" data-id="{text(test.id)}" '
        f'data-ask="{text(ask)}" data-yes="{text(label)}">{text(label)}</button>'
    )


async def _over(test: Experiment, call: Call) -> str:
    say, figures = words(call.language), await figures_of(call.services, test)
    ended = local_time(test.ended_at, call.zone) if test.ended_at else ""
    facts = say["ab_ended_facts"].format(start=local_time(test.started_at, call.zone), end=ended)
    return (
        f"<li><details><summary><strong>{text(say['ab_versus'].format(**_versions(test)))}</strong> "
        f'<span class="xq-tag">{text(say[f"ab_was_{test.status}"])}</span> '
        f'<span class="xq-meta">{text(facts)}</span></summary>'
        f"{verdict_line(figures, test.minimum, say, over=True)}{figures_table(figures, say)}</details></li>"
    )


def _versions(test: Experiment) -> dict[str, int]:
    return {"champion": test.champion, "challenger": test.challenger, "minimum": test.minimum}


async def _start(call: Call) -> Response:
    line, say, sent = await chosen_line(call), words(call.language), await call.posted()
    bad = Spoken(say["ab_bad_start"].format(least=LEAST_MINIMUM))
    champion, challenger, share, minimum = (
        _whole(sent, name, bad) for name in ("champion", "challenger", "share", "minimum")
    )
    if await call.services.prompts.live(line.id) != champion:
        raise Spoken(say["ab_live_changed"])
    try:
        await start_test(
            call.services, line, call.principal.actor, challenger,
            champion=champion, share=share / 100, minimum=minimum,
        )  # fmt: skip
    except Conflict:
        raise Spoken(say["ab_runs_already"]) from None
    except InvalidRequest:
        raise bad from None
    return told({"message": say["ab_started"], "reload": True})


def _whole(sent: Mapping[str, Any], name: str, bad: Spoken) -> int:
    given = str(sent.get(name, "")).strip()
    if not given.isdecimal() or len(given) > 9:
        raise bad
    return int(given)


async def _figures(call: Call) -> Response:
    test = await _mine(call, call.query("id"))
    if test.status != "running":
        say = words(call.language)
        return fragment(f'<p class="xq-verdict no" role="status">{text(say["ab_over"])}</p>')
    return fragment(await _watched(test, call))


async def _stop(call: Call) -> Response:
    test, say = await _posted(call), words(call.language)
    try:
        await stop_test(call.services, test, call.principal.actor)
    except Conflict:
        raise Spoken(say["ab_over"]) from None
    return told({"message": say["ab_stopped"], "reload": True})


async def _promote(call: Call) -> Response:
    test, say, line = await _posted(call), words(call.language), await chosen_line(call)
    try:
        await promote_winner(call.services, line, test, call.principal.actor)
    except Conflict:
        raise Spoken(say["ab_not_better"]) from None
    return told({"message": say["ab_promoted"].format(**_versions(test)), "reload": True})


async def _posted(call: Call) -> Experiment:
    return await _mine(call, str((await call.posted()).get("id", ""))[:100])


async def _mine(call: Call, experiment_id: str) -> Experiment:
    """A test of the line that the tab is about. Raises NotFound."""
    line, test = await chosen_line(call), await find_test(call.services, experiment_id)
    if test.line != line.id:
        raise NotFound("There is no such A/B test on this line.", param="id")
    return test
