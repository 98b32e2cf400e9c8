"""The fields in which an operator sets a key's terms, and what they sent. It does not know what a term does."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from core.access import SCOPES
from core.limits import LARGEST_LIMIT, LIMIT_NAMES
from core.ports import NO_TERMS, KeyTerms
from pages.console_words import words
from pages.knowledge_calls import Call, Spoken
from pages.lists import text
from pages.system_section import labelled

A_DAY = timedelta(days=1)


def term_fields(terms: KeyTerms | None, call: Call) -> str:
    """Limits, the last day, and scopes, with what is set now."""
    say, now = words(call.language), terms or NO_TERMS
    numbers = "".join(
        labelled(
            say[f"limit_{name}"],
            f'<input type="number" name="{name}" min="1" max="{LARGEST_LIMIT}" step="1" inputmode="numeric" '
            f'placeholder="{text(say["limit_none"])}" value="{_written(getattr(now.limits, name))}">',
        )
        for name in LIMIT_NAMES
    )
    until = labelled(
        say["key_last_day"], f'<input type="date" name="last_day" value="{expiry_of(now, call)}">'
    )
    scopes = "".join(
        f'<label class="xq-check"><input type="checkbox" name="scopes" value="{scope}"'
        f"{' checked' if scope in now.scopes else ''}>{text(say[f'scope_{scope}'])}</label>"
        for scope in SCOPES
    )
    return (
        f'<div class="xq-sys-terms">{numbers}{until}</div>'
        f'<fieldset class="xq-sys-scopes"><legend>{text(say["key_scopes"])}</legend>{scopes}</fieldset>'
    )


def expiry_of(terms: KeyTerms, call: Call) -> str:
    """The last day on which the key is good, where the reader is; empty where there is none."""
    if terms.expires_at is None:
        return ""
    return f"{(terms.expires_at - timedelta(seconds=1)).astimezone(call.zone):%Y-%m-%d}"


def terms_of(sent: Mapping[str, Any], call: Call) -> dict[str, Any]:
    """What the fields say, as pipelines.key_terms takes it; an empty one is no limit. Raises Spoken."""
    scopes = sent.get("scopes", [])
    return {
        "scopes": [str(scope) for scope in (scopes if isinstance(scopes, list) else [scopes])],
        "expires_at": _end_of(str(sent.get("last_day") or ""), call),
        **{name: _number(str(sent.get(name) or ""), name, call) for name in LIMIT_NAMES},
    }


def number(value: int) -> str:
    return f"{value:,}"


def _written(value: int | None) -> str:
    return "" if value is None else str(value)


def _number(written: str, name: str, call: Call) -> int | None:
    if not written.strip():
        return None
    if not (written.isascii() and written.isdecimal() and 0 < int(written[:20]) <= LARGEST_LIMIT):
        raise Spoken(words(call.language)["key_bad_limit"], param=name)
    return int(written)


def _end_of(day: str, call: Call) -> datetime | None:
    """The end of that day, where the reader is."""
    if not day:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + A_DAY, time.min, call.zone)
    except (ValueError, OverflowError):
        raise Spoken(words(call.language)["key_bad_terms"], param="last_day") from None
