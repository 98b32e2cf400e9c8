"""A retrieval simple enough to foretell: chunks rank by how much of the question they share."""

import re
from collections.abc import Sequence
from itertools import pairwise

from core.documents import Chunk
from core.messages import Passage, Retrieval

THRESHOLD = 0.4


def by_shared_words(chunks: Sequence[Chunk], question: str, k: int = 5) -> Retrieval:
    """The `k` chunks with the most of the question's words (pairs of characters, for Chinese), best first."""
    wanted = _words(question)
    scored = [
        (len(wanted & _words(f"{chunk.title} {chunk.text}")) / max(1, len(wanted)), chunk) for chunk in chunks
    ]
    best = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0])[:k]
    passages = [
        Passage(
            id=chunk.id, base=chunk.base, document_id=chunk.document_id, document=chunk.document, title=chunk.title,
            location=chunk.location, text=chunk.text, score=score, kind=chunk.kind, language=chunk.language,
            page=chunk.page,
        )
        for score, chunk in best
    ]  # fmt: skip
    return Retrieval(passages, bool(passages) and passages[0].score >= THRESHOLD, THRESHOLD)


def _words(text: str) -> set[str]:
    found: set[str] = set()
    for word in re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]+", text.lower()):
        found.update([word] if word.isascii() else [a + b for a, b in pairwise(word)])
    return found
