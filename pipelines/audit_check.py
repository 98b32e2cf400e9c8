"""Verifies what must not have been changed: the audit's chain against every anchor at hand, then every stored row.

Knows no door; what a verification found is itself noted.
"""

import asyncio
from collections.abc import Sequence

from core.security import Act, Anchor, Progress, Verdict
from pipelines.audit_anchor import read_anchors
from pipelines.services import Services


async def verify(
    services: Services,
    actor: str,
    anchors: Sequence[Anchor] = (),
    progress: Progress | None = None,
    row_progress: Progress | None = None,
) -> Verdict:
    """The verdict over all of it: `checked` counts entries and rows, the anchor is the audit's.

    The file of anchors that the settings name counts as well, once it is there.
    """
    kept = services.settings.audit_anchor
    if kept is not None and await asyncio.to_thread(kept.exists):
        anchors = [*anchors, *await asyncio.to_thread(read_anchors, kept)]
    verdict = await services.audit.verify(anchors, progress)
    if verdict.whole:
        rows = await services.verify_rows(row_progress)
        checked = verdict.checked + rows.checked
        verdict = Verdict(rows.whole, checked, rows.place, rows.reason, verdict.anchor)
    whole = "yes" if verdict.whole else "no"
    detail: dict[str, str | int] = {"whole": whole, "checked": verdict.checked, "place": verdict.place}
    await services.audit.note(actor, Act.VERIFIED, detail=detail)
    return verdict
