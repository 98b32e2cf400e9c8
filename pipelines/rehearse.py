"""Answers a question as a customer of a line would get it, with nothing stored: for trials and for golden questions.

Takes no step of its own. It goes the path of pipelines/answer.py with a log that keeps nothing and a line as it
might be: `replace(line, prompt=version)` tries a version that is not live.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from core.errors import NotFound
from core.events import Event
from core.messages import (
    UNSAID,
    BusinessLine,
    Channel,
    ConversationSummary,
    Message,
    Question,
    Sampling,
    StoredTurn,
    TurnRecord,
    TurnStatus,
)
from core.prompts import Parameters
from core.vault import Masking, MaskWith, VaultEntry

if TYPE_CHECKING:
    from pipelines.answer import AnswerPipeline

SEED = 20_260
OWNER = "rehearsal:"
"""Whose turn it is where engines are busy: all rehearsals together take turns with each key."""


async def rehearse(
    answer: "AnswerPipeline",
    line: BusinessLine,
    text: str,
    *,
    sampling: Sampling | None = None,
    messages: Sequence[Message] = (),
    request_id: str = "rehearsal",
    owner: str = OWNER,
) -> AsyncGenerator[Event]:
    """The events of the answer, as `AnswerPipeline.ask` yields them; their ids lead nowhere.

    `sampling` None is what a customer gets. `messages` is the dialogue whose last message is `text`, where there was
    one. No A/B test picks the version, and no cached answer is given or kept. Closing the generator stops the engine.
    Raises NotFound for an archived line.
    """
    line = replace(line, trial=None, frequent=replace(line.frequent, cache=False, semantic=False))
    question = Question(
        text=text,
        owner=owner,
        channel="console",
        request_id=request_id,
        line=line.id,
        messages=tuple(messages),
        sampling=sampling or UNSAID,
    )
    async with aclosing(answer.rehearsing(OneLine(line), Forgetful()).ask(question)) as events:
        async for event in events:
            yield event


def steadied(line: BusinessLine) -> BusinessLine:
    """The line with temperature 0 where neither its version nor it says another: what is under test stays as it is."""
    own = line.prompt.parameters if line.prompt else Parameters()
    if own.temperature is not None or line.generation.temperature is not None:
        return line
    return replace(line, generation=replace(line.generation, temperature=0.0))


def steady_sampling(line: BusinessLine) -> Sampling:
    """The line's own parameters where it has any, else the ones that give the same answer to the same question."""
    own, shared = line.prompt.parameters if line.prompt else Parameters(), line.generation
    usual = Sampling()
    temperature = own.temperature if own.temperature is not None else shared.temperature
    top_p = own.top_p if own.top_p is not None else shared.top_p
    return Sampling(
        temperature=0.0 if temperature is None else temperature,
        top_p=usual.top_p if top_p is None else top_p,
        max_tokens=own.max_tokens or shared.max_tokens or usual.max_tokens,
        extra={"seed": SEED},
    )


class OneLine:
    """core.ports.LineStore of a line as it might be."""

    def __init__(self, line: BusinessLine) -> None:
        self._line = line

    async def all(self) -> Sequence[BusinessLine]:
        return (self._line,)

    async def get(self, line: str) -> BusinessLine | None:
        return self._line if line == self._line.id else None

    async def put(self, line: BusinessLine) -> None:
        raise NotFound("A rehearsal changes no line.")


class Forgetful:
    """core.ports.ConversationLog that keeps nothing: every conversation begins with its question."""

    async def begin(
        self,
        question: Question,
        line: str,
        masking: Masking | None = None,
        prompt_version: int | None = None,
    ) -> StoredTurn:
        return StoredTurn(
            id=f"turn-{uuid4().hex}",
            conversation_id=f"conv-{uuid4().hex}",
            asked_at=datetime.now(UTC),
            question=question.text,
            record=TurnRecord("", None, TurnStatus.RUNNING, "", ""),
            channel=question.channel,
            line=line,
            request_id=question.request_id,
            prompt_version=prompt_version,
            known=masking.new if masking else (),
        )

    async def mask(self, turn_id: str, owner: str, work: MaskWith) -> Sequence[VaultEntry]:
        return list(work(()).new)

    async def vault(self, conversation_id: str, owner: str) -> Sequence[VaultEntry]:
        return ()

    async def open(
        self,
        owner: str,
        line: str,
        channel: Channel,
        customer: str | None = None,
        prompt_version: int | None = None,
    ) -> str:
        return f"conv-{uuid4().hex}"

    async def partial(self, turn_id: str, owner: str, answer: str) -> None:
        return

    async def finish(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        return

    def finish_soon(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        return

    async def history(self, conversation_id: str, owner: str, before: str | None) -> Sequence[Message]:
        return ()

    async def language(self, conversation_id: str, owner: str) -> str | None:
        return None

    async def unanswered(self, conversation_id: str, owner: str, before: str) -> int:
        return 0

    async def turns(self, conversation_id: str, owner: str) -> Sequence[StoredTurn]:
        return ()

    async def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationSummary]:
        return ()

    async def forget(self, conversation_id: str, owner: str) -> bool:
        return False

    async def rate(self, turn_id: str, owner: str, score: int, comment: str = "") -> None:
        raise NotFound("A rehearsal is not rated.")
