"""Makes backups: one encrypted file each, the keys beside it. Knows no schedule.

A backup without its keys says nothing, the keys without the master key neither.
"""

import asyncio
import errno
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog
from sqlalchemy.exc import DBAPIError

from core.errors import ConfigurationError, InvalidRequest, StorageUnavailable
from storage.backup_keys import FILE, read_ring, take_out, write_keys
from storage.connections import make_engine
from storage.copies import copy_out, sqlite_url
from storage.database import Database
from storage.migrate import damaged
from storage.sealed_file import write_sealed
from storage.secrets import MasterKey, derive

log = structlog.get_logger()

MAGIC = b"XQB1"
SUFFIX = ".xqb"

_DRAFT = ".xiaoq-"
_LONGEST_RUN = 24 * 3600.0


class SqlBackups:
    """core.ports.Backups of a database. `folder` is where backups lie whose keys an erasure renews."""

    def __init__(self, db: Database, master: MasterKey, folder: Path | None) -> None:
        self._db = db
        self._master = master
        self._folder = folder

    async def make(self, target: Path | None, progress: Callable[[int, int], None]) -> Path:
        place = target or self._folder
        if place is None:
            raise InvalidRequest(
                "Name a file or folder for the backup, or set XIAOQ_BACKUP_DIR.", param="target"
            )
        file = place
        if place.suffix != SUFFIX:
            file = place / f"xiaoq-{datetime.now(UTC):%Y%m%d-%H%M%S}{SUFFIX}"
        try:
            await asyncio.to_thread(file.parent.mkdir, mode=0o700, parents=True, exist_ok=True)
            await asyncio.to_thread(self._write, file, progress)
            await self._write_keys(file.parent)
        except OSError as error:
            raise InvalidRequest(
                f"The backup cannot be written there: {error.strerror or 'the disk refused'}.", param="target"
            ) from None
        return file

    async def renew_keys(self) -> None:
        if self._folder is None:
            return
        try:
            if await asyncio.to_thread(self._folder.is_dir):
                if await asyncio.to_thread((self._folder / FILE).exists):
                    await self._write_keys(self._folder)
                return
        except OSError as error:
            log.warning("backup_keys_not_renewed", cause=type(error).__name__)
        raise StorageUnavailable(
            f"It is done here, but {FILE} in XIAOQ_BACKUP_DIR cannot be renewed: make that folder reachable and run "
            "`python app.py backup`, so that older backups follow."
        )

    def _write(self, file: Path, progress: Callable[[int, int], None]) -> None:
        drop_leftovers(file.parent, _LONGEST_RUN)
        seal_copy(self._db, file, progress)

    async def _write_keys(self, folder: Path) -> None:
        await keep_keys(self._db, self._master, folder)


def seal_copy(db: Database, file: Path, progress: Callable[[int, int], None]) -> None:
    """A moment's copy, checked, without its keys, encrypted. Raises DatabaseDamaged, OSError; blocks."""
    # Beside the target: the copy needs as much room as the database, which the system's own folder may not have.
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=_DRAFT) as folder:
        copy = Path(folder) / "copy.db"
        try:
            copy_out(db.url, copy)
        except sqlite3.Error as error:
            raise refused(error) from None
        check_file(copy)
        engine = make_engine(sqlite_url(copy), "migrate")
        try:
            with engine.connect() as connection, connection.begin():
                take_out(connection)
        except DBAPIError as error:
            raise refused(error.orig) from None
        finally:
            engine.dispose()
        about = {"made_at": datetime.now(UTC).isoformat()}
        write_sealed(copy, file, MAGIC, backup_secret(db.secret("documents")), about, progress)


async def keep_keys(db: Database, master: MasterKey, folder: Path) -> None:
    """Put the newest keys beside the backups in this folder. Raises OSError, ConfigurationError."""
    keys = await db.read(lambda connection: read_ring(db.ring, connection))
    key = master.read()
    if key is None:
        raise ConfigurationError("The master key is gone; the backup's keys cannot be written.")
    await asyncio.to_thread(write_keys, keys, folder, key)


def check_file(file: Path) -> None:
    """SQLite's full check of a file. Raises DatabaseDamaged."""
    with closing(sqlite3.connect(file)) as raw:
        try:
            found = raw.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError:
            raise damaged() from None
    if found != "ok":
        raise damaged()


def refused(error: BaseException | None) -> OSError | StorageUnavailable:
    """What SQLite said of a copy, as what it means to who wanted one."""
    cause = getattr(error, "sqlite_errorname", "")
    if cause in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return damaged()
    return OSError(errno.ENOSPC if cause == "SQLITE_FULL" else errno.EIO, "the copy could not be written")


def drop_leftovers(folder: Path, age: float) -> None:
    """Copies of runs that were killed so many seconds ago: they hold keys that an erasure does not reach."""
    for path in folder.glob(f"{_DRAFT}*"):
        if path.stat().st_mtime <= time.time() - age:
            shutil.rmtree(path, ignore_errors=True)


def backup_secret(documents: bytes) -> bytes:
    """What backups are encrypted with: it stays when the master key changes."""
    return derive(documents, "backup")
