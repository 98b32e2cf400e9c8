"""An answer that is known already, as the events of one that is made.

Knows no place where answers are kept.
"""

from collections.abc import AsyncGenerator, Callable

from core.events import Delta, Event, Sources
from core.frequent import KnownAnswer
from core.messages import Mode
from pipelines.draft import Draft

Make = Callable[[Draft], AsyncGenerator[Event]]
"""Makes an answer and notes in the draft how it came about."""


async def given(answer: KnownAnswer, mode: Mode, draft: Draft) -> AsyncGenerator[Event]:
    draft.mode, draft.engine, draft.finish_reason = mode, answer.engine, answer.finish_reason
    draft.sources = answer.sources
    if answer.milliseconds:
        draft.note("saved", answer.milliseconds)
    if answer.sources:
        yield Sources(answer.sources)
    yield Delta(answer.text)
