"""Makes an approved answer of a question and its answer: a pair of the line's knowledge, by the way every document takes.

Knows no page; the answer is a person's by then, who has read and may have changed it.
"""

import csv
import hashlib
import io

from core.errors import InvalidRequest
from core.messages import BusinessLine
from pipelines.bases import owned
from pipelines.incoming import IncomingFile
from pipelines.services import Services

LONGEST_QUESTION, LONGEST_ANSWER = 500, 8_000


async def approve(
    services: Services, line: BusinessLine, question: str, answer: str, actor: str, owner: str
) -> None:
    """Found and given when this returns; `owner` is whom people ask about it. Raises InvalidRequest."""
    question, answer = " ".join(question.split()), answer.strip()
    if not question or not answer or len(question) > LONGEST_QUESTION or len(answer) > LONGEST_ANSWER:
        raise InvalidRequest(
            f"Write a question of at most {LONGEST_QUESTION} characters and an answer of at most {LONGEST_ANSWER}."
        )
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerows([("question", "answer", "owner"), (question, answer, owner)])
    data = buffer.getvalue().encode()
    file = IncomingFile.of(f"approved-{hashlib.sha256(data).hexdigest()[:12]}.csv", data)
    async for event in services.ingest.add(owned(line), [file], actor=actor):
        if event.error:
            raise InvalidRequest(event.error)
