"""What each encrypted column is bound to, and how several texts share one. Knows no key and no statement.

A ciphertext opens only at its place: moved to another row or column it does not.
"""

import json
from typing import Any

from storage.columns import plain

Place = tuple[str, ...]


def title(conversation_id: str) -> Place:
    return ("conversation.title", conversation_id)


def customer(conversation_id: str) -> Place:
    return ("conversation.customer", conversation_id)


def question(turn_id: str, conversation_id: str) -> Place:
    return ("turn.question", turn_id, conversation_id)


def masked(turn_id: str, conversation_id: str) -> Place:
    return ("turn.masked", turn_id, conversation_id)


def answer(turn_id: str, conversation_id: str) -> Place:
    return ("turn.answer", turn_id, conversation_id)


def sources(turn_id: str, conversation_id: str) -> Place:
    return ("turn.sources", turn_id, conversation_id)


def source(turn_id: str, position: int) -> Place:
    """Of a row of before migration 0010."""
    return ("source.content", turn_id, str(position))


def comment(turn_id: str) -> Place:
    return ("feedback.comment", turn_id)


def vault(conversation_id: str, placeholder: str, kind: str) -> Place:
    return ("vault.content", conversation_id, placeholder, kind)


def attachment(attachment_id: str, conversation_id: str) -> Place:
    return ("attachment.content", attachment_id, conversation_id)


def attachment_chunk(attachment_id: str, position: int) -> Place:
    return ("attachment_chunk.content", attachment_id, str(position))


def document(base: str, document_id: str) -> Place:
    return ("document_blob.data", base, document_id)


def queued_file(file_id: str) -> Place:
    return ("queued_file.data", file_id)


def packed(*texts: str | list[str]) -> bytes:
    """Several texts as one content, as `plain` leaves them."""
    parts = [plain(one) if isinstance(one, str) else [plain(each) for each in one] for one in texts]
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(content: bytes) -> list[Any]:
    parts: list[Any] = json.loads(content)
    return parts
