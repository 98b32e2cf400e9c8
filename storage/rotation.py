"""Changes the master key and the keys under it while apps serve. Knows no text and no command line.

The order is what keeps apps serving: first everything is wrapped by both master keys, then `master.key` is swapped,
then the old wrapping goes, and only then comes a new key-wrapping key, which apps meet as an unknown version and look
up with the file that lies there by then. Killed at any point, the next run goes on from what it finds.
"""

import asyncio
import os
import secrets
from collections.abc import Callable

from sqlalchemy import Connection, bindparam, delete, func, select, update

from core.errors import ConfigurationError, Conflict
from storage.cipher import KEY_BYTES
from storage.database import Database
from storage.ring import KEK, unwrapped, wrap
from storage.secrets import KeyFile, MasterKey, fingerprint
from storage.tables import key_ring, subject

Progress = Callable[[int, int], None]

NEW = ".new"
"""`master.key.new` holds the next key until it takes the old one's place."""

_AT_ONCE = 500


class SqlKeyRotation:
    """core.ports.KeyRotation over a database and the master key it was opened with."""

    def __init__(self, db: Database, master: MasterKey, following: MasterKey | None = None) -> None:
        self._db = db
        self._master = master
        self._following = following

    async def rotate(self, progress: Progress) -> bool:
        if isinstance(self._master, KeyFile):
            await self._swap(self._master)
            await self._renew(progress)
            return True
        following = self._following.read() if self._following else None
        if following is None:
            raise ConfigurationError(
                "XIAOQ_MASTER_KEY is set, so the new key comes from you: set XIAOQ_NEW_MASTER_KEY as well, "
                "to what `openssl rand -base64 32` prints."
            )
        if following == self._master.read():
            raise ConfigurationError("XIAOQ_NEW_MASTER_KEY is the key that is in use; make another.")
        await self._db.write(lambda connection: _wrap_also(connection, self._key(), following))
        return False

    async def finish(self, progress: Progress) -> None:
        mark = fingerprint(self._key())
        others = select(func.count()).select_from(key_ring).where(key_ring.c.master != mark)
        if not await self._db.read(lambda connection: connection.scalar(others)):
            raise Conflict("There is no rotation to finish: no other master key opens this database.")
        await self._db.write(lambda connection: _unwrap_others(connection, self._key()))
        await self._renew(progress)

    async def _swap(self, file: KeyFile) -> None:
        fresh = KeyFile(file.path.with_name(file.path.name + NEW))
        new = await asyncio.to_thread(fresh.make)
        await self._db.write(lambda connection: _wrap_also(connection, self._key(), new))
        await asyncio.to_thread(_replace, fresh, file)
        await self._db.write(lambda connection: _unwrap_others(connection, new))

    async def _renew(self, progress: Progress) -> None:
        """A new key-wrapping key, every subject's key under it, the older ones gone, from the files as well."""
        version = await self._db.write(self._add_kek)
        total = await self._db.read(_subjects)
        done = 0
        while some := await self._db.write(lambda connection: self._rewrap(connection, version), later=True):
            done += some
            progress(min(done, total), total)
        await self._db.write(lambda connection: self._retire(connection, version))
        await asyncio.to_thread(self._db.sweep)

    def _key(self) -> bytes:
        key = self._master.read()
        if key is None:
            raise ConfigurationError("The master key is gone; nothing was changed.")
        return key

    def _add_kek(self, connection: Connection) -> int:
        newest = connection.scalar(select(func.max(key_ring.c.version)).where(key_ring.c.name == KEK)) or 0
        wrap(connection, self._key(), [(KEK, newest + 1, secrets.token_bytes(KEY_BYTES))])
        return newest + 1

    def _rewrap(self, connection: Connection, version: int) -> int:
        """Some subjects' keys, from older versions to this one; 0 when none is left."""
        older = select(subject).where(subject.c.kek_version != version).limit(_AT_ONCE).with_for_update()
        rows = connection.execute(older).all()
        if rows:
            kek = self._db.keys.kek(connection, version)
            changes = [
                {"of": row.owner, "wrapped": self._db.keys.rewrapped(connection, row, kek)} for row in rows
            ]
            change = update(subject).where(subject.c.owner == bindparam("of"))
            connection.execute(change.values(wrapped=bindparam("wrapped"), kek_version=version), changes)
        return len(rows)

    def _retire(self, connection: Connection, version: int) -> None:
        old = (key_ring.c.name == KEK) & (key_ring.c.version != version)
        # Waits for every write that wraps a new subject's key with an older one (KeyRing.current), then sees it.
        connection.execute(select(key_ring.c.version).where(old).with_for_update()).all()
        while self._rewrap(connection, version):
            pass
        connection.execute(delete(key_ring).where(old))


def _subjects(connection: Connection) -> int:
    return connection.scalar(select(func.count()).select_from(subject)) or 0


def _wrap_also(connection: Connection, old: bytes, new: bytes) -> None:
    """Whatever the old master key opens, the new one opens, too."""
    there = {(name, version) for name, version, _ in unwrapped(connection, new)}
    missing = [one for one in unwrapped(connection, old) if one[:2] not in there]
    if missing:
        wrap(connection, new, missing)


def _unwrap_others(connection: Connection, master: bytes) -> None:
    connection.execute(delete(key_ring).where(key_ring.c.master != fingerprint(master)))


def _replace(fresh: KeyFile, file: KeyFile) -> None:
    os.replace(fresh.path, file.path)
    folder = os.open(file.path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
