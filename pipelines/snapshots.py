"""Has snapshots of the database made while the app serves, and notes in the audit where one took its place.

Knows the services and their order; what a snapshot is stands in storage.
"""

import asyncio

import structlog

from core.errors import DatabaseDamaged
from core.security import Act
from pipelines.freshness import cause
from pipelines.services import Services

log = structlog.get_logger()

LOOK_SECONDS = 60.0
AFTER_FAILURE_SECONDS = 600.0
ACTOR = "xiaoq:recovery"


async def keep_snapshots(services: Services, pause: float = LOOK_SECONDS) -> None:
    """Look each minute whether it is time; one that cannot be made is tried again later."""
    while True:
        wait = pause
        try:
            await services.snapshots.keep()
        except DatabaseDamaged:
            log.error("database_damaged", hint="restart XiaoQ: it restores the last snapshot")
            wait = AFTER_FAILURE_SECONDS
        except Exception as error:  # noqa: BLE001 - the older ones stay, and questions are answered without any
            log.warning("snapshot_not_made", **cause(error))
            wait = AFTER_FAILURE_SECONDS
        await asyncio.sleep(wait)


async def note_recovery(services: Services) -> None:
    """In the audit of the database that is in the damaged one's place. Raises StorageUnavailable."""
    found = services.database.recovered
    if found is None:
        return
    detail: dict[str, str | int] = {
        "missing_since": f"{found.taken_at:%Y-%m-%dT%H:%M:%SZ}",
        "turns": found.turns,
        "damaged": found.aside,
    }
    await services.audit.note(ACTOR, Act.RESTORED, object=found.snapshot, reason="damaged", detail=detail)
