"""What makes a version of a prompt the live one, and takes it back. Knows no door; each notes who did it, and why.

Publishing and rolling back hold for conversations that begin later: one that is going stays on its version.
"""

from dataclasses import dataclass
from typing import Literal

from core.errors import Conflict
from core.messages import BusinessLine
from core.prompts import PromptVersion
from core.security import Act
from pipelines.gate import check_first
from pipelines.prompts import version_of
from pipelines.services import Services


@dataclass(frozen=True, slots=True)
class Publication:
    """How far publishing came: done, or golden questions are asked first (`evaluation` is their run), or they forbid it."""

    status: Literal["published", "checking", "blocked"]
    version: PromptVersion
    evaluation: str | None = None


async def publish(
    services: Services, line: BusinessLine, version: int, actor: str, *, reason: str = ""
) -> Publication:
    """Make the version the line's live one. Raises NotFound, ModelNotServed where golden questions cannot be asked of
    its model, and Conflict for one that was put out of the way or where an
    archived line has golden questions."""
    found = await publishable(services, line, version)
    if await services.prompts.live(line.id) != version:
        run = await check_first(services, line, found, actor, reason=reason)
        if run is not None:
            found = await services.prompts.get(line.id, version) or found
            return Publication("checking", found, run.id)
    return Publication("published", await make_live(services, line, version, actor, reason=reason))


async def publishable(services: Services, line: BusinessLine, version: int) -> PromptVersion:
    """Raises NotFound, and Conflict for one that was put out of the way."""
    found = await version_of(services, line, version)
    if found.status == "retired":
        raise Conflict(f"Version {version} was put out of the way; make a new draft from it.")
    return found


async def make_live(
    services: Services,
    line: BusinessLine,
    version: int,
    actor: str,
    *,
    reason: str = "",
    over: int | None = None,
) -> PromptVersion:
    """The last step of publishing, noted before it is done. Raises Conflict where `over` is named and not live."""
    detail: dict[str, str | int] = {"version": version}
    if line.prompt is not None:
        detail["before"] = line.prompt.version
    await services.audit.note(actor, Act.PROMPT_PUBLISHED, object=line.id, reason=reason, detail=detail)
    return await services.prompts.publish(line.id, version, over=over)


async def roll_back(
    services: Services, line: BusinessLine, actor: str, *, over: int | None, reason: str = ""
) -> int | None:
    """Make live what was so before `over`, the version that the caller found live; gives its number, None for XiaoQ's
    own words. Raises Conflict where none is live, or another one by now."""
    if over is None:
        raise Conflict("No version is live on this line, so there is nothing to roll back.")
    detail = {"version": over}
    await services.audit.note(actor, Act.PROMPT_ROLLED_BACK, object=line.id, reason=reason, detail=detail)
    return await services.prompts.roll_back(line.id, over=over)
