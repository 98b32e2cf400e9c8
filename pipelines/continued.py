"""Steps 8 and 9 for a text that is to be gone on from: no search, no persona, the text as it is.

Knows the engine's chunks and the reader's events; stores nothing.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from core.events import Delta, Event
from core.messages import Mode, Question
from core.ports import Engine, GenerationRequest
from pipelines.compose import within
from pipelines.draft import Draft


async def continued(engine: Engine, question: Question, draft: Draft) -> AsyncGenerator[Event]:
    """The engine's continuation as Deltas; how it came about is noted in `draft`. Raises EngineError."""
    draft.prompt, draft.mode = question.text, Mode.GENERATED
    request = GenerationRequest(
        messages=(),
        question=question.text,
        sampling=within(question.sampling, engine.context_tokens),
        language=draft.language,
        request_id=question.request_id,
        share=question.owner.partition("/")[0],
        prompt=question.text,
    )
    with draft.timed("generate"):
        async with aclosing(engine.stream(request)) as chunks:
            async for chunk in chunks:
                draft.engine = chunk.engine or draft.engine
                draft.usage = chunk.usage or draft.usage
                if chunk.finish_reason:
                    draft.choice(chunk.index).finish_reason = chunk.finish_reason
                if chunk.text or chunk.logprobs:
                    draft.heard = draft.heard or bool(chunk.text)
                    yield Delta(chunk.text, {}, chunk.logprobs, chunk.index)
