"""XiaoQ's own command with a log that keeps nothing: what a request costs without the encrypted log.

The measurement alone starts it. The product has no such switch on purpose: a question that is not stored is not answered.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

import storage.conversations
from core.messages import Message, Question, StoredTurn, TurnRecord, TurnStatus
from core.vault import Masking, MaskWith, VaultEntry


class NoLog(storage.conversations.SqlConversationLog):
    """Every write of the path of one question does nothing; the rest stays as it is."""

    async def begin(
        self, question: Question, line: str, masking: Masking | None = None, prompt_version: int | None = None
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
            known=(),
        )

    async def mask(self, turn_id: str, owner: str, work: MaskWith) -> Sequence[VaultEntry]:
        return list(work(()).new)

    async def partial(self, turn_id: str, owner: str, answer: str) -> None:
        return

    def finish_soon(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        return

    def keep_soon(
        self, question: Question, line: str, record: TurnRecord, prompt_version: int | None = None
    ) -> tuple[str, str] | None:
        return f"conv-{uuid4().hex}", f"turn-{uuid4().hex}"

    async def history(self, conversation_id: str, owner: str, before: str | None) -> Sequence[Message]:
        return ()


if __name__ == "__main__":
    storage.conversations.SqlConversationLog = NoLog  # type: ignore[misc]  # before app.py makes its parts
    from commands import main

    raise SystemExit(main())
