"""What a question begins with: its line, and the language in which it is answered.

Searches nothing and answers nothing.
"""

from collections.abc import Callable

from core.errors import NotFound
from core.messages import BusinessLine, Question
from core.ports import ConversationLog, LineStore
from pipelines.conceal import without_placeholders
from pipelines.language import likely_language


async def open_line(lines: LineStore, line_id: str) -> BusinessLine:
    """Raises NotFound for a line that is not there or archived."""
    line = await lines.get(line_id)
    if line is None or line.archived:
        raise NotFound(f"There is no business line {line_id!r}.", param="line")
    return line


async def language_of(
    question: Question,
    conversation_id: str | None,
    log: ConversationLog,
    detect: Callable[[str], str | None],
) -> str:
    """Step 4: the message's own language, else its conversation's, else the likelier of two."""
    text = without_placeholders(question.text)
    if found := detect(text):
        return found
    known = await log.language(conversation_id, question.owner) if conversation_id else None
    return known or likely_language(text)
