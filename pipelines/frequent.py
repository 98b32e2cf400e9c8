"""Step 6: an answer that needs no model: one that people approved, else one from the cache.

Knows no door and no engine. Its first look is plain memory, so that a whole question may be answered without waiting.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from core.events import Event
from core.frequent import KnownAnswer
from core.messages import BusinessLine, Mode, Question, StoredTurn
from pipelines.approved import ApprovedAnswers
from pipelines.bases import searched
from pipelines.cached import CachedAnswers, stands_alone
from pipelines.draft import Draft
from pipelines.known import Make, given
from pipelines.normalised import form_of
from pipelines.screening import ScreenedQuestion
from pipelines.similar import SimilarAnswers

MACHINE = frozenset({"tools", "stop", "logprobs", "response_format"})
"""A caller who sends these wants the model's own words."""
LONGEST = 500
"""Characters of a question that many ask."""


class FrequentAnswers:
    """`on` False is as if no answer were known; without `cached`, approved ones are given alone, and without `similar`
    only to the very same question."""

    def __init__(
        self,
        approved: ApprovedAnswers,
        cached: CachedAnswers | None = None,
        similar: SimilarAnswers | None = None,
        *,
        on: bool = True,
    ) -> None:
        self.approved = approved
        self.cached = cached
        self.similar = similar
        self.on = on

    def at_hand(
        self, question: Question, line: BusinessLine, language: str, words: int
    ) -> tuple[Mode, KnownAnswer] | None:
        """See pipelines.at_once.AtHand."""
        if not (self.on and _may_be_known(question)):
            return None
        if (approved := self.approved_answer(question, line, language)) is not None:
            return Mode.APPROVED, approved
        if self.cached is None or any(self.approved.version(base) is None for base in searched(line)):
            return None  # an approved answer may have come a moment ago
        found = self.cached.at_hand(question, line, language, words)
        return None if found is None else (Mode.CACHED, found)

    async def or_make(
        self, question: Question, line: BusinessLine, screened: ScreenedQuestion, draft: Draft, make: Make
    ) -> AsyncGenerator[Event]:
        """The answer that is known already, else the one that `make` makes, once for all who ask at the same time."""
        async with aclosing(await self._events(question, line, screened, draft, make)) as events:
            async for event in events:
                yield event

    async def _events(
        self, question: Question, line: BusinessLine, screened: ScreenedQuestion, draft: Draft, make: Make
    ) -> AsyncGenerator[Event]:
        if not (self.on and _may_be_known(question)):
            return make(draft)
        await self.approved.current(searched(line))  # what this process changed a moment ago counts
        if (approved := self.approved_answer(question, line, draft.language)) is not None:
            return given(approved, Mode.APPROVED, draft)
        asking = self.cached and self.cached.asking(question, line, draft.language, screened)
        if self.cached is not None and asking and (found := self.cached.get(asking)) is not None:
            return given(found, Mode.CACHED, draft)
        if (alike := await self._alike(question, line, draft.language)) is not None:
            return given(alike, Mode.APPROVED, draft)
        return self.cached.made(asking, draft, make) if self.cached is not None and asking else make(draft)

    async def _alike(self, question: Question, line: BusinessLine, language: str) -> KnownAnswer | None:
        """The approved answer to a question of the same meaning, where the line wants that. What hangs on what was said
        before, or holds somebody's data, means nothing by itself."""
        if self.similar is None or not line.frequent.semantic or not stands_alone(question, line):
            return None
        return await self.similar.find(line, question.text, language)

    def approved_answer(self, question: Question, line: BusinessLine, language: str) -> KnownAnswer | None:
        """In memory, at once."""
        if not (self.on and line.frequent.approved and _may_be_known(question)):
            return None
        form = form_of(question.text)
        return self.approved.find(line, form, language) if form else None

    def is_withdrawn(self, question: Question, line: BusinessLine, language: str) -> bool:
        """Whether somebody called the answer of the cache wrong, and none is kept in its place."""
        if self.cached is None:
            return False
        keys = self.cached.keys(question, line, language, 0)
        return keys is not None and self.cached.is_refused(keys)

    async def called_wrong(self, turn: StoredTurn, line: BusinessLine) -> None:
        """A thumb down on an answer: where the cache may hold it, it is given no more. `line` has the version that the turn
        was answered under; where it has another, that version is gone."""
        version = line.prompt.version if line.prompt else None
        known = turn.record.mode in (Mode.GENERATED, Mode.CACHED) and turn.prompt_version == version
        if self.cached is None or not known:
            return
        await self.approved.current(searched(line))
        question = Question(turn.question, "", turn.channel, turn.request_id, line=line.id)
        keys = self.cached.keys(question, line, turn.record.language, 0)
        if keys is not None:
            await self.cached.refuse(line, keys, turn.id)

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        """Follow what other processes change."""
        if self.on:
            await self.approved.refresh(bases)
            if self.cached is not None:
                await self.cached.refresh()
            if self.similar is not None:
                await self.similar.refresh()

    async def aclose(self) -> None:
        if self.cached is not None:
            await self.cached.aclose()


def _may_be_known(question: Question) -> bool:
    """Whether what is asked for is an answer in words, one of them, in the line's own voice."""
    return (
        len(question.text) <= LONGEST
        and question.system is None
        and not question.continues
        and question.sampling.n == 1
        and not (question.sampling.extra and MACHINE & question.sampling.extra.keys())
        and not (question.messages and question.messages[-1].role != "user")
    )
