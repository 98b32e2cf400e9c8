"""XiaoQ's own command with a log that keeps nothing: what a request costs without the encrypted log.

The measurement alone starts it. The product has no such switch on purpose: a question that is not stored is not answered.
"""

from uuid import uuid4

import storage.conversations
from core.messages import Question, TurnRecord
from pipelines.rehearse import Forgetful


class NoLog(storage.conversations.SqlConversationLog):
    """Every write of the path of one question does nothing; the rest stays as it is."""

    begin = Forgetful.begin
    mask = Forgetful.mask
    partial = Forgetful.partial
    finish_soon = Forgetful.finish_soon
    history = Forgetful.history

    def keep_soon(
        self, question: Question, line: str, record: TurnRecord, prompt_version: int | None = None
    ) -> tuple[str, str] | None:
        return f"conv-{uuid4().hex}", f"turn-{uuid4().hex}"


if __name__ == "__main__":
    storage.conversations.SqlConversationLog = NoLog  # type: ignore[misc]  # before app.py makes its parts
    from commands import main

    raise SystemExit(main())
