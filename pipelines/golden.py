"""Golden questions: which passage a person called the right one for a question.

The passage's text comes from the store, never from whoever names it. Runs no evaluation.
"""

import hashlib
from datetime import UTC, datetime

from core.documents import GoldenQuestion
from core.errors import NotFound
from core.messages import BusinessLine
from core.ports import DocumentStore, GoldenStore
from pipelines.bases import searched
from pipelines.redact import redacted_text


async def save_golden(
    golden: GoldenStore,
    documents: DocumentStore,
    line: BusinessLine,
    question: str,
    document_id: str,
    passage_id: str,
    author: str = "",
) -> GoldenQuestion:
    """Remember the passage as the right one; the line's earlier choice for the same question gives way.

    Raises NotFound where none of the bases that the line searches holds that passage.
    """
    question = redacted_text(question.strip())
    for base in searched(line):
        for chunk in await documents.chunks(base, document_id):
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
                await golden.put(chosen)
                return chosen
    raise NotFound(
        "This passage is no longer in the knowledge of this line; search again.", param="passage_id"
    )
