"""What the customer's page shows of what is stored: the line, the visitor's conversations, one of them whole.

Reads by owner only and changes nothing.
"""

from collections.abc import Sequence
from typing import Any

from core.documents import Attachment
from core.errors import NotFound
from core.messages import BusinessLine, ConversationSummary, StoredTurn, in_language
from core.ports import ConversationLog
from pages.customer_files import shown_attachment
from pages.customer_language import WORDS, Language
from pages.customer_markdown import render_markdown
from pages.customer_stream import shown_sources
from pipelines.attach import AttachPipeline

NEW = "new"
"""Asked for as the conversation, it means: none yet."""


async def visitor_state(
    log: ConversationLog,
    attach: AttachPipeline,
    owner: str,
    line: BusinessLine,
    asked_for: str | None,
    language: Language,
) -> dict[str, Any]:
    """Everything the page needs to begin. `asked_for` is a conversation's id, NEW, or None for the latest.

    A conversation that is gone or was never this visitor's reads as none: an old link must not break the page.
    """
    conversations = [each for each in await log.conversations(owner) if each.line == line.id]
    wanted = asked_for or (conversations[0].id if conversations else NEW)
    turns: Sequence[StoredTurn] = ()
    files: Sequence[Attachment] = ()
    if wanted != NEW:
        try:
            turns = await log.turns(wanted, owner)
            files = await attach.list(wanted, owner)
        except NotFound:
            wanted = NEW
    return {
        "line": {"id": line.id, **_in_words(line, language)},
        "conversations": [_summary(each) for each in conversations],
        "conversation_id": None if wanted == NEW else wanted,
        "turns": [_turn(each) for each in turns],
        "attachments": [shown_attachment(each, language) for each in files],
    }


def line_name(line: BusinessLine, language: Language) -> str:
    return in_language(line.names, language, WORDS[language]["brand"])


def _in_words(line: BusinessLine, language: Language) -> dict[str, Any]:
    return {
        "name": line_name(line, language),
        "greeting": in_language(line.greeting, language, WORDS[language]["greeting"]),
        "suggestions": list(in_language(line.suggestions, language, ())),
        "contact": in_language(line.contact, language, ""),
    }


def _summary(conversation: ConversationSummary) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "title": conversation.title,
        "updated_at": conversation.updated_at.isoformat(),
    }


def _turn(turn: StoredTurn) -> dict[str, Any]:
    record = turn.record
    return {
        "id": turn.id,
        "question": turn.question,
        "text": record.answer,
        "html": render_markdown(record.answer),
        "mode": record.mode,
        "status": record.status,
        "language": record.language,
        "sources": shown_sources(record.sources),
        "contact": record.handoff.contact if record.handoff else None,
        "score": turn.feedback_score or 0,
    }
