"""The playground's form and its answers as HTML. Asks nobody; `static/console/playground.js` puts the pieces in place."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from core.messages import Mode
from pages.bubbles import footer
from pages.lists import text
from pages.system_section import labelled, options
from pipelines.playground import MOST_CONTENDERS, MOST_QUESTIONS

SPOKEN = ("pg_waiting", "pg_progress", "pg_done", "pg_stopped", "pg_lost", "pg_contender", "unreached")
"""Words that the script says itself."""
PARAMETERS = {
    "temperature": 'min="0" max="2" step="0.01"',
    "top_p": 'min="0.01" max="1" step="0.01"',
    "max_tokens": 'min="1" max="8192" step="1"',
}
MILLION = 1_000_000


def playground_form(versions: Mapping[str, str], chosen: Sequence[str], say: Mapping[str, str]) -> str:
    """The questions and the contenders, as many as are `chosen`; a further one is made of the template."""
    spoken = orjson.dumps({key: say[key] for key in SPOKEN}).decode()
    contenders = "".join(
        contender(number, versions, version, say, removable=False) for number, version in enumerate(chosen, 1)
    )
    return (
        f'<form class="xq-pg-form" data-playground data-most="{MOST_CONTENDERS}" data-words="{text(spoken)}">'
        f'<label class="xq-field xq-wide"><span>{text(say["pg_questions"].format(most=MOST_QUESTIONS))}</span>'
        f'<textarea name="questions" rows="3" required placeholder="{text(say["pg_placeholder"])}"></textarea></label>'
        f'<div class="xq-pg-contenders">{contenders}</div>'
        f"<template>{contender(0, versions, chosen[0], say, removable=True)}</template>"
        '<div class="xq-buttons xq-pg-buttons">'
        f'<button type="submit" class="xq-button xq-primary">{text(say["pg_run"])}</button>'
        f'<button type="button" class="xq-button" data-pg="stop" hidden>{text(say["pg_stop"])}</button>'
        f'<button type="button" class="xq-button" data-pg="add">{text(say["pg_add"])}</button>'
        f'<span class="xq-meta">{text(say["pg_keys"])}</span></div>'
        '<p class="xq-error" role="alert" hidden></p></form>'
        f'<div class="xq-pg-head" hidden><p class="xq-meta" role="status"></p><label class="xq-check">'
        f'<input type="checkbox" data-pg="marks"><span>{text(say["pg_marks"])}</span></label></div>'
        f'<div class="xq-chips xq-pg-switch" role="group" aria-label="{text(say["pg_switch"])}" hidden></div>'
        '<div class="xq-pg"></div>'
    )


def contender(
    number: int, versions: Mapping[str, str], chosen: str, say: Mapping[str, str], *, removable: bool
) -> str:
    fields = "".join(
        labelled(say[f"pg_{name}"], f'<input type="number" name="{name}" {range_}>')
        for name, range_ in PARAMETERS.items()
    )
    model = labelled(say["pg_model"], '<input type="text" name="model" maxlength="200" autocomplete="off">')
    return (
        f'<fieldset class="xq-pg-contender"><legend>{text(say["pg_contender"].format(number=number))}</legend>'
        + labelled(say["pg_version"], f'<select name="version">{options(versions, chosen)}</select>')
        + f'<details><summary>{text(say["pg_parameters"])}</summary><div class="xq-pg-terms">{fields}{model}</div></details>'
        + f'<button type="button" class="xq-quiet" data-pg="remove"{"" if removable else " hidden"}>{text(say["pg_remove"])}</button></fieldset>'
    )


def facts_line(outcome: Mapping[str, Any], currency: str, language: str, say: Mapping[str, str]) -> str:
    """Mode, times, tokens and cost of one answer, in a line."""
    usage, spent = outcome["usage"], outcome["cost"]
    steps = {"first_token": outcome["first_token_ms"], "total": outcome["total_ms"]}
    timings = {step: taken for step, taken in steps.items() if taken is not None}
    parts = [footer(Mode(outcome["mode"]), timings, language)]
    if usage:
        key = "pg_tokens_about" if usage["estimated"] else "pg_tokens"
        counts = {"prompt": f"{usage['prompt_tokens']:,}", "completion": f"{usage['completion_tokens']:,}"}
        parts.append(say[key].format(**counts))
    if spent is not None:
        parts.append(say["pg_cost"].format(cost=f"{money(spent)} {currency}".strip()))
    return text(" · ".join(parts))


def money(millionths: int) -> str:
    """An amount of the currency with as many places as say something: `0.000182`, `1.25`."""
    return f"{millionths / MILLION:.6f}".rstrip("0").rstrip(".")


def sources_list(sources: Sequence[Mapping[str, Any]], say: Mapping[str, str]) -> str:
    if not sources:
        return ""
    items = "".join(
        f"<li>{text(' · '.join(filter(None, (one['document'], one['title'], one['location']))))}</li>"
        for one in sources
    )
    title = text(say["pg_sources"].format(count=len(sources)))
    return f'<details class="xq-pg-sources"><summary>{title}</summary><ul>{items}</ul></details>'


def keep_form(question: str, answer: str, place: str, say: Mapping[str, str]) -> str:
    """Saving an answer as the golden one: its text, and what any right answer must contain. `place` is an id of its
    own, where it is said that it was saved."""
    return (
        f'<details class="xq-pg-keep"><summary>{text(say["pg_keep"])}</summary>'
        f'<form class="xq-sys-form" data-post="playground/keep" data-into="{place}" '
        f'data-unsaved="{text(say["pg_unsaved"])}" data-stays="yes" '
        f'aria-label="{text(say["pg_keep_title"])}">'
        f'<input type="hidden" name="question" value="{text(question)}">'
        f'<label class="xq-field xq-wide"><span>{text(say["pg_reference"])}</span>'
        f'<textarea name="reference" rows="4">{text(answer)}</textarea></label>'
        f'<label class="xq-field xq-wide"><span>{text(say["pg_facts"])}</span>'
        '<textarea name="facts" rows="2" required></textarea></label>'
        f'<p class="xq-meta">{text(say["pg_facts_hint"])}</p>'
        f'<button type="button" class="xq-button" data-pg="fact">{text(say["pg_selection"])}</button>'
        f'<button type="submit" class="xq-button xq-primary">{text(say["pg_keep"])}</button></form>'
        f'<div id="{place}" aria-live="polite"></div></details>'
    )


def marked_answer(pieces: Sequence[tuple[bool, str]]) -> str:
    """An answer as plain text, with what the first one has not standing out."""
    shown = "".join(f"<mark>{text(piece)}</mark>" if new else text(piece) for new, piece in pieces)
    return shown.replace("\n", "<br>")
