"""Puts the newest snapshot that can be read in the place of a damaged SQLite file, which is moved aside, never deleted.

Who was erased and what was removed since the snapshot stays out. Knows no app.
"""

import asyncio
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog

from core.custody import Recovered
from core.errors import Conflict, XiaoQError
from storage.backup import MAGIC, drop_leftovers
from storage.backup_keys import read_keys
from storage.connections import parse_url
from storage.recovery_notice import keep_notice
from storage.removed import Removed
from storage.restore import examined, swap, unpack
from storage.sealed_file import head_of
from storage.secrets import MasterKey

log = structlog.get_logger()

ASIDE = "damaged"
_LONGEST_RUN = 3600.0


class Recovery:
    """For one SQLite file."""

    def __init__(self, database: Path, master: MasterKey) -> None:
        self._database = database
        self._master = master
        self._removed = Removed(database)

    async def run(self) -> Recovered | None:
        """None where no snapshot serves, or another process has just done it. Raises Conflict while one is at the
        damaged file."""
        for snapshot in self._removed.snapshots():
            try:
                return await self._put_back(snapshot)
            except Conflict:
                raise
            except (XiaoQError, OSError, sqlite3.Error) as error:
                code = error.code if isinstance(error, XiaoQError) else type(error).__name__
                log.error("snapshot_unusable", snapshot=snapshot.name, code=code)
        return None

    async def _put_back(self, snapshot: Path) -> Recovered | None:
        place = self._database.parent
        await asyncio.to_thread(drop_leftovers, place, _LONGEST_RUN)
        keys = await asyncio.to_thread(read_keys, snapshot.parent, self._master)
        with tempfile.TemporaryDirectory(dir=place, prefix=".xiaoq-") as folder:
            copy = Path(folder) / "restored.db"
            await asyncio.to_thread(unpack, snapshot, copy, keys, self._master, _silent)
            # A row that somebody changed before is in the snapshot as well: verifying goes on finding it.
            turns, _ = await examined(copy, self._master, self._removed.read(), proven=False)
            done, aside = await asyncio.to_thread(swap, copy, self._database, ASIDE, self._is_damaged)
        if not done:
            return None
        taken_at = datetime.fromisoformat(head_of(snapshot, MAGIC)["made_at"])
        name = "" if aside is None else aside.name
        found = Recovered(datetime.now(UTC), snapshot.name, taken_at, turns, name)
        keep_notice(self._database, found)
        log.error(
            "database_restored", snapshot=found.snapshot, missing_since=f"{taken_at:%Y-%m-%dT%H:%M:%SZ}",
            turns=turns, damaged=name,
        )  # fmt: skip
        return found

    def _is_damaged(self) -> bool:
        """Whether it still is, once nobody else is at it."""
        if not self._database.exists():
            return True
        with closing(sqlite3.connect(self._database)) as raw:
            try:
                whole = raw.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok"
                return not (whole and raw.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
            except sqlite3.DatabaseError:
                return True


def recovery(url: str, master: MasterKey) -> Callable[[], Awaitable[Recovered | None]] | None:
    """What a database at this URL is recovered with; none for a server's, which keeps its own copies."""
    target = parse_url(url)
    return (
        Recovery(Path(target.database or ""), master).run if target.get_backend_name() == "sqlite" else None
    )


def _silent(done: int, total: int) -> None:
    """Nobody watches."""
