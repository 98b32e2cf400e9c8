"""A customer's thumb, with what they say to it: masked, since managers read and export it.

A thumb down also proposes its question for the golden set, which a person accepts or not.
"""

from pipelines.conceal import placeholders
from pipelines.proposals import propose_from_turn
from pipelines.services import Services

LONGEST_COMMENT = 2_000


async def rate(services: Services, turn_id: str, owner: str, score: int, comment: str = "") -> None:
    """Keep 1, -1, or 0 to take it back. Raises NotFound for a turn that is not the owner's."""
    said = placeholders(()).mask(comment.strip()[:LONGEST_COMMENT]).text
    await services.log.rate(turn_id, owner, score, said)
    if score < 0:
        await propose_from_turn(services, turn_id, said)
