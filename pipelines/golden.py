"""Golden questions: which passage a person called the right one for a question.

The passage's text comes from the store, never from whoever names it. Runs no evaluation.
"""

import hashlib
from datetime import UTC, datetime

from core.errors import NotFound
from core.golden import GoldenQuestion
from core.messages import BusinessLine
from core.security import Act
from pipelines.bases import searched
from pipelines.redact import redacted_text
from pipelines.services import Services


async def save_golden(
    services: Services,
    line: BusinessLine,
    question: str,
    document_id: str,
    passage_id: str,
    author: str,
) -> GoldenQuestion:
    """Remember the passage as the right one; the line's earlier choice for the same question gives way.

    Raises NotFound where none of the bases that the line searches holds that passage.
    """
    question = redacted_text(question.strip())
    for base in searched(line):
        for chunk in await services.documents.chunks(base, document_id):
            if chunk.id == passage_id:
                chosen = GoldenQuestion(
                    id=hashlib.sha256(f"{line.id}\0{question}".encode()).hexdigest()[:32],
                    line=line.id,
                    question=question,
                    base=base,
                    document_id=document_id,
                    document=chunk.document,
                    location=chunk.location,
                    passage_id=passage_id,
                    text=chunk.text,
                    created_at=datetime.now(UTC),
                    author=author,
                )
                await services.audit.note(
                    author, Act.GOLDEN_CHANGED, object=f"{line.id}/{chosen.id}", detail={"action": "saved"}
                )
                await services.golden.put(chosen)
                return chosen
    raise NotFound(
        "This passage is no longer in the knowledge of this line; search again.", param="passage_id"
    )


async def forget_golden(services: Services, line: BusinessLine, golden_id: str, actor: str) -> GoldenQuestion:
    """Forget a golden question; gives what it was. Raises NotFound."""
    found = next((each for each in await services.golden.list(line.id) if each.id == golden_id), None)
    if found is None:
        raise NotFound("There is no such golden question in this line.", param="golden_id")
    place = f"{line.id}/{golden_id}"
    await services.audit.note(actor, Act.GOLDEN_CHANGED, object=place, detail={"action": "removed"})
    await services.golden.delete(line.id, golden_id)
    return found
