"""Keeps a few sealed copies of a SQLite database beside it, for the case that its file is damaged. Knows no schedule.

They are backups in all but place: encrypted, without keys, the newest keys beside them, so that who is erased is
unreadable in every one. What else was removed is noted (removed.py) and gone with the next copy.
"""

import asyncio
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy import Connection

from core.errors import StorageUnavailable, XiaoQError
from storage.backup import drop_leftovers, keep_keys, seal_copy
from storage.database import Database
from storage.removed import SUFFIX
from storage.secrets import MasterKey

log = structlog.get_logger()

NEWEST = 2
"""Kept besides the last one of an earlier day."""

REMOVED_SECONDS = 600.0
"""How long what was removed may stay in a snapshot."""

ROOM = 64 << 20
"""Bytes left free on the disk, beside three times the database: a copy never is what fills it."""

BREATH_SECONDS = 0.002
"""After each piece that is encrypted, so that answers have the processor."""

_LOCK = ".lock"
_POLL_SECONDS = 0.1
_NAME = re.compile(r".*-(\d{6})-(\d{8})-\d{6}")


class SqlSnapshots:
    """core.custody.Snapshots of a database; `minutes` apart, 0 for none."""

    def __init__(self, db: Database, master: MasterKey, minutes: int) -> None:
        self._db = db
        self._master = master
        self._seconds = minutes * 60.0
        self._file = None if db.on_server else Path(db.url.database or "")
        self._state: tuple[object, ...] = ()
        self._keys_checked = False

    async def keep(self) -> bool:
        """See the port. Raises StorageUnavailable where the disk has no room, DatabaseDamaged, OSError."""
        if self._file is None or not self._seconds:
            return False
        if not self._keys_checked:  # a change of keys that was cut short leaves older ones
            await self.renew_keys()
            self._keys_checked = True
        if not await asyncio.to_thread(self._due):
            return False
        with self._held() as held:
            if not held or not await asyncio.to_thread(self._due):
                return False
            await self._make()
        return True

    async def renew(self) -> None:
        if not await asyncio.to_thread(self._db.removed.has_snapshots):
            return None
        await self.renew_keys()
        while True:
            with self._held() as held:
                if held:
                    return await self._replace_all()
            await asyncio.sleep(_POLL_SECONDS)

    async def renew_keys(self) -> None:
        folder = self._db.removed.folder
        if folder is not None and self._db.removed.has_snapshots():
            await keep_keys(self._db, self._master, folder)

    async def _replace_all(self) -> None:
        try:
            if not self._seconds:
                raise StorageUnavailable("Snapshots are switched off.")
            await self._make(alone=True)
        except (XiaoQError, OSError) as error:
            log.warning("snapshots_dropped", cause=getattr(error, "code", type(error).__name__))
            for path in self._db.removed.snapshots():
                path.unlink(missing_ok=True)

    async def _make(self, *, alone: bool = False) -> None:
        """Make one, then drop those that are too old, or hold what was removed since."""
        folder, database = self._folder(), self._database()
        began, removed = time.monotonic(), self._db.removed.read()
        await self._db.write(_nothing)  # the removals that were noted are committed when this one is
        state = _state_of(database)
        await asyncio.to_thread(drop_leftovers, folder, 0.0)
        _check_room(database, folder)
        older = self._db.removed.snapshots()
        number = 1 + max((_number(path) for path in older), default=0)
        made = folder / f"{database.stem}-{number:06}-{datetime.now(UTC):%Y%m%d-%H%M%S}{SUFFIX}"
        await asyncio.to_thread(seal_copy, self._db, made, _breathe)
        await keep_keys(self._db, self._master, folder)
        kept = () if alone or removed else _kept(older, made)
        for path in older:
            if path not in kept:
                path.unlink(missing_ok=True)
        await asyncio.to_thread(self._db.removed.forget, removed)
        self._state = state
        seconds = round(time.monotonic() - began, 1)
        log.info("snapshot_made", snapshot=made.name, bytes=made.stat().st_size, seconds=seconds)

    def _due(self) -> bool:
        """Whether the newest is as old as may be and something was written since, or one holds what was removed."""
        found = self._db.removed.snapshots()
        if not found:
            return True
        try:
            age = time.time() - found[0].stat().st_mtime
        except FileNotFoundError:  # another process has just dropped it for a newer one
            return False
        if self._db.removed.read():
            return not 0 <= age < min(REMOVED_SECONDS, self._seconds)
        # One from the future was made before the clock was set back.
        return not -60 <= age < self._seconds and _state_of(self._database()) != self._state

    @contextmanager
    def _held(self) -> Iterator[bool]:
        """Whether this process may make one now."""
        folder = self._folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)

    def _folder(self) -> Path:
        folder = self._db.removed.folder
        if folder is None:
            raise StorageUnavailable(
                "A server's database is not copied by XiaoQ; use the server's own means."
            )
        return folder

    def _database(self) -> Path:
        if self._file is None:
            raise StorageUnavailable(
                "A server's database is not copied by XiaoQ; use the server's own means."
            )
        return self._file


def _kept(older: list[Path], made: Path) -> list[Path]:
    """Of those before `made`, newest first: the one before, and the last of an earlier day."""
    earlier = [path for path in older[NEWEST - 1 :] if _day(path) < _day(made)]
    return [*older[: NEWEST - 1], *earlier[:1]]


def _number(path: Path) -> int:
    found = _NAME.fullmatch(path.stem)
    return int(found[1]) if found else 0


def _day(path: Path) -> str:
    found = _NAME.fullmatch(path.stem)
    return found[2] if found else ""


def _state_of(database: Path) -> tuple[object, ...]:
    """Something that differs when anything was written."""
    parts = [database, database.with_name(f"{database.name}-wal")]
    return tuple(
        (stat.st_size, stat.st_mtime_ns) for part in parts if part.exists() and (stat := part.stat())
    )


def _check_room(database: Path, folder: Path) -> None:
    size = sum(
        path.stat().st_size
        for path in (database, database.with_name(f"{database.name}-wal"))
        if path.exists()
    )
    if shutil.disk_usage(folder).free < 3 * size + ROOM:
        raise StorageUnavailable(
            "The disk is nearly full; no snapshot of the database is made until there is room."
        )


def _nothing(connection: Connection) -> None:
    """A write for the sake of its turn."""


def _breathe(done: int, total: int) -> None:
    time.sleep(BREATH_SECONDS)
