"""A customer's thumb, with what they say to it: masked, since managers read and export it.

A thumb down takes the answer out of the cache, and proposes its question for the golden set, which a person accepts or not.
"""

from pipelines.conceal import placeholders
from pipelines.pinned import Versions
from pipelines.proposals import propose_from_turn
from pipelines.services import Services

LONGEST_COMMENT = 2_000


async def rate(services: Services, turn_id: str, owner: str, score: int, comment: str = "") -> None:
    """Keep 1, -1, or 0 to take it back. Raises NotFound for a turn that is not the owner's."""
    said = placeholders(()).mask(comment.strip()[:LONGEST_COMMENT]).text
    await services.log.rate(turn_id, owner, score, said)
    if score < 0:
        await withdraw(services, turn_id)
        await propose_from_turn(services, turn_id, said)


async def withdraw(services: Services, turn_id: str) -> None:
    """Give the answer of this turn no more from the cache. It stands on the version that its conversation was pinned to:
    in an A/B test that is the challenger's for some, and after a rollback one that was live before is given again."""
    turn = await services.transcripts.turn(turn_id)
    line = await services.lines.get(turn.line) if turn else None
    if turn is not None and line is not None:
        line = await Versions(services.prompts).pinned(line, turn.prompt_version)
        await services.frequent.called_wrong(turn, line)
