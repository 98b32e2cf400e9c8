"""Golden questions that something suggests: a thumb down, a corrected answer. A person accepts them, or not.

Only masked words come in here; what is accepted loses personal data once more (golden.py).
"""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from core.errors import NotFound, XiaoQError
from core.golden import NOTHING_EXPECTED, Expected, GoldenQuestion, Origin, Proposal
from core.messages import BusinessLine
from core.security import Act
from core.vault import PLACEHOLDER
from pipelines.golden import Clean, GoldenDraft, cleaned_expected, keep_golden
from pipelines.services import Services

log = structlog.get_logger()

MOST_PROPOSALS = 500
"""Of one line that wait for a person; of a flood of thumbs the rest is not kept."""


async def propose_from_turn(services: Services, turn_id: str, comment: str) -> None:
    """Propose the question of a turn that was rated down. What cannot be proposed costs nobody their thumb."""
    try:
        turn = await services.transcripts.turn(turn_id)
        if turn is None or turn.damaged or not turn.question.strip():
            return
        line = await services.lines.get(turn.line)
        if line is None:
            return
        expected = Expected(language=turn.record.language if turn.record.language != "und" else None)
        await propose(
            services, line, turn.question, "thumbs_down",
            expected=expected, answer=turn.record.answer, comment=comment, turn_id=turn_id,
        )  # fmt: skip
    except XiaoQError as error:
        log.warning("thumb_not_proposed", turn=turn_id, code=error.code)


async def propose(
    services: Services,
    line: BusinessLine,
    question: str,
    origin: Origin,
    *,
    expected: Expected = NOTHING_EXPECTED,
    reference: str = "",
    answer: str = "",
    comment: str = "",
    turn_id: str | None = None,
    author: str = "",
) -> Proposal | None:
    """Keep a proposal; None where the question is golden already, or too many wait. The same question waits once."""
    clean = Clean.of(line, services)

    def plain(text: str) -> str:
        return clean(PLACEHOLDER.sub(lambda found: f"[{found[1].rpartition('_')[0]}]", text.strip()))

    asked = plain(question)[:2_000]
    waiting = await services.proposals.list(line.id)
    known = {each.question for each in await services.golden.list(line.id)}
    earlier = next((each for each in waiting if each.question == asked), None)
    if asked in known or (earlier is None and len(waiting) >= MOST_PROPOSALS):
        return None
    if earlier is not None and earlier.origin == "corrected" and origin == "thumbs_down":
        return earlier  # which says what would be right; another thumb does not
    proposal = Proposal(
        id=earlier.id if earlier else uuid.uuid4().hex,  # a list that somebody has open still leads to it
        line=line.id,
        question=asked,
        origin=origin,
        created_at=datetime.now(UTC),
        turn_id=turn_id,
        expected=cleaned_expected(expected, clean),
        reference=plain(reference),
        answer=plain(answer),
        comment=plain(comment),
        author=author,
    )
    await services.proposals.put(proposal)
    return proposal


async def proposal_of(services: Services, line: BusinessLine, proposal_id: str) -> Proposal:
    """Raises NotFound."""
    found = next((each for each in await services.proposals.list(line.id) if each.id == proposal_id), None)
    if found is None:
        raise NotFound("There is no such proposal in this line.", param="proposal_id")
    return found


async def accept(
    services: Services, line: BusinessLine, proposal_id: str, actor: str, edited: GoldenDraft | None = None
) -> GoldenQuestion:
    """Make it a golden question, as it was edited; then it waits no more. Raises NotFound and Unfit."""
    proposal = await proposal_of(services, line, proposal_id)
    draft = edited or GoldenDraft(proposal.question, proposal.expected, proposal.reference)
    (kept,) = await keep_golden(services, line, [draft], actor, proposal.origin)
    await services.proposals.delete(line.id, proposal_id)
    return kept


async def dismiss(services: Services, line: BusinessLine, proposal_id: str, actor: str) -> Proposal:
    """Raises NotFound."""
    proposal = await proposal_of(services, line, proposal_id)
    detail = {"action": "dismissed"}
    await services.audit.note(actor, Act.GOLDEN_CHANGED, object=f"{line.id}/{proposal_id}", detail=detail)
    await services.proposals.delete(line.id, proposal_id)
    return replace(proposal, turn_id=None)
