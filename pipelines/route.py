"""Decides, before any search, whether a message needs one: some want a person, some are only polite.

Reads the message and the line; knows neither the knowledge base nor the engine.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from core.messages import BusinessLine, HandoffNote, Question
from pipelines.conceal import without_placeholders
from pipelines.handoffs import handed_over, handoff_note
from pipelines.sentences import fold, mentions, person_words, sentences_in, spoken, understood

SHORT = 40
"""Courtesies are matched on whole messages no longer than this many characters."""


@dataclass(frozen=True, slots=True)
class Route:
    """`answer` is the whole reply where one is known; `search` goes on to the knowledge base, `continue` to the model.
    `approved` is a search that an approved answer spares."""

    kind: Literal["search", "courtesy", "person", "refused", "continue", "approved"]
    answer: str = ""
    note: HandoffNote | None = None


def route(text: str, line: BusinessLine, language: str) -> Route:
    """The way a message takes. A request for a person is obeyed in the message's language or in English or
    Chinese, since customers mix them; a word alone ("operator") in any."""
    folded = fold(without_placeholders(text))
    wish = folded.replace("人工智能", "ai")  # it begins like a person's desk and means a machine
    if wish in person_words() or mentions(wish, _person_requests(language)):
        return _to_a_person("asked", line, language)
    if line.handoff.words and mentions(folded, _folded(tuple(line.handoff.words))):
        return _to_a_person("rule", line, language)
    if len(folded) <= SHORT:
        tried = understood(language)
        if any(folded in sentences.greetings for sentences in tried):
            return Route("courtesy", line.greeting.get(spoken(language)) or sentences_in(language).greeting)
        if any(folded in sentences.thanks for sentences in tried):
            return Route("courtesy", sentences_in(language).you_are_welcome)
    return Route("search")


def way_of(question: Question, line: BusinessLine, language: str) -> Route:
    """The way of a question, or of a text that is to be gone on from."""
    return Route("continue") if question.continues else route(question.text, line, language)


def _to_a_person(reason: str, line: BusinessLine, language: str) -> Route:
    note = handoff_note(reason, line, language)
    return Route("person", handed_over(note, line, language), note)


@lru_cache(maxsize=1024)
def _person_requests(language: str) -> tuple[str, ...]:
    """All that a question in this language is looked through for, in one go."""
    return tuple(phrase for sentences in understood(language) for phrase in sentences.person_requests)


@lru_cache(maxsize=256)
def _folded(words: tuple[str, ...]) -> tuple[str, ...]:
    """Remembered, since every question of a line asks for its words."""
    return tuple(folded for word in words if (folded := fold(word)))
