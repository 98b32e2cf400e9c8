"""What a prompt says to the engine about its part: a version's text, or XiaoQ's own words, and the rules after it.

Puts in what each placeholder stands for. Knows no window; compose.py sees to it that everything fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from core.hours import zone_of
from core.messages import BusinessLine, Passage, in_language
from pipelines.enclose import PASSAGES_TAG, Scope, defused
from pipelines.hours import MONTHS, WEEKDAYS, hours_text
from pipelines.persona import (
    FILE_RULES,
    GLOSSARY,
    LANGUAGE_NAMES,
    MAX_CHARACTERS,
    NO_CONTACT,
    NO_PASSAGES,
    PASSAGES_HEADING,
    PERSON,
    PERSONA,
    RULES,
    STYLE,
    fill,
)
from pipelines.placeholders import escaped, filled, names_in
from pipelines.redact import without_personal_data

_OWN_STYLE = {
    tongue: "\n" + fill(words, {"max_characters": str(MAX_CHARACTERS)}) for tongue, words in STYLE.items()
}
_ALWAYS = {"zh": "全天 24 小时", "en": "around the clock"}


@dataclass(frozen=True, slots=True)
class Profile:
    """The system message in the making. `places` is how often the passages stand in it, 0 where they follow the rules.

    `text` is the part before the rules with the passages still out.
    """

    text: str
    rules: str
    tongue: str
    places: int
    _values: Mapping[str, str]
    _template: str | None

    def message(self, passages: Sequence[str]) -> str:
        """The whole system message, with the passages as `shown_passage` gives them."""
        shown = enclosed(passages, self.tongue)
        if self._template is None or not self.places:
            return f"{self.text.strip()}\n\n{self.rules}\n\n{PASSAGES_HEADING[self.tongue]}\n{shown}"
        values = {**self._values, "passages": shown}
        return f"{filled(self._template, values.__getitem__).strip()}\n\n{self.rules}"


def profile_of(
    line: BusinessLine, language: str, *, system: str | None = None, files: Scope | None = None, now: datetime
) -> Profile:
    """The line's part, in the words of its version (`line.prompt`) or XiaoQ's own, or of a caller's `system`.

    `files`: how much of the conversation's files the prompt holds. `now` has a zone.
    """
    tongue = tongue_of(language)
    template = None if system or line.prompt is None else in_language(line.prompt.texts, language, "")
    names = _named(template) if template else ()
    values = _values(line, language, frozenset(names), now) if template else {}
    glossary = _names(line, tongue) if line.glossary else None
    rules = _rules(in_language(line.contact, language, ""), language, glossary, bool(template), files)
    text = (
        filled(template, {**values, "passages": ""}.__getitem__)
        if template
        else system or persona_of(line, tongue)
    )
    places = names.count("passages")
    return Profile(text, rules, tongue, places, values, template)


@lru_cache(512)
def _rules(contact: str, language: str, glossary: str | None, versioned: bool, files: Scope | None) -> str:
    """The rules that stay; remembered, since all questions to a line in one language have the same."""
    tongue = tongue_of(language)
    return fill(
        RULES[tongue],
        {
            "person": fill(PERSON[tongue], {"contact": contact}) if contact else NO_CONTACT[tongue],
            "customer_language": LANGUAGE_NAMES.get(language, language),
            "glossary": "" if glossary is None else fill(GLOSSARY[tongue], {"names": glossary}),
            "style": "" if versioned else _OWN_STYLE[tongue],
            "files": FILE_RULES[tongue][files] if files else "",
        },
    )


@lru_cache(512)
def _named(template: str) -> tuple[str, ...]:
    """A version's text stays as it is, so what it names does, too."""
    return tuple(names_in(template))


def tongue_of(language: str) -> str:
    """The language that XiaoQ's own words are in."""
    return "zh" if language.startswith("zh") else "en"


def persona_of(line: BusinessLine, tongue: str) -> str:
    """The line's own persona, or 小Q."""
    return (without_personal_data(line).persona or PERSONA[tongue]).strip()


def starter_texts(line: BusinessLine) -> Mapping[str, str]:
    """XiaoQ's own words as the text of a version: what a line without one says, to begin a draft from."""
    return {tongue: f"{escaped(persona_of(line, tongue))}\n{STYLE[tongue]}" for tongue in PERSONA}


def shown_passage(passage: Passage) -> str:
    """A passage as the engine reads it."""
    heading = f"[{passage.title} · {passage.document}]"
    question = f"{passage.question}\n" if passage.question else ""
    return defused(f"{heading}\n{question}{passage.text}")


def enclosed(passages: Sequence[str], tongue: str) -> str:
    """The passages between their tags, as data."""
    inside = "\n\n".join(passages) or NO_PASSAGES[tongue]
    return f"<{PASSAGES_TAG}>\n{inside}\n</{PASSAGES_TAG}>"


def _names(line: BusinessLine, tongue: str) -> str:
    return ("、" if tongue == "zh" else ", ").join(line.glossary)


def _values(line: BusinessLine, language: str, used: frozenset[str], now: datetime) -> Mapping[str, str]:
    """What the placeholders `used` stand for; what costs more than a look is made only where it is used."""
    tongue = tongue_of(language)
    values = {
        "line_name": in_language(line.names, language, line.id),
        "contact": in_language(line.contact, language, ""),
        "customer_language": LANGUAGE_NAMES.get(language, language),
        "glossary": _names(line, tongue),
        "max_characters": str(MAX_CHARACTERS),
    }
    if "persona" in used:
        values["persona"] = persona_of(line, tongue)
    if "hours" in used:
        values["hours"] = hours_text(line, language) or _ALWAYS[tongue]
    if used & {"today", "now"}:
        values |= _clock(now.astimezone(zone_of(line.time_zone)), line.time_zone, tongue)
    return values


def _clock(here: datetime, zone: str, tongue: str) -> Mapping[str, str]:
    day = WEEKDAYS[tongue][here.weekday()]
    today = (
        f"{here.year} 年 {here.month} 月 {here.day} 日 {day}"
        if tongue == "zh"
        else f"{day}, {here.day} {MONTHS[here.month - 1]} {here.year}"
    )
    return {"today": today, "now": f"{here:%H:%M} ({zone})"}
