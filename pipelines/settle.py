"""What follows from a gate's run: the version goes live by itself, or it does not and the report says why.

Asks no question. Everything here may be done again after a kill, and is then done once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from core.access import Principal, Right
from core.errors import Conflict, NotFound, Unfit
from core.golden import Evaluation, Result
from core.messages import BusinessLine
from core.prompts import PromptVersion
from core.security import Act
from pipelines.checks import error_of, unanswered
from pipelines.gate import stop_checking
from pipelines.publish import make_live, publishable
from pipelines.services import Services
from pipelines.sides import OWN_WORDS


async def settle(services: Services, run: Evaluation) -> Mapping[str, Any]:
    """Publish what a gate's run found no worse. Of any other run nothing follows.

    `overtaken`: another version went live meanwhile, so that what was compared is no longer what matters.
    `unmeasured`: some question got no answer because a part of the service was down, or no question got one at all.
    """
    if run.kind != "gate":
        return {}
    number = int(run.after["prompt"])
    if run.summary.get("lost"):
        return {"outcome": "blocked"}
    results = await services.evaluations.results(run.id)
    if any(unanswered(result.failures) for result in results) or not _heard(results):
        return {"outcome": "unmeasured"}
    line, version = await services.lines.get(run.line), await services.prompts.get(run.line, number)
    if line is None or version is None:
        raise NotFound("There is no such line or version any more.")
    live = await services.prompts.live(run.line)
    if live == number or _by_this_run(version, run):
        return {"outcome": "published"}
    if (live or OWN_WORDS) != run.before["prompt"] or version.status == "retired":
        return {"outcome": "overtaken"}
    reason, over = str(run.after.get("reason", "")), int(run.before["prompt"])
    try:
        await make_live(services, line, number, run.actor, reason=reason, over=over)
    except Conflict:
        # Another run ended in the same moment, and the audit has noted a publication already that was none.
        detail: dict[str, str | int] = {"action": "overtaken", "version": number}
        await services.audit.note(run.actor, Act.PROMPT_CHANGED, object=line.id, detail=detail)
        return {"outcome": "overtaken"}
    return {"outcome": "published"}


async def override(
    services: Services, principal: Principal, line: BusinessLine, version: int, reason: str
) -> PromptVersion:
    """Publish a version whatever its golden questions say. The audit keeps the reason; a run under way is stopped.

    Raises Forbidden, NotFound, Unfit without a reason, and Conflict for one that was put out of the way.
    """
    principal.check(Right.OVERRIDE)
    reason = reason.strip()
    if not reason:
        raise Unfit(
            "Say why this version is to be published all the same; the audit keeps it.", param="reason"
        )
    await publishable(services, line, version)  # else the audit keeps a publication that never was
    await stop_checking(services, line, version)
    return await make_live(services, line, version, principal.actor, reason=reason)


def _heard(results: Sequence[Result]) -> bool:
    """Whether the version answered anything. A model's server that refuses all there is may be set up wrongly."""
    return any(result.side == "after" and error_of(result.failures) is None for result in results)


def _by_this_run(version: PromptVersion, run: Evaluation) -> bool:
    """Whether it went live before the process died, and somebody has rolled it back since."""
    return version.published_at is not None and version.published_at >= run.created_at
