"""Verifies what must not have been changed: the audit's chain against every anchor at hand, then every stored row.

Knows no door; what a verification found is itself noted.
"""

import asyncio
from collections.abc import Sequence

from core.security import Act, Anchor, AuditFilter, Progress, Verdict
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
    anchors, lost = await _before_a_restore(services, anchors)
    verdict = await services.audit.verify(anchors, progress)
    if verdict.whole:
        rows = await services.verify_rows(row_progress)
        checked = verdict.checked + rows.checked
        verdict = Verdict(rows.whole, checked, rows.place, rows.reason or lost, verdict.anchor)
    whole = "yes" if verdict.whole else "no"
    detail: dict[str, str | int] = {"whole": whole, "checked": verdict.checked, "place": verdict.place}
    await services.audit.note(actor, Act.VERIFIED, detail=detail)
    return verdict


async def _before_a_restore(services: Services, anchors: Sequence[Anchor]) -> tuple[Sequence[Anchor], str]:
    """The anchors that still count, and what is to be said of the others.

    A restore puts an earlier audit in place and goes on from there: an anchor that was kept before it, with the
    restore's own number or a later one, belongs to entries that are gone. The entry of the restore is in the chain,
    so nobody without its key can void an anchor.
    """
    void: list[Anchor] = []
    said = ""
    for restore in await services.audit.entries(AuditFilter(act=Act.RESTORED.value)) if anchors else ():
        gone = [one for one in anchors if one.at and one.number >= restore.number and one.at < restore.at]
        if gone and not void:
            said = (
                f"Entries {restore.number} to {max(one.number for one in gone)} of before the restore of "
                f"{restore.at:%Y-%m-%d %H:%M} UTC are gone with the database that it replaced."
            )
        void += gone
    return [one for one in anchors if one not in void], said
