"""What stands in the way of serving, part by part, for `python app.py doctor`."""

import os
import sys

from core.ports import Health
from pipelines.services import Services

OLDEST_PYTHON = (3, 11)


async def examine(services: Services) -> dict[str, Health]:
    """The health of every part a fresh machine may lack. Starts the index, not the engine."""
    settings = services.settings
    await services.index.refresh()
    return {
        "python": Health(sys.version_info >= OLDEST_PYTHON, sys.version.split()[0]),
        "data folder": Health(os.access(settings.data_dir, os.W_OK), str(settings.data_dir)),
        "database": await services.database.health(),
        "knowledge": await services.index.health(),
        "engine": await services.engine.health(),
    }
