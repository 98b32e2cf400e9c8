"""What is said where a conversation goes to a person: a promise, or when somebody is back; and the line's way to one.

Says how it is put, not when: route.py, screening.py and unanswered.py decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import yaml

from core.messages import BusinessLine, HandoffNote, in_language
from pipelines.hours import back_at, hours_text
from pipelines.sentences import sentences_in

HANDOFFS_FILE = Path(__file__).with_name("handoffs.yaml")


@dataclass(frozen=True, slots=True)
class HandoffSentences:
    """One language's; see handoffs.yaml. `away` holds `{time}`, `open_hours` `{hours}`."""

    over_to_staff: str
    away: str
    open_hours: str


@cache
def all_handoff_sentences() -> Mapping[str, HandoffSentences]:
    raw = yaml.safe_load(HANDOFFS_FILE.read_text(encoding="utf-8"))
    return {code: HandoffSentences(**entry) for code, entry in raw.items()}


def handoff_sentences_in(language: str) -> HandoffSentences:
    """`zh-Hant-TW` falls back to `zh-Hant`, then `zh`; unknown ones to English."""
    known, parts = all_handoff_sentences(), language.split("-")
    for length in range(len(parts), 0, -1):
        if found := known.get("-".join(parts[:length])):
            return found
    return known["en"]


def handoff_note(reason: str, line: BusinessLine, language: str, now: datetime | None = None) -> HandoffNote:
    """Why a person should take over, with the line's way to one; outside its hours with when somebody is back."""
    contact = in_language(line.contact, language, "")
    return HandoffNote(reason=reason, contact=f"{_away(line, language, now)}\n\n{contact}".strip())


def promised(line: BusinessLine, language: str, now: datetime | None = None) -> str:
    """The sentence that a person takes over; empty where nobody is there, which the note says then."""
    return "" if _away(line, language, now) else sentences_in(language).handoff_asked


def handed_over(note: HandoffNote, line: BusinessLine, language: str) -> str:
    """The whole reply to who asks for a person, or needs one."""
    return f"{promised(line, language)}\n\n{note.contact}".strip()


def given_up(note: HandoffNote, line: BusinessLine, language: str) -> str:
    """The whole reply where too many questions in a row found nothing."""
    nothing = sentences_in(language).nothing_found
    over = handoff_sentences_in(language).over_to_staff if promised(line, language) else ""
    return "\n\n".join(part for part in (f"{nothing} {over}".strip(), note.contact) if part)


def _away(line: BusinessLine, language: str, now: datetime | None) -> str:
    """Where the line tells its hours: when somebody is back, and the hours; empty while somebody is there."""
    if not (line.handoff.keep_open and line.hours):
        return ""
    back = back_at(line, language, now)
    if back is None:
        return ""
    said = handoff_sentences_in(language)
    away, hours = (
        said.away.replace("{time}", back),
        said.open_hours.replace("{hours}", hours_text(line, language)),
    )
    return f"{away}\n{hours}"
