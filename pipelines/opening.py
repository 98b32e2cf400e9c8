"""What a question begins with: its line, and the language in which it is answered.

Searches nothing and answers nothing.
"""

from collections.abc import Callable
from dataclasses import replace

from core.errors import NotFound
from core.messages import BusinessLine, Question
from core.ports import ConversationLog, LineStore
from pipelines.conceal import without_placeholders
from pipelines.language import as_likely, likely_language
from pipelines.language_rules import Tongue, tongue_for
from pipelines.languages.words import is_called
from pipelines.sentences import first_by_heart, language_by_heart, languages_by_heart

LOOKED_BACK = 10
"""Messages of a dialogue: who wrote ten that tell no language hardly wrote one before."""


async def open_line(lines: LineStore, line_id: str) -> BusinessLine:
    """Raises NotFound for a line that is not there or archived."""
    line = await lines.get(line_id)
    if line is None or line.archived:
        raise NotFound(f"There is no business line {line_id!r}.", param="line")
    return line


async def language_of(
    question: Question,
    line: BusinessLine,
    conversation_id: str | None,
    log: ConversationLog,
    detect: Callable[[str], str | None],
) -> Tongue:
    """Step 4: the message's own language, else its conversation's, be that stored or sent along, else the likelier of two;
    then the line's rules."""
    if line.languages.pinned:
        return tongue_for(line.languages.pinned, line)
    text = without_placeholders(question.text)
    found = language_by_heart(text) or detect(text)
    alike = {*languages_by_heart(text), *as_likely(text, found)} - {found}
    called = is_called(text) and not languages_by_heart(text)
    if found is None or alike or called:
        before = await log.language(conversation_id, question.owner) if conversation_id else None
        before = before or _language_before(question, detect) or found
        found = before if found is None or called or before in alike else found
    tongue = tongue_for(found or first_by_heart(text) or likely_language(text), line)
    return tongue if found else replace(tongue, instead=())


def _language_before(question: Question, detect: Callable[[str], str | None]) -> str | None:
    """The language of what the customer said last before the question, of the dialogue that came with it, that tells one."""
    said = [message.content for message in question.messages if message.role == "user"][:-1]
    for text in map(without_placeholders, reversed(said[-LOOKED_BACK:])):
        if text.strip() and not is_called(text) and (found := language_by_heart(text) or detect(text)):
            return found
    return None
