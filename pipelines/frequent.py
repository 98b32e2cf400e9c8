"""Step 6: an answer that needs no model: one that people approved, else one from the cache.

Knows no door and no engine. Its first look is plain memory, so that a whole question may be answered without waiting.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import lru_cache

from core.events import Delta, Event, Sources
from core.frequent import KnownAnswer
from core.messages import BusinessLine, Mode, Question
from pipelines.approved import ApprovedAnswers
from pipelines.bases import searched
from pipelines.draft import Draft
from pipelines.normalised import normalised

MACHINE = frozenset({"tools", "stop", "logprobs", "response_format"})
"""A caller who sends these wants the model's own words."""
LONGEST = 500
"""Characters of a question that many ask."""

_form = lru_cache(10_000)(normalised)
"""Of masked texts; most of what is asked often is asked in few ways."""


class FrequentAnswers:
    """`on` False is as if no answer were known."""

    def __init__(self, approved: ApprovedAnswers, *, on: bool = True) -> None:
        self.approved = approved
        self._on = on

    async def or_make(
        self, question: Question, line: BusinessLine, draft: Draft, making: AsyncGenerator[Event]
    ) -> AsyncGenerator[Event]:
        """The answer that is known already, else the one that `making` makes; what this process changed a moment ago
        counts."""
        if self._on and _may_be_known(question):
            await self.approved.current(searched(line))
            if answer := self.approved_answer(question, line, draft.language):
                making = given(answer, Mode.APPROVED, draft)
        async with aclosing(making):
            async for event in making:
                yield event

    def at_hand(
        self, question: Question, line: BusinessLine, language: str
    ) -> tuple[Mode, KnownAnswer] | None:
        """See pipelines.at_once.AtHand."""
        answer = self.approved_answer(question, line, language)
        return None if answer is None else (Mode.APPROVED, answer)

    def approved_answer(self, question: Question, line: BusinessLine, language: str) -> KnownAnswer | None:
        """In memory, at once."""
        if not (self._on and line.frequent.approved and _may_be_known(question)):
            return None
        form = _form(question.text)
        return self.approved.find(line, form, language) if form else None

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        """Follow what other processes change."""
        if self._on:
            await self.approved.refresh(bases)


async def given(answer: KnownAnswer, mode: Mode, draft: Draft) -> AsyncGenerator[Event]:
    """A known answer as the events of one that is made."""
    draft.mode, draft.engine, draft.finish_reason = mode, answer.engine, answer.finish_reason
    draft.sources = answer.sources
    if answer.sources:
        yield Sources(answer.sources)
    yield Delta(answer.text)


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
