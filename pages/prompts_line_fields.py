"""The fields of a business line as a form shows them, in groups that fold. Stores and checks nothing.

A field is named by its path in core/line_fields.py (`hours.mon`, `names.zh`), so that an error finds its place.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core.documents import SHARED_BASE
from core.hours import DAYS
from core.line_fields import fields_of
from core.messages import BusinessLine, in_language
from pages.chosen_line import line_names
from pages.console_words import words
from pages.lists import text
from pages.prompts_line_words import TONGUES
from pages.system_section import labelled, options
from pipelines.hours import hours_text

USUAL = ("zh", "en")
"""Languages whose fields stand there before anything is written in them."""
ZONES = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Asia/Bangkok",
    "Asia/Jakarta", "Asia/Kolkata", "Asia/Dubai", "Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Moscow",
    "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "Australia/Sydney", "UTC",
)  # fmt: skip
"""Offered; any other can be written."""

Say = Mapping[str, str]
MINUTE = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """What a group is shown with: the line, all lines' names by id, the reader's words and language."""

    line: BusinessLine
    names: Mapping[str, str]
    say: Say
    language: str


@dataclass(frozen=True, slots=True)
class Group:
    """`fields` are what it changes of a line; `facts` tells them in short while the group is folded."""

    name: str
    fields: Sequence[str]
    form: Callable[[Shown], str]
    facts: Callable[[Shown], str]


def group_html(group: Group, shown: Shown, *, opened: bool = False, saved: bool = False) -> str:
    """One group: its facts, and its form beneath."""
    say = shown.say
    done = f'<span class="xq-line-saved" role="status">{text(say["line_saved"])}</span>' if saved else ""
    return (
        f'<details class="xq-line-group" id="xq-line-{group.name}"{" open" if opened else ""}>'
        f"<summary><strong>{text(say[f'line_group_{group.name}'])}</strong>"
        f'<span class="xq-meta">{text(group.facts(shown))}</span></summary>'
        f'<form class="xq-line-form" data-post="line/change" data-unsaved="yes" data-stays="yes">'
        f'<input type="hidden" name="group" value="{group.name}">'
        f'<input type="hidden" name="was" value="{print_of(shown.line, group)}">'
        f'{group.form(shown)}<p class="xq-line-end">'
        f'<button type="submit" class="xq-button xq-primary">{text(say["save"])}</button>{done}</p></form></details>'
    )


def print_of(line: BusinessLine, group: Group) -> str:
    """What a group's fields are, in short: tells whether somebody changed them meanwhile."""
    fields = fields_of(line)
    return hashlib.sha256(orjson.dumps([fields[name] for name in group.fields])).hexdigest()[:16]


def tongues_of(*localised: Mapping[str, Any]) -> list[str]:
    """The usual languages, then those in which anything is written."""
    return list(dict.fromkeys([*USUAL, *(language for each in localised for language in each)]))


def _identity(shown: Shown) -> str:
    line, say = shown.line, shown.say
    fields = "".join(
        _text_field(f"names.{tongue}", _in("line_names", tongue, say), line.names.get(tongue, ""))
        + _text_field(
            f"contact.{tongue}", _in("line_contact", tongue, say), line.contact.get(tongue, ""), wide=True
        )
        for tongue in tongues_of(line.names, line.contact)
    )
    offered = {SHARED_BASE: say["line_base_shared"], **shown.names} | {
        base: shown.names.get(base, base) for base in line.bases if base != SHARED_BASE
    }
    offered.pop(line.id, None)
    return (
        fields
        + _added(
            shown, {"names": "line_names", "contact": "line_contact"}, tongues_of(line.names, line.contact)
        )
        + _choices("bases", say["line_bases"], offered, line.bases)
    )


def _voice(shown: Shown) -> str:
    line, say = shown.line, shown.say
    tongues = tongues_of(line.greeting, line.suggestions)
    persona = _area("persona", say["line_persona"], line.persona or "", 4, say["line_persona_default"])
    localised = "".join(
        _area(f"greeting.{tongue}", _in("line_greeting", tongue, say), line.greeting.get(tongue, ""), 2)
        + _area(
            f"suggestions.{tongue}",
            _in("line_suggestions", tongue, say),
            "\n".join(line.suggestions.get(tongue, ())),
            4,
        )
        for tongue in tongues
    )
    return persona + localised + _added(shown, {"greeting": "line_greeting"}, tongues)


def _hours(shown: Shown) -> str:
    line, say = shown.line, shown.say
    zones = "".join(f'<option value="{zone}">' for zone in ZONES)
    days = "".join(
        _text_field(f"hours.{day}", say[f"day_{day}"], ", ".join(line.hours.get(day, ()))) for day in DAYS
    )
    zone = labelled(
        say["line_time_zone"],
        f'<input type="text" name="time_zone" list="xq-line-zones" value="{text(line.time_zone)}" autocomplete="off">',
    )
    return (
        f'{zone}<datalist id="xq-line-zones">{zones}</datalist>'
        f'<p class="xq-meta xq-line-wide">{text(say["line_hours_hint"])}</p>{days}'
    )


def _languages(shown: Shown) -> str:
    line, say = shown.line, shown.say
    pinned = options({"": say["line_pinned_none"], **TONGUES}, line.languages.pinned or "")
    return (
        labelled(say["line_pinned"], f'<select name="languages.pinned">{pinned}</select>')
        + _folded("languages.allowed", say["line_allowed"], line.languages.allowed)
        + _folded("languages.forbidden", say["line_forbidden"], line.languages.forbidden)
        + _area("glossary", say["line_glossary"], "\n".join(line.glossary), 4)
    )


def _handoff(shown: Shown) -> str:
    rules, say = shown.line.handoff, shown.say
    return (
        _area("handoff.words", say["line_handoff_words"], "\n".join(rules.words), 3)
        + _number(
            "handoff.after_unanswered",
            say["line_after_unanswered"],
            rules.after_unanswered,
            say["line_never"],
        )
        + _check("handoff.keep_open", say["line_keep_open"], checked=rules.keep_open)
    )


def _generation(shown: Shown) -> str:
    own, say = shown.line.generation, shown.say
    numbers = "".join(
        _number(f"generation.{name}", say[f"line_{name}"], getattr(own, name), say["line_default"])
        for name in ("temperature", "top_p", "max_tokens")
    )
    model = labelled(
        say["line_model"],
        f'<input type="text" name="generation.model" value="{text(own.model or "")}" '
        f'placeholder="{text(say["line_default"])}" autocomplete="off">',
    )
    return f'{numbers}{model}<p class="xq-meta xq-line-wide">{text(say["line_generation_hint"])}</p>'


def _frequent(shown: Shown) -> str:
    rules, say = shown.line.frequent, shown.say
    minutes = max(1, rules.cache_seconds // MINUTE)
    return (
        _check("frequent.approved", say["line_approved"], checked=rules.approved)
        + _check("frequent.cache", say["line_cache"], checked=rules.cache)
        + _number("frequent.cache_seconds", say["line_cache_minutes"], minutes, "")
    )


def _short(written: str) -> str:
    return written if len(written) <= 60 else f"{written[:59]}…"


def _facts(*found: str) -> str:
    return " · ".join(fact for fact in found if fact)


GROUPS: Sequence[Group] = (
    Group(
        "identity", ("names", "contact", "bases"), _identity,
        lambda shown: _facts(in_language(shown.line.names, shown.language, ""), shown.line.id),
    ),
    Group(
        "voice", ("persona", "greeting", "suggestions"), _voice,
        lambda shown: _short(in_language(shown.line.greeting, shown.language, "")),
    ),
    Group(
        "hours", ("hours", "time_zone"), _hours,
        lambda shown: hours_text(shown.line, shown.language) or shown.say["line_always"],
    ),
    Group(
        "languages", ("languages", "glossary"), _languages,
        lambda shown: TONGUES.get(shown.line.languages.pinned or "", shown.say["line_pinned_none"]),
    ),
    Group(
        "handoff", ("handoff",), _handoff,
        lambda shown: shown.say["comma"].join(shown.line.handoff.words[:5]),
    ),
    Group(
        "generation", ("generation",), _generation,
        lambda shown: _facts(*(f"{shown.say[f'line_{name}']} {value}" for name in ("temperature", "top_p", "max_tokens", "model")
                               if (value := getattr(shown.line.generation, name)) is not None)) or shown.say["line_default"],
    ),
    Group("frequent", ("frequent",), _frequent, lambda shown: ""),
)  # fmt: skip


def _in(word: str, tongue: str, say: Say) -> str:
    return say[word].format(tongue=TONGUES.get(tongue, tongue))


def _text_field(name: str, label: str, value: str, *, wide: bool = False) -> str:
    shape = "xq-field xq-line-wide" if wide else "xq-field"
    return (
        f'<label class="{shape}"><span>{text(label)}</span>'
        f'<input type="text" name="{name}" value="{text(value)}" autocomplete="off"></label>'
    )


def _area(name: str, label: str, value: str, rows: int, placeholder: str = "") -> str:
    return (
        f'<label class="xq-field xq-line-wide"><span>{text(label)}</span>'
        f'<textarea name="{name}" rows="{rows}" placeholder="{text(placeholder)}">{text(value)}</textarea></label>'
    )


def _number(name: str, label: str, value: float | None, placeholder: str) -> str:
    written = "" if value is None else f"{value:g}"
    return labelled(
        label,
        f'<input type="text" inputmode="decimal" name="{name}" value="{written}" placeholder="{text(placeholder)}" '
        'autocomplete="off">',
    )


def _check(name: str, label: str, *, checked: bool) -> str:
    on = " checked" if checked else ""
    return f'<label class="xq-check xq-line-wide"><input type="checkbox" name="{name}" value="yes"{on}>{text(label)}</label>'


def _choices(name: str, legend: str, offered: Mapping[str, str], chosen: Sequence[str]) -> str:
    boxes = "".join(
        f'<label class="xq-check"><input type="checkbox" name="{name}" value="{text(value)}"'
        f"{' checked' if value in chosen else ''}>{text(label)}</label>"
        for value, label in offered.items()
    )
    return f'<fieldset class="xq-sys-scopes xq-line-wide"><legend>{text(legend)}</legend>{boxes}</fieldset>'


def _folded(name: str, legend: str, chosen: Sequence[str]) -> str:
    """Many boxes, folded away unless any is ticked."""
    names = ", ".join(TONGUES.get(tag, tag) for tag in chosen)
    return (
        f'<details class="xq-sys-more xq-line-wide"{" open" if chosen else ""}><summary>{text(legend)}'
        f"{f' · {text(names)}' if names else ''}</summary>{_choices(name, legend, TONGUES, chosen)}</details>"
    )


def _added(shown: Shown, fields: Mapping[str, str], there: Sequence[str]) -> str:
    """A place to write the fields in one more language."""
    say = shown.say
    others = {"": say["line_tongue"], **{tag: own for tag, own in TONGUES.items() if tag not in there}}
    inputs = "".join(
        _text_field(f"{name}.added", _in(word, say["line_tongue"], say), "", wide=True)
        for name, word in fields.items()
    )
    return (
        f'<details class="xq-sys-more xq-line-wide"><summary>{text(say["line_more_tongue"])}</summary>'
        f'<div class="xq-line-form">{labelled(say["line_tongue"], f"<select name=added>{options(others)}</select>")}'
        f"{inputs}</div></details>"
    )


def shown_of(line: BusinessLine, lines: Sequence[BusinessLine], language: str) -> Shown:
    names = line_names([each for each in lines if not each.archived], language)
    return Shown(line, names, words(language), language)
