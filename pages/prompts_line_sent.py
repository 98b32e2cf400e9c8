"""What a form of the business line sent, as the API would have it, and what is wrong with it in the reader's words.

Stores nothing.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from core.hours import DAYS
from pages.knowledge_calls import Spoken
from pages.prompts_line_fields import MINUTE

Sent = Mapping[str, Any]
Say = Mapping[str, str]
_BETWEEN_SPANS = re.compile(r"[,，、;；\n]+")
_LONE_HOUR = re.compile(r"(?<!\d)(\d):")
_DASHES = str.maketrans({"–": "-", "—": "-", "~": "-", "～": "-", "至": "-", "：": ":", " ": None})
NUMBERS = ("temperature", "top_p", "max_tokens", "after_unanswered", "cache_seconds")


def change_sent(group: str, sent: Sent) -> dict[str, Any]:
    """The fields of a group as /api/lines takes them; what cannot be read stays as it was typed, for the check to
    name."""
    return _READERS[group](sent)


def spoken(error: ValidationError, sent: Sent, say: Say) -> Spoken:
    """The first thing that is wrong, at the field where it was typed."""
    first = error.errors(include_url=False, include_input=False)[0]
    context = first.get("ctx", {})
    param = str(
        context.get("param")
        or ".".join(s for s in map(str, first["loc"]) if not s.isdigit() and s != "[key]")
    )
    field, _, tongue = param.partition(".")
    if param not in sent and tongue and tongue == sent.get("added"):
        param = f"{field}.added"
    if param not in sent:  # a rule about all languages of a field, say
        param = next((name for name in sent if name.startswith(f"{param}.")), param)
    return Spoken(_sentence(first["type"], context, param, say), param=param)


def _sentence(kind: str, context: Mapping[str, Any], param: str, say: Say) -> str:
    if param == "id":
        return say["line_bad_id"]
    if param.startswith("hours."):
        return say["line_bad_span"]
    if param == "time_zone":
        return say["line_bad_time_zone"]
    if param.endswith(".added") and kind == "string_pattern_mismatch":
        return say["line_bad_tongue"]
    if kind == "unfit":
        return say.get(f"line_bad_{context.get('reason')}", say["line_bad"])
    if kind in ("string_too_short", "too_short", "missing"):
        return say["line_bad_blank"]
    bounds = {
        "string_too_long": ("line_bad_long", "max_length"),
        "too_long": ("line_bad_many", "max_length"),
        "greater_than_equal": ("line_bad_least", "ge"),
        "less_than_equal": ("line_bad_most", "le"),
        "greater_than": ("line_bad_above", "gt"),
    }
    if kind in bounds:
        word, bound = bounds[kind]
        value = context.get(bound)
        if param == "frequent.cache_seconds" and isinstance(value, int):
            value = value // MINUTE
        return say[word].format(most=value, least=value)
    if param.rpartition(".")[2] in NUMBERS:
        return say["line_bad_whole" if kind.startswith("int") else "line_bad_number"]
    return say["line_bad"]


def _identity(sent: Sent) -> dict[str, Any]:
    return {
        "names": _localised(sent, "names"),
        "contact": _localised(sent, "contact"),
        "bases": _many(sent, "bases"),
    }


def _voice(sent: Sent) -> dict[str, Any]:
    suggestions = {language: _rows(written) for language, written in _localised(sent, "suggestions").items()}
    return {
        "persona": str(sent.get("persona", "")).strip() or None,
        "greeting": _localised(sent, "greeting"),
        "suggestions": suggestions,
    }


def _hours(sent: Sent) -> dict[str, Any]:
    days = {day: _spans(str(sent.get(f"hours.{day}", ""))) for day in DAYS}
    return {
        "time_zone": str(sent.get("time_zone", "")).strip(),
        "hours": {day: spans for day, spans in days.items() if spans},
    }


def _languages(sent: Sent) -> dict[str, Any]:
    rules = {
        "pinned": str(sent.get("languages.pinned", "")) or None,
        "allowed": _many(sent, "languages.allowed"),
        "forbidden": _many(sent, "languages.forbidden"),
    }
    return {"languages": rules, "glossary": _rows(str(sent.get("glossary", "")))}


def _handoff(sent: Sent) -> dict[str, Any]:
    rules = {
        "words": _rows(str(sent.get("handoff.words", ""))),
        "after_unanswered": _number(sent, "handoff.after_unanswered"),
        "keep_open": sent.get("handoff.keep_open") == "yes",
    }
    return {"handoff": rules}


def _generation(sent: Sent) -> dict[str, Any]:
    numbers = {name: _number(sent, f"generation.{name}") for name in ("temperature", "top_p", "max_tokens")}
    return {"generation": {**numbers, "model": str(sent.get("generation.model", "")).strip() or None}}


def _frequent(sent: Sent) -> dict[str, Any]:
    minutes = _number(sent, "frequent.cache_seconds")
    rules = {
        "approved": sent.get("frequent.approved") == "yes",
        "cache": sent.get("frequent.cache") == "yes",
        "cache_seconds": minutes * MINUTE if isinstance(minutes, int) else minutes,
    }
    return {"frequent": rules}


_READERS = {
    "identity": _identity,
    "voice": _voice,
    "hours": _hours,
    "languages": _languages,
    "handoff": _handoff,
    "generation": _generation,
    "frequent": _frequent,
}


def _localised(sent: Sent, field: str) -> dict[str, str]:
    """What is written in each language; an emptied one is gone."""
    found = {
        key.partition(".")[2]: str(value).strip()
        for key, value in sent.items()
        if key.startswith(f"{field}.") and key != f"{field}.added" and str(value).strip()
    }
    added = str(sent.get(f"{field}.added", "")).strip()
    if added:
        found[str(sent.get("added") or "added")] = added
    return found


def _rows(written: str) -> list[str]:
    return [row.strip() for row in written.splitlines() if row.strip()]


def _many(sent: Sent, name: str) -> list[str]:
    given = sent.get(name, [])
    return [str(value) for value in (given if isinstance(given, list) else [given])]


def _spans(written: str) -> Sequence[str]:
    """`9:00–18:00，20：00~22:00` as spans are written."""
    pieces = [piece.translate(_DASHES) for piece in _BETWEEN_SPANS.split(written) if piece.strip()]
    return [_LONE_HOUR.sub(r"0\1:", piece) for piece in pieces]


def _number(sent: Sent, name: str) -> float | int | str | None:
    """None for an empty field; what is no number stays as it is."""
    written = str(sent.get(name, "")).strip()[:40]
    if not written:
        return None
    try:
        number = float(written)
    except ValueError:
        return written
    return int(number) if number.is_integer() else number
