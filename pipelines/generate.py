"""Steps 8 to 10: compose the prompt, let the engine answer, and say which passages the answer stands on."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from core.errors import ContextOverflow
from core.events import Delta, Event, Sources
from core.messages import BusinessLine, Message, Mode, Question, Retrieval, Source
from core.ports import Engine, EngineChunk
from pipelines.compose import compose
from pipelines.draft import Draft

SHRINKS = 3
"""How often a prompt that the engine finds too long is halved: our count is an estimate, the engine's is not."""


async def generate(
    engine: Engine,
    question: Question,
    line: BusinessLine,
    retrieval: Retrieval,
    history: Sequence[Message],
    draft: Draft,
) -> AsyncGenerator[Event]:
    """Stream the engine's answer into `draft`, yielding Sources and Deltas. Raises EngineError."""
    window = engine.context_tokens
    for attempt in range(SHRINKS + 1):
        with draft.timed("compose"):
            request = compose(question, line, draft.language, retrieval, history, window, question.request_id)
        draft.prompt = "\n".join(message.content for message in request.messages)
        try:
            with draft.timed("generate"):
                async with aclosing(engine.stream(request)) as chunks:
                    async for chunk in chunks:
                        for event in _events(chunk, retrieval, draft):
                            yield event
            return
        except ContextOverflow:
            if attempt == SHRINKS or not draft.silent:
                raise
            window //= 2


def _events(chunk: EngineChunk, retrieval: Retrieval, draft: Draft) -> list[Event]:
    """What a chunk means for the reader: sources before the first words, then the words."""
    events: list[Event] = []
    draft.engine = chunk.engine or draft.engine
    draft.usage = chunk.usage or draft.usage
    draft.finish_reason = chunk.finish_reason or draft.finish_reason
    if not (chunk.text or chunk.extra or chunk.logprobs):
        return events
    if draft.mode is None:
        quoted = draft.engine == "quoted"
        draft.mode = Mode.QUOTED if quoted else Mode.GENERATED
        used = chunk.passages if chunk.passages is not None else retrieval.passages
        if used and (quoted or retrieval.answerable):
            draft.sources = tuple(map(Source.of, used))
            events.append(Sources(draft.sources))
    draft.say(chunk.text)
    if chunk.extra:
        draft.calls_tools = True
        draft.mark_first_token()
    events.append(Delta(chunk.text, chunk.extra, chunk.logprobs))
    return events
