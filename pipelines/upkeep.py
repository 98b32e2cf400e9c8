"""What the running app does beside answering: sample knowledge at first, fresh knowledge ever after.

Knows the services and no clock; answers nothing.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from core.messages import BusinessLine
from pipelines.freshness import cause, pause_after
from pipelines.incoming import IncomingFile
from pipelines.services import Services

log = structlog.get_logger()

FOLLOW_SECONDS = 2.0
"""How soon the running app sees knowledge that another process has added."""
ADOPT_SECONDS = 15.0
"""How soon it goes on with files that another process had accepted when it died."""


async def plant_lines(services: Services, lines: Sequence[BusinessLine]) -> None:
    """Put the sample lines in place where they are missing."""
    for line in lines:
        if await services.lines.get(line.id) is None:
            await services.lines.put(line)


async def plant(
    services: Services, lines: Sequence[BusinessLine], files_of: Callable[[str], Sequence[Path]]
) -> None:
    """Put the sample lines and their documents in place, once: what an operator changed or removed stays so."""
    await plant_lines(services, lines)
    for line in lines:
        if line.id not in line.bases or await services.documents.version(line.id):
            continue
        files = [IncomingFile.at(path) for path in files_of(line.id)]
        async for event in services.ingest.add(line.id, files, actor="starter"):
            if event.error:
                log.error("starter document failed", name=event.name, error=event.error)


async def follow_knowledge(services: Services) -> None:
    """Keep the index up with the store, which `python app.py ingest` or another process may change."""
    pause = FOLLOW_SECONDS
    while True:
        await asyncio.sleep(pause)
        began = time.monotonic()
        try:
            followed = await _followed(services)
            await services.index.refresh(followed)
            await services.frequent.refresh(followed)
        except Exception as error:  # noqa: BLE001 - what breaks once is tried again; the old index serves
            log.warning("knowledge_not_refreshed", **cause(error))
        pause = pause_after(time.monotonic() - began, FOLLOW_SECONDS)


async def _followed(services: Services) -> Sequence[str] | None:
    """All bases; while files come in here, those that the ingest pipeline does not refresh itself, more rarely."""
    filling = services.ingest.filling
    return [base for base in await services.documents.bases() if base not in filling] if filling else None


async def follow_words(services: Services) -> None:
    """Keep the lists of words up with the store, which another process may change while nobody asks here."""
    while True:
        await asyncio.sleep(FOLLOW_SECONDS)
        try:
            await services.words.live.refresh()
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("word_lists_not_refreshed", **cause(error))


async def adopt_files(services: Services) -> None:
    """Go on with the files of a process that died, this one's former life among them, at start and ever after."""
    while True:
        try:
            await services.ingest.resume()
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("ingest_not_resumed", **cause(error))
        await asyncio.sleep(ADOPT_SECONDS)


async def adopt_runs(services: Services) -> None:
    """The same for runs of golden questions."""
    while True:
        try:
            await services.runs.resume(services)
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("evaluations_not_resumed", **cause(error))
        await asyncio.sleep(ADOPT_SECONDS)
