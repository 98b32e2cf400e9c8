"""Answers a question as a customer of a line would get it, with nothing stored: for trials and for golden questions.

Takes no step of its own. It goes the path of pipelines/answer.py with a log that keeps nothing and a line as it
might be: `replace(line, prompt=version)` tries a version that is not live.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
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
from core.vault import Masking, MaskWith, VaultEntry

if TYPE_CHECKING:
    from pipelines.answer import AnswerPipeline

STEADY = replace(UNSAID, temperature=0.0, extra={"seed": 20_260})
"""The same answer to the same question, as far as an engine can; parameters of the version and the line hold."""
OWNER = "rehearsal:"
"""Whose turn it is where engines are busy: all rehearsals together take turns with each key."""


async def rehearse(
    answer: "AnswerPipeline",
    line: BusinessLine,
    text: str,
    *,
    sampling: Sampling = UNSAID,
    messages: Sequence[Message] = (),
    request_id: str = "rehearsal",
    owner: str = OWNER,
) -> AsyncGenerator[Event]:
    """The events of the answer, as `AnswerPipeline.ask` yields them; their ids lead nowhere.

    `sampling` is a customer's unless something is said. `messages` is the dialogue whose last message is `text`, where there was
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
        sampling=sampling,
    )
    async with aclosing(answer.rehearsing(OneLine(line), Forgetful()).ask(question)) as events:
        async for event in events:
            yield event


class OneLine:
    """core.ports.LineStore of a line as it might be."""

    def __init__(self, line: BusinessLine) -> None:
        self._line = line

    async def all(self) -> Sequence[BusinessLine]:
        return (self._line,)

    async def get(self, line: str) -> BusinessLine | None:
        return self._line if line == self._line.id else None

    def at_hand(self, line: str) -> BusinessLine | None:
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

    def partial(self, turn_id: str, owner: str, answer: str) -> Awaitable[None]:
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        kept.set_result(None)
        return kept

    async def finish(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        return

    def room(self) -> None:
        return None

    def keep_soon(
        self, question: Question, line: str, record: TurnRecord, prompt_version: int | None = None
    ) -> tuple[str, str] | None:
        return None

    def finish_soon(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        return

    async def history(self, conversation_id: str, owner: str, before: str | None) -> Sequence[Message]:
        return ()

    async def language(self, conversation_id: str, owner: str) -> str | None:
        return None

    async def turns(self, conversation_id: str, owner: str) -> Sequence[StoredTurn]:
        return ()

    async def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationSummary]:
        return ()

    async def forget(self, conversation_id: str, owner: str) -> bool:
        return False

    async def rate(self, turn_id: str, owner: str, score: int, comment: str = "") -> None:
        raise NotFound("A rehearsal is not rated.")

    async def unanswered(self, conversation_id: str, owner: str, before: str) -> int:
        return 0
