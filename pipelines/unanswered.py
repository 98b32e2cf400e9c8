"""A line's rule for conversations in which nothing is found again and again: the way to a person.

Reads what came before only where the line has such a rule, this question found nothing and was not the first.
"""

from core.messages import BusinessLine, Question, StoredTurn
from core.ports import ConversationLog
from pipelines.evidence import Evidence
from pipelines.handoffs import given_up, handoff_note
from pipelines.route import Route


async def unanswered_again(
    log: ConversationLog,
    question: Question,
    turn: StoredTurn,
    line: BusinessLine,
    evidence: Evidence,
    language: str,
) -> Route | None:
    """The way to a person where this question is the one too many that found nothing; None where it is not.

    A model may read a file or call a tool though no passage answers, so these count as something; and of a dialogue
    that the caller holds nobody knows what was found.
    """
    most = line.handoff.after_unanswered
    if most is None or evidence.answerable or evidence.files:
        return None
    if question.messages or "tools" in question.sampling.extra:
        return None
    if most > 1:
        if question.conversation_id is None:
            return None
        before = await log.unanswered(turn.conversation_id, question.owner, turn.id)
        if before + 1 < most:
            return None
    note = handoff_note("unanswered", line, language)
    return Route("person", given_up(note, line, language), note)
