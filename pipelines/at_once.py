"""A question that can be answered from memory, answered without waiting: no thread, no disk, nothing worked out twice.

What was found out about a question's text a moment ago (nothing to mask, no sensitive word, its language, its way) holds
for the same text on the same line under the same word lists. Any other question goes the whole path of answer.py.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from core.events import Finished
from core.frequent import KnownAnswer
from core.messages import BusinessLine, Mode, Question, TurnRecord, TurnStatus, Usage
from core.ports import ConversationLog, LineStore
from core.vault import FORM
from pipelines.pinned import Versions
from pipelines.screening import Screening
from pipelines.tokens import estimate_tokens
from pipelines.words.lexicon import Lexicon

REMEMBERED = 10_000
"""Texts; the longest unused are forgotten first."""
LONGEST = 500
"""Characters of a text that is remembered."""
TIMINGS = {"first_token": 0, "total": 0}
"""Whole milliseconds, as they are for every step that takes less than half of one."""


class AtHand(Protocol):
    """Approved and cached answers, as far as they lie in memory."""

    def at_hand(
        self, question: Question, line: BusinessLine, language: str, words: int
    ) -> tuple[Mode, KnownAnswer] | None:
        """`words` is the version of the sensitive words."""
        ...


@dataclass(slots=True, eq=False)
class Ready:
    """An answer from memory, as it is told and kept each time it is given: all but its ids."""

    known: KnownAnswer
    mode: Mode
    record: TurnRecord
    finished: Finished
    """Its ids are empty."""
    made: dict[object, Any] = field(default_factory=dict)
    """What doors have made of it, by whatever they call that."""


@dataclass(slots=True, eq=False)
class Told:
    """One answer from memory, on its way to the disk."""

    ready: Ready
    conversation_id: str
    turn_id: str

    def finished(self) -> Finished:
        return replace(self.ready.finished, conversation_id=self.conversation_id, turn_id=self.turn_id)


@dataclass(slots=True)
class _Seen:
    """What one text came to. `ready` is an answer to it that holds no sensitive word."""

    line: BusinessLine
    lexicon: Lexicon
    language: str
    ready: Ready | None = None


class AtOnce:
    """Answers at once what it can; holds no state of any conversation."""

    def __init__(
        self,
        known: AtHand,
        log: ConversationLog,
        lines: LineStore,
        screening: Screening,
        versions: Versions,
        default_line: str,
    ) -> None:
        self._known = known
        self._versions = versions
        self._log = log
        self._lines = lines
        self._screening = screening
        self._default_line = default_line
        self._seen: OrderedDict[tuple[str, str], _Seen] = OrderedDict()

    def note(self, question: Question, line: BusinessLine, lexicon: Lexicon, language: str) -> None:
        """This text went through masking and screening unchanged, and on to a search."""
        if not stands_alone(question):
            return
        self._seen[line.id, question.text] = _Seen(line, lexicon, language)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    async def soon(self, question: Question) -> Told | None:
        """`answer`, after a moment where the log has its hands full with others: the whole path would fill them more."""
        told = self.answer(question)
        if told is None and (room := self.room(question)) and await asyncio.shield(room):
            return self.answer(question)
        return told

    def room(self, question: Question) -> "asyncio.Future[bool] | None":
        """What to wait for before `answer` is asked again; None where waiting would not help."""
        room = self._log.room()
        return room if room is not None and self._knows(question) else None

    def _knows(self, question: Question) -> bool:
        return (question.line or self._default_line, question.text) in self._seen and stands_alone(question)

    def answer(self, question: Question) -> Told | None:
        """The answer, on its way to the disk; None where the question is to go the whole path."""
        key = (question.line or self._default_line, question.text)
        seen = self._seen.get(key)
        if seen is None or not stands_alone(question):
            return None
        line = self._lines.at_hand(key[0])
        if line is not seen.line or line.archived or line.trial is not None:
            return None  # who is part of a test is drawn with the conversation
        if self._screening.lexicon_at_hand() is not seen.lexicon:
            return None
        found = self._known.at_hand(question, line, seen.language, seen.lexicon.version)
        ready = None if found is None else _ready(seen, *found)
        if ready is None:
            return None
        self._seen.move_to_end(key)
        ids = self._log.keep_soon(question, line.id, ready.record, self._versions.begin(line))
        return None if ids is None else Told(ready, *ids)


def _ready(seen: _Seen, mode: Mode, known: KnownAnswer) -> Ready | None:
    """None where the answer may not go out as it stands: it holds a word of the lists, or what looks like a placeholder."""
    ready = seen.ready
    if ready is not None and ready.known is known and ready.mode is mode:
        return ready
    if FORM.search(known.text) or seen.lexicon.screen(known.text, seen.line.id).hits:
        return None
    seen.ready = ready = _made_ready(seen, mode, known)
    return ready


def _made_ready(seen: _Seen, mode: Mode, known: KnownAnswer) -> Ready:
    timings = {**TIMINGS, "saved": known.milliseconds} if known.milliseconds else TIMINGS
    usage = Usage(0, estimate_tokens(known.text), estimated=True)
    record = TurnRecord(
        answer=known.text,
        mode=mode,
        status=TurnStatus.DONE,
        language=seen.language,
        engine=known.engine,
        sources=known.sources,
        timings=timings,
        usage=usage,
        finish_reason=known.finish_reason,
    )
    finished = Finished(
        conversation_id="",
        turn_id="",
        mode=mode,
        line=seen.line.id,
        language=seen.language,
        text=known.text,
        sources=known.sources,
        handoff=None,
        timings=timings,
        finish_reason=known.finish_reason,
        usage=usage,
        engine=known.engine,
    )
    return Ready(known, mode, record, finished)


def stands_alone(question: Question) -> bool:
    """Whether the text is all there is to the question: it begins a conversation and asks for one answer in words."""
    return (
        question.conversation_id is None
        and question.replaces is None
        and not question.messages
        and question.system is None
        and not question.continues
        and question.sampling.n == 1
        and not question.sampling.extra
        and len(question.text) <= LONGEST
    )
