"""A customer's thumb, with what they say to it: masked, since managers read and export it."""

from core.ports import ConversationLog
from pipelines.conceal import placeholders

LONGEST_COMMENT = 2_000


async def rate(log: ConversationLog, turn_id: str, owner: str, score: int, comment: str = "") -> None:
    """Keep 1, -1, or 0 to take it back. Raises NotFound for a turn that is not the owner's."""
    said = comment.strip()[:LONGEST_COMMENT]
    await log.rate(turn_id, owner, score, placeholders(()).mask(said).text)
