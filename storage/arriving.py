"""Looks again for what another process has just begun: an answer from memory is told before it is on the disk.

Whether it looks again hangs on the id alone, which bears its moment: nobody learns by the time it takes whose an id is.
"""

import asyncio
from typing import Any

from sqlalchemy import Select

from core.ids import is_fresh
from storage.database import Database

FRESH_SECONDS = 1.0
"""How long after its moment an id may be on its way, with what clocks of two machines differ by."""
PAUSES = (0.03, 0.07, 0.15)
"""Seconds after each look: OWED_SECONDS and a commit, and what commits take under load."""


async def arrived(db: Database, the_id: str, query: Select[Any]) -> None:
    """Wait for what this process owes; and where the id was made just now, until the query finds what it names, or a moment
    has passed in which it would have come."""
    await db.caught_up()
    if not is_fresh(the_id, FRESH_SECONDS):
        return
    for pause in PAUSES:
        if await db.read(lambda connection: connection.execute(query).first()) is not None:
            return
        await asyncio.sleep(pause)
