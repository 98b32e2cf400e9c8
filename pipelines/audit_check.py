"""Verifies what must not have been changed: the audit's chain against every anchor that is at hand.

Knows no door; what a verification found is itself noted.
"""

import asyncio
from collections.abc import Sequence

from core.security import Act, Anchor, Progress, Verdict
from pipelines.audit_anchor import read_anchors
from pipelines.services import Services


async def verify(
    services: Services, actor: str, anchors: Sequence[Anchor] = (), progress: Progress | None = None
) -> Verdict:
    """The verdict over all of it. The file that the settings name counts as well, once it is there."""
    kept = services.settings.audit_anchor
    if kept is not None and await asyncio.to_thread(kept.exists):
        anchors = [*anchors, *await asyncio.to_thread(read_anchors, kept)]
    verdict = await services.audit.verify(anchors, progress)
    detail = {"whole": "yes" if verdict.whole else "no", "checked": verdict.checked, "place": verdict.place}
    await services.audit.note(actor, Act.VERIFIED, detail=detail)
    return verdict
