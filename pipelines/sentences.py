"""The fixed sentences of XiaoQ in every language it speaks, and the short messages it knows by heart.

Holds no logic of the conversation: it says how a thing is put, not when.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import yaml
from ahocorasick_rs import AhoCorasick

from pipelines.words.folding import Table

LONGEST_COURTESY = 40
"""Characters of a whole message that may be one."""
SENTENCES_FILE = Path(__file__).with_name("sentences.yaml")


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of one language; `name` is its own for itself. `person_requests` and `summary_requests` match inside a message,
    `person_words`, `greetings` and `thanks` match a whole one; `file_words` are what a request for a summary may hold besides, when
    it means a file as such. All are compared after `fold`."""

    name: str
    greeting: str
    other_language: str
    nothing_found: str
    handoff_asked: str
    refused: str
    engine_down: str
    you_are_welcome: str
    not_in_file: str
    only_passages: str
    file_cut: str
    person_requests: Sequence[str]
    person_words: Sequence[str]
    summary_requests: Sequence[str]
    file_words: Sequence[str]
    greetings: Sequence[str]
    thanks: Sequence[str]


_STROKES = str.maketrans("đłı", "dli")
_KEPT = Table(lambda character: " " if unicodedata.category(character)[0] in "PSZC" else character)


def fold(text: str) -> str:
    """Bring a short message into the form in which phrases are compared: width, case, punctuation and
    spacing do not matter."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().translate(_KEPT).split())


@cache
def all_sentences() -> Mapping[str, Sentences]:
    """Every language's sentences by code; read once, in the first question's time."""
    raw = yaml.safe_load(SENTENCES_FILE.read_text(encoding="utf-8"))
    return {code: _sentences(entry) for code, entry in raw.items()}


def _sentences(entry: Mapping[str, Any]) -> Sentences:
    def phrases(key: str) -> Sequence[str]:
        return tuple(fold(phrase) for phrase in entry[key])

    return Sentences(
        name=entry["name"],
        greeting=entry["greeting"],
        other_language=entry["other_language"],
        nothing_found=entry["nothing_found"],
        handoff_asked=entry["handoff_asked"],
        refused=entry["refused"],
        engine_down=entry["engine_down"],
        you_are_welcome=entry["you_are_welcome"],
        not_in_file=entry["not_in_file"],
        only_passages=entry["only_passages"],
        file_cut=entry["file_cut"],
        person_requests=_typed(phrases("person_requests")),
        person_words=_typed(phrases("person_words")),
        summary_requests=phrases("summary_requests"),
        file_words=phrases("file_words"),
        greetings=_typed(phrases("greetings")),
        thanks=_typed(phrases("thanks")),
    )


def _typed(phrases: Sequence[str]) -> Sequence[str]:
    """The phrases, and those in Latin letters as phones type them, without diacritics."""
    return tuple(dict.fromkeys([*phrases, *(plain for each in phrases if (plain := _plain(each)).isascii())]))


def _plain(text: str) -> str:
    return "".join(
        letter
        for letter in unicodedata.normalize("NFD", text).translate(_STROKES)
        if not unicodedata.combining(letter)
    )


def sentences_in(language: str) -> Sentences:
    """The sentences of a language; `zh-Hant-TW` falls back to `zh-Hant`, then `zh`; unknown ones to English."""
    return all_sentences()[spoken(language)]


@lru_cache(maxsize=1024)
def spoken(language: str) -> str:
    """In which of the languages that have sentences these are said to who speaks `language`."""
    known = all_sentences()
    parts = language.split("-")
    codes = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((code for code in codes if code in known), "en")


@cache
def person_words() -> frozenset[str]:
    """What asks for a person all by itself, in any language: a word alone hardly tells its own."""
    return frozenset(word for sentences in all_sentences().values() for word in sentences.person_words)


@lru_cache(maxsize=1024)
def understood(language: str) -> Sequence[Sentences]:
    """Whose phrases a message in this language is compared with: its own and, since customers mix them, Chinese
    and English."""
    return tuple(sentences_in(code) for code in dict.fromkeys((language, "zh", "en")))


def language_by_heart(text: str) -> str | None:
    """The one language whose greeting, thanks or word for a person a whole message is ("hola", "danke"); None where none or several."""
    spoken_in = languages_by_heart(text)
    return next(iter(spoken_in)) if len(spoken_in) == 1 else None


def first_by_heart(text: str) -> str | None:
    """The first of several languages that greet or thank so ("hallo"), where nothing says which of them it is."""
    spoken_in = languages_by_heart(text)
    return next((code for code in all_sentences() if code in spoken_in), None)


def languages_by_heart(text: str) -> frozenset[str]:
    """The languages of which a whole message is a greeting, thanks or a word for a person: "terima kasih" is of two."""
    return _courtesies().get(fold(text), frozenset()) if len(text) <= LONGEST_COURTESY else frozenset()


@cache
def _courtesies() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for code, sentences in all_sentences().items():
        for phrase in (*sentences.greetings, *sentences.thanks, *sentences.person_words):
            found.setdefault(phrase, set()).add(code)
    return {phrase: frozenset(codes) for phrase, codes in found.items()}


def mentions(folded: str, phrases: Sequence[str]) -> bool:
    """Whether a folded message holds one of the phrases."""
    return bool(_looking_for(tuple(phrases)).find_matches_as_indexes(f" {folded} "))


@lru_cache(maxsize=1024)
def _looking_for(phrases: tuple[str, ...]) -> AhoCorasick:
    """Every question is looked through for dozens of them. Spaced scripts match whole words; the others have no word
    borders to respect."""
    return AhoCorasick([f" {phrase} " if phrase.isascii() else phrase for phrase in phrases])


def summary_subject(text: str, language: str) -> str | None:
    """What a message wants summed up, which takes a reader and not a passage; None where it wants no summary.

    Empty where it means the file as such ("summarise this file"); else the message without its request
    ("the deposit", of "summarise the deposit"), to be searched for.
    """
    folded = fold(text)
    known = understood(language)
    requests = [phrase for sentences in known for phrase in sentences.summary_requests]
    if not mentions(folded, requests):
        return None
    subject = _without(folded, requests)
    return (
        subject if _without(subject, [word for sentences in known for word in sentences.file_words]) else ""
    )


def _without(folded: str, phrases: Sequence[str]) -> str:
    """A folded message without these phrases, the longest taken out first."""
    left = f" {folded} "
    for phrase in sorted(set(phrases), key=len, reverse=True):
        left = left.replace(f" {phrase} ", "  ") if phrase.isascii() else left.replace(phrase, " ")
        left = f" {' '.join(left.split())} "
    return left.strip()
