"""Step 3: sensitive words in a question, and what they make of it; the answer's own screen comes from here, too.

Knows no automaton and no table; what was hit is noted without the words around it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

import structlog

from core.errors import StorageUnavailable
from core.messages import BusinessLine, Question, StoredTurn
from core.words import WordStore
from pipelines.draft import Draft
from pipelines.handoffs import handed_over, handoff_note
from pipelines.route import Route
from pipelines.sentences import sentences_in
from pipelines.words.lexicon import Lexicon
from pipelines.words.live import Words
from pipelines.words.stream import OutputScreen
from pipelines.words.tally import tally
from pipelines.words.verdict import Hit, Screened

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ScreenedQuestion:
    """A question as the engine may see it; `screen` makes the screen of an answer to it, by the same `lexicon`."""

    question: Question
    found: Screened
    lexicon: Lexicon
    screen: Callable[[], OutputScreen]

    def way(self, line: BusinessLine, language: str) -> Route | None:
        """Where a word decides: a refusal or a person; None where it does not."""
        if self.found.action not in ("block", "handoff"):
            return None
        note = handoff_note("sensitive", line, language)
        if self.found.action == "handoff":
            return Route("person", handed_over(note, line, language), note)
        return Route("refused", f"{sentences_in(language).refused}\n\n{note.contact}".strip(), note)


class Screening:
    """The word lists as a question's path uses them."""

    def __init__(self, words: Words, store: WordStore | None) -> None:
        self._words = words
        self._store = store

    def unnoted(self) -> "Screening":
        """The same screening, of which no hit is kept."""
        return Screening(self._words, None)

    def lexicon_at_hand(self) -> Lexicon | None:
        """The lists a question would be screened by now; None where they were never read."""
        return self._words.at_hand()

    async def question(self, question: Question, line: str, draft: Draft) -> ScreenedQuestion:
        """Screen the customer's own text; what is replaced is replaced in the dialogue, too."""
        with draft.timed("screen"):
            lexicon = await self._words.lexicon()
            found = lexicon.screen(question.text, line)
        draft.hits = found.hits
        if found.text != question.text:
            question = _with_text(question, found.text)
        return ScreenedQuestion(question, found, lexicon, partial(lexicon.stream, line))

    async def note(self, turn: StoredTurn, draft: Draft, output: Sequence[Hit]) -> None:
        """Keep what was hit in question and answer. A count that cannot be kept does not cost the answer."""
        now = datetime.now(UTC)
        hits = [
            *tally(draft.hits, line=turn.line, turn_id=turn.id, direction="input", at=now),
            *tally(output, line=turn.line, turn_id=turn.id, direction="output", at=now),
        ]
        if not hits or self._store is None:
            return
        try:
            await self._store.note(hits)
        except StorageUnavailable as error:
            log.warning("word_hits_not_noted", turn=turn.id, code=error.code)


def _with_text(question: Question, text: str) -> Question:
    """The question with other words, where its dialogue holds it as well."""
    messages = list(question.messages)
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].role == "user":
            messages[index] = replace(messages[index], content=text)
            break
    return replace(question, text=text, messages=tuple(messages))
