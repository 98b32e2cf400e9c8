"""The engine without a model: answers with the passage that fits best, word for word.

Knows nothing of wording: where no passage fits it says nothing, and its caller says so.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Iterator, Sequence

from core.errors import EngineError
from core.messages import Passage, Usage
from core.ports import EngineChunk, EngineKind, GenerationRequest, Health
from engines.excerpt import excerpt

_PIECE = 20
_SAME_DOCUMENT = 0.7
_ANY_DOCUMENT = 0.9
"""How near, as a share of the best score, a passage in the customer's language must come to be preferred."""


class QuotedEngine:
    """Quotes one passage. Always ready; reads no prompt, so its window is as large as any."""

    name = "quoted"
    kind: EngineKind = "quoted"
    context_tokens = 131_072

    async def start(self) -> None:
        """Nothing to load."""

    async def health(self) -> Health:
        return Health(True, "quotes the documents, no model")

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        """The quotation in small pieces; one empty last chunk where the passages do not answer."""
        if request.prompt is not None:
            raise EngineError("The model cannot be reached just now; try again shortly.")
        passage = best_passage(request.passages, request.language) if request.answerable else None
        text = quotation(passage, request.question) if passage else ""
        prompt = "".join(message.content for message in request.messages)
        usage = Usage(estimated_tokens(prompt), estimated_tokens(text), estimated=True)
        quoted: Sequence[Passage] | None = (passage,) if passage else ()
        for piece in _pieces(text):
            yield EngineChunk(piece, passages=quoted)
            quoted = None
            await asyncio.sleep(0)
        yield EngineChunk(finish_reason="stop", usage=usage, passages=quoted)

    async def aclose(self) -> None:
        """Nothing to let go."""


def best_passage(passages: Sequence[Passage], language: str) -> Passage | None:
    """The first passage, or one in the customer's language that is nearly as good."""
    if not passages:
        return None
    best = passages[0]
    if language == "und" or _same_language(best.language, language):
        return best
    for passage in passages[1:]:
        share = _SAME_DOCUMENT if passage.document_id == best.document_id else _ANY_DOCUMENT
        if _same_language(passage.language, language) and passage.score >= share * best.score:
            return passage
    return best


def quotation(passage: Passage, question: str) -> str:
    """An FAQ pair's whole answer; of any other passage at most 300 characters."""
    return passage.text.strip() if passage.kind == "faq" else excerpt(passage.text, question)


def estimated_tokens(text: str) -> int:
    """About what a tokenizer would count: four ASCII characters a token, three of others two tokens."""
    narrow = sum(character.isascii() for character in text)
    return math.ceil(narrow / 4 + (len(text) - narrow) / 1.5)


def _same_language(one: str, other: str) -> bool:
    return one.split("-")[0] == other.split("-")[0]


def _pieces(text: str) -> Iterator[str]:
    for start in range(0, len(text), _PIECE):
        yield text[start : start + _PIECE]
