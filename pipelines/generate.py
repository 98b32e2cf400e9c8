"""Steps 8 to 10: compose the prompt, let the engine answer, and say which passages the answer stands on.

Knows the engine's chunks and the reader's events; searches nothing and stores nothing.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from core.errors import ContextOverflow
from core.events import Delta, Event, Sources
from core.messages import BusinessLine, Message, Mode, Question, Source
from core.ports import Engine, EngineChunk, TokenCounter
from pipelines.compose import Prompt, compose
from pipelines.draft import Draft
from pipelines.evidence import Evidence
from pipelines.sentences import sentences_in
from pipelines.tokens import ESTIMATE

SHRINKS = 3
"""How often a prompt that the engine finds too long is halved: our count is an estimate, the engine's is not."""


async def generate(
    engine: Engine,
    question: Question,
    line: BusinessLine,
    evidence: Evidence,
    history: Sequence[Message],
    draft: Draft,
    tokens: TokenCounter = ESTIMATE,
) -> AsyncGenerator[Event]:
    """The engine's answer as Sources and Deltas; how it came about is noted in `draft`. Raises EngineError."""
    window = engine.context_tokens
    for attempt in range(SHRINKS + 1):
        with draft.timed("compose"):
            prompt = compose(
                question, line, draft.language, evidence, history, window, question.request_id, tokens
            )
        draft.prompt = "\n".join(message.content for message in prompt.request.messages)
        try:
            with draft.timed("generate"):
                async with aclosing(engine.stream(prompt.request)) as chunks:
                    together = _Together()
                    async for chunk in chunks:
                        events = _events(chunk, evidence, prompt, draft)
                        for event in together.told(events, more=chunk.more):
                            yield event
            break
        except ContextOverflow:
            if attempt == SHRINKS or not draft.silent:
                raise
            window //= 2
    if prompt.files == "opening" and evidence.beyond_passages and not draft.silent:
        for index in range(1 + len(draft.further)):
            if _is_prose(question, draft.mode, draft.choice(index)):
                yield Delta(f"\n\n{sentences_in(draft.language).file_cut}", index=index)


class _Together:
    """Words that came at once go on as one piece: where an answer is late, what waits costs no more than a token."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def told(self, events: list[Event], *, more: bool) -> list[Event]:
        """What goes on now; `more`: others are about to come, without any wait."""
        told: list[Event] = []
        for event in events:
            if isinstance(event, Delta) and not (event.extra or event.logprobs or event.index):
                self._words.append(event.text)
            else:
                told += [*self._said(), event]
        return told if more else [*told, *self._said()]

    def _said(self) -> list[Event]:
        if not self._words:
            return []
        text = "".join(self._words)
        self._words.clear()
        return [Delta(text)]


def _is_prose(question: Question, mode: Mode | None, choice: Draft) -> bool:
    """Whether a sentence of ours may follow a model's answer: not after JSON, a call or an answer cut short."""
    machine = question.sampling.extra.keys() & {"response_format", "tools", "stop", "logprobs"}
    return mode is Mode.GENERATED and choice.finish_reason == "stop" and not machine


def _events(chunk: EngineChunk, evidence: Evidence, prompt: Prompt, draft: Draft) -> list[Event]:
    """What a chunk means for the reader: sources before the first words, then the words."""
    events: list[Event] = []
    draft.engine = chunk.engine or draft.engine
    draft.usage = chunk.usage or draft.usage
    if chunk.finish_reason:
        draft.choice(chunk.index).finish_reason = chunk.finish_reason
    if not (chunk.text or chunk.extra or chunk.logprobs):
        return events
    if draft.mode is None:
        draft.mode = Mode.QUOTED if draft.engine == "quoted" else Mode.GENERATED
        if draft.mode is Mode.QUOTED:
            used = evidence.passages if chunk.passages is None else chunk.passages
        else:
            used = evidence.stood_on(read_files=prompt.files in ("whole", "opening"))
        if used:
            draft.sources = tuple(map(Source.of, used))
            events.append(Sources(draft.sources))
    draft.heard = draft.heard or bool(chunk.text)
    if chunk.extra:
        draft.calls_tools = True
        draft.mark_first_token()
    events.append(Delta(chunk.text, chunk.extra, chunk.logprobs, chunk.index))
    return events
