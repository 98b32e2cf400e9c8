"""Step 6, its second half: generated answers that are given again to the very same question, and made once for many.

Keeps them in memory, and in a cache that processes share where there is one; pipelines/answer_keys.py says when one is
stale. Knows no engine and no door.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import structlog

from core.errors import ServerStopping
from core.events import Event
from core.frequent import AnswerCache, KnownAnswer, RefusalStore
from core.hours import today_in
from core.messages import BusinessLine, Mode, Question
from core.vault import PLACEHOLDER
from pipelines.answer_keys import Grounds, answer_key, refusal_key
from pipelines.answer_memory import AnswerMemory
from pipelines.bases import searched
from pipelines.draft import Draft
from pipelines.flight import Flight
from pipelines.freshness import cause
from pipelines.introduced import introduces
from pipelines.known import Make, given
from pipelines.masking import find
from pipelines.normalised import form_of
from pipelines.parameters import sampling_for
from pipelines.redact import public_contacts
from pipelines.screening import ScreenedQuestion

log = structlog.get_logger()

_MOST_WORKED_OUT = 10_000
_OVERLAP = timedelta(minutes=1)
"""By how much the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Keys:
    answer: bytes
    refusal: bytes


@dataclass(frozen=True, slots=True)
class Asking:
    """One question that may be answered from the cache, and what its answer is looked at with before it is kept."""

    question: Question
    line: BusinessLine
    language: str
    screened: ScreenedQuestion
    keys: Keys


class CachedAnswers:
    """`version` gives the version of a base that searches stand on, None where that is not settled; `engine` names the
    model and how it is run, `speaker` the rung of the ladder that is it, `search` what finds passages beside the words;
    `public` as in the settings; `today` gives the date in a time zone."""

    def __init__(
        self,
        version: Callable[[str], int | None],
        engine: str,
        speaker: str,
        refusals: RefusalStore,
        shared: AnswerCache | None = None,
        memory: AnswerMemory | None = None,
        public: str = "",
        search: str = "",
        today: Callable[[str], date] = today_in,
    ) -> None:
        self._version, self._engine, self._speaker = version, engine, speaker
        self._search, self._today = search, today
        self._refusals, self._shared, self._public = refusals, shared, public
        self.memory = memory or AnswerMemory()
        self.outcomes: Counter[str] = Counter()
        """How often an answer was `hit`, `missed`, `shared` with one under way, and `refused` to be given."""
        self._flights: dict[bytes, Flight] = {}
        self._refused: set[bytes] = set()
        self._looked: datetime | None = None
        self._worked_out: dict[tuple[str, str], tuple[BusinessLine, tuple[Any, ...], Keys]] = {}
        """By line and form the keys as they were last, the very line, and what else they stand on."""

    def asking(
        self, question: Question, line: BusinessLine, language: str, screened: ScreenedQuestion
    ) -> Asking | None:
        """None where no cached answer may be given or kept."""
        keys = (
            self.keys(question, line, language, screened.lexicon.version) if not screened.found.hits else None
        )
        if keys is None or keys.refusal in self._refused:
            self.outcomes["refused"] += keys is not None
            return None
        return Asking(question, line, language, screened, keys)

    def keys(self, question: Question, line: BusinessLine, language: str, words: int) -> Keys | None:
        """In microseconds; None where an answer may depend on more than the keys hold."""
        if not (line.frequent.cache and stands_alone(question, line)):
            return None
        bases = [(base, version) for base in searched(line) if (version := self._version(base)) is not None]
        form = form_of(question.text)
        if not form or len(bases) < len(searched(line)):
            return None
        # the prompt's day, and the one by which FAQ pairs begin and end
        days = self._today(line.time_zone), self._today("UTC")
        stands_on = (language, bases, self._engine, words, question.sampling, days)
        last = self._worked_out.get((line.id, form))
        if last is None or last[0] is not line or last[1] != stands_on:
            sampling = sampling_for(line, question.sampling, line.prompt)
            grounds = Grounds(language, bases, self._engine, words, sampling, days, form, self._search)
            refusal = refusal_key(line, grounds)
            if len(self._worked_out) >= _MOST_WORKED_OUT:
                self._worked_out.clear()
            last = line, stands_on, Keys(answer_key(line, grounds, refusal), refusal)
            self._worked_out[line.id, form] = last
        return last[2]

    def at_hand(
        self, question: Question, line: BusinessLine, language: str, words: int
    ) -> KnownAnswer | None:
        """From memory, at once, for a question without a sensitive word."""
        keys = self.keys(question, line, language, words)
        if keys is None or keys.refusal in self._refused:
            return None
        found = self.memory.get(keys.answer)
        self.outcomes["hit"] += found is not None
        return found

    def get(self, asking: Asking) -> KnownAnswer | None:
        """From memory, at once."""
        found = self.memory.get(asking.keys.answer)
        self.outcomes["hit"] += found is not None
        return found

    async def made(self, asking: Asking, draft: Draft, make: Make) -> AsyncGenerator[Event]:
        """The answer made once for all who ask at the same time; who was told nothing by one that failed, makes it
        itself."""
        flight = self._flights.get(asking.keys.answer)
        mine = flight is None or flight.left
        if flight is None or flight.left:
            flight = self._begun(asking, make)
        self.outcomes["missed" if mine else "shared"] += 1
        silent = True
        try:
            async with aclosing(flight.listen()) as events:
                async for event in events:
                    silent = False
                    draft.follow(flight.draft, shared=not mine)
                    yield event
            draft.follow(flight.draft, shared=not mine)
            return
        except Exception as error:
            if mine or not silent or isinstance(error, ServerStopping):
                draft.follow(flight.draft, shared=not mine)
                raise
        async with aclosing(make(draft)) as own:
            async for event in own:
                yield event

    def _begun(self, asking: Asking, make: Make) -> Flight:
        draft, key = Draft(asking.language), asking.keys.answer

        async def landed(flight: Flight) -> None:
            try:
                if flight.error is None and draft.mode is Mode.GENERATED:
                    await self._keep(asking, flight)
            finally:
                if self._flights.get(key) is flight:
                    del self._flights[key]

        flight = self._flights[key] = Flight(draft, self._found_or_made(asking, draft, make), landed)
        return flight

    async def _found_or_made(self, asking: Asking, draft: Draft, make: Make) -> AsyncGenerator[Event]:
        making = make(draft)
        if self._shared is not None and (found := await self._shared.get(asking.keys.answer)) is not None:
            self.memory.put(asking.keys.answer, found, asking.line.frequent.cache_seconds)
            making = given(found, Mode.CACHED, draft)
        async with aclosing(making):
            async for event in making:
                yield event

    async def _keep(self, asking: Asking, flight: Flight) -> None:
        """Keep the answer where it may be given to anybody. Those who wait for it hear its end first."""
        await asyncio.sleep(0)
        text, draft, keys = flight.text, flight.draft, asking.keys
        if (
            draft.engine != self._speaker
            or not _is_complete(draft, text)
            or not self._is_anybodys(asking, text)
        ):
            return
        if self._now(asking) != keys or keys.refusal in self._refused:
            return  # something changed while it was made
        answer = KnownAnswer(
            text=text,
            sources=draft.sources,
            language=asking.language,
            engine=draft.engine,
            milliseconds=draft.timings()["total"],
        )
        self.memory.put(keys.answer, answer, asking.line.frequent.cache_seconds)
        if self._shared is not None:
            await self._shared.put(keys.answer, answer, asking.line.frequent.cache_seconds)

    def _now(self, asking: Asking) -> Keys | None:
        return self.keys(asking.question, asking.line, asking.language, asking.screened.lexicon.version)

    def _is_anybodys(self, asking: Asking, text: str) -> bool:
        """Whether the answer holds no sensitive word and nobody's data but the company's."""
        if introduces(form_of(asking.question.text)):
            return False
        screen = asking.screened.screen()
        screen.feed(text)
        screen.close()
        if screen.hits or PLACEHOLDER.search(text):
            return False
        public = public_contacts([asking.line], self._public)
        return all(one.value in public for one in find(text))

    def is_refused(self, keys: Keys) -> bool:
        return keys.refusal in self._refused

    async def refuse(self, line: BusinessLine, keys: Keys, turn_id: str | None = None) -> None:
        """Give this answer no more, here at once and elsewhere within seconds, and keep none in its place until what it
        stands on has changed."""
        self._refused.add(keys.refusal)
        self.memory.drop(keys.answer)
        await self._refusals.add(line.id, keys.refusal, turn_id)
        if self._shared is not None:
            await self._shared.drop(keys.answer)

    async def refresh(self) -> None:
        """Hear of what was refused elsewhere."""
        began = datetime.now(UTC)
        try:
            self._refused.update(await self._refusals.since(self._looked and self._looked - _OVERLAP))
        except Exception as error:  # noqa: BLE001 - asked again in two seconds
            log.warning("refused_answers_not_read", **cause(error))
            return
        self._looked = began

    async def aclose(self) -> None:
        flights: Sequence[Flight] = [*self._flights.values()]
        for flight in flights:
            await flight.aclose()
        if self._shared is not None:
            await self._shared.aclose()


def stands_alone(question: Question, line: BusinessLine) -> bool:
    """Whether nothing but the question and the line decides the answer."""
    return (
        question.conversation_id is None
        and question.replaces is None
        and not question.messages
        and not question.fresh
        and not ("[" in question.text and PLACEHOLDER.search(question.text))
        and not (line.prompt is not None and any("{now}" in text for text in line.prompt.texts.values()))
    )


def _is_complete(draft: Draft, text: str) -> bool:
    return (
        draft.finish_reason == "stop"
        and draft.handoff is None
        and not draft.calls_tools
        and not draft.further
        and not draft.suggestions  # what could not be answered is asked back each time
        and bool(text.strip())
    )
