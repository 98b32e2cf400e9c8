"""The fixed sentences of XiaoQ in every language it speaks, and the short messages it knows by heart.

Holds no logic of the conversation: it says how a thing is put, not when.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SENTENCES_FILE = Path(__file__).with_name("sentences.yaml")


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of one language. `person_requests` match inside a message, `greetings` and `thanks`
    match a whole one; all three are compared after `fold`."""

    nothing_found: str
    handoff_asked: str
    engine_down: str
    you_are_welcome: str
    person_requests: Sequence[str]
    greetings: Sequence[str]
    thanks: Sequence[str]


def fold(text: str) -> str:
    """Bring a short message into the form in which phrases are compared: width, case, punctuation and
    spacing do not matter."""
    kept = (
        " " if unicodedata.category(c)[0] in "PSZC" else c
        for c in unicodedata.normalize("NFKC", text).casefold()
    )
    return " ".join("".join(kept).split())


@cache
def all_sentences() -> Mapping[str, Sentences]:
    """Every language's sentences by code; read once, in the first question's time."""
    raw = yaml.safe_load(SENTENCES_FILE.read_text(encoding="utf-8"))
    return {code: _sentences(entry) for code, entry in raw.items()}


def _sentences(entry: Mapping[str, Any]) -> Sentences:
    def phrases(key: str) -> Sequence[str]:
        return tuple(fold(phrase) for phrase in entry[key])

    return Sentences(
        nothing_found=entry["nothing_found"],
        handoff_asked=entry["handoff_asked"],
        engine_down=entry["engine_down"],
        you_are_welcome=entry["you_are_welcome"],
        person_requests=phrases("person_requests"),
        greetings=phrases("greetings"),
        thanks=phrases("thanks"),
    )


def sentences_in(language: str) -> Sentences:
    """The sentences of a language; `zh-Hant-TW` falls back to `zh-Hant`, then `zh`; unknown ones to English."""
    known = all_sentences()
    parts = language.split("-")
    for length in range(len(parts), 0, -1):
        if found := known.get("-".join(parts[:length])):
            return found
    return known["en"]
