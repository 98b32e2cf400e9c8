"""Puts a backup in the database's place, once all of it has been checked. Knows no running app but whether there is one.

Customers who were erased since are not in the keys: what the backup holds of them is dropped.
"""

import asyncio
import secrets
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import URL, Connection, func, inspect, select, update

from core.errors import ConfigurationError, Conflict, DatabaseDamaged, InvalidRequest, StorageDamaged
from storage.backup import MAGIC, backup_secret, check_file
from storage.backup_keys import Keys, put_back, read_keys
from storage.connections import make_engine, parse_url
from storage.copies import copy_in, sqlite_url
from storage.database import Database
from storage.presence import FilePresence
from storage.removal import remove
from storage.sealed_file import broken, read_sealed
from storage.secrets import MasterKey
from storage.slices import slices
from storage.tables import base_version, conversation, line, subject, turn, word_version
from storage.verify import SqlSeals

LEAST_LEAP = 500_000
"""More changes than lie between a backup and its return; a version holds over a thousand such leaps."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came back; `aside` is the database that was there before."""

    turns: int
    erased: int
    aside: Path | None


async def restore(file: Path, url: str, master: MasterKey, progress: Callable[[int, int], None]) -> Restored:
    """Replace the database of this URL; where anything is wrong, nothing was touched.

    Raises InvalidRequest, StorageDamaged, ConfigurationError (another master key), and Conflict while an app has
    the database open, or where a PostgreSQL database is not empty.
    """
    target, found = parse_url(url), None
    keys = await asyncio.to_thread(read_keys, file.parent, master)
    place = Path(target.database or "").parent if target.get_backend_name() == "sqlite" else None
    if place is not None:
        await asyncio.to_thread(place.mkdir, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".xiaoq-") as folder:
        copy = Path(folder) / "restored.db"
        try:
            await asyncio.to_thread(unpack, file, copy, keys, master, progress)
        except FileNotFoundError:
            raise InvalidRequest("There is no such backup.", param="file") from None
        found = await examined(copy, master)
        if place is None:
            await _fill_server(copy, url, master)
            return Restored(*found, None)
        _, aside = await asyncio.to_thread(swap, copy, Path(target.database or ""), "before-restore")
    return Restored(*found, aside)


def unpack(
    file: Path, copy: Path, keys: Keys, master: MasterKey, progress: Callable[[int, int], None]
) -> None:
    read_sealed(file, copy, MAGIC, backup_secret(keys.secret("documents")), progress)
    try:
        check_file(copy)
    except DatabaseDamaged:
        raise broken() from None
    key = master.read()
    if key is None:
        raise ConfigurationError("The master key is missing; put it back, then restore.")
    engine = make_engine(sqlite_url(copy), "migrate")
    try:
        with engine.connect() as connection, connection.begin():
            put_back(connection, keys, key)
    finally:
        engine.dispose()


async def examined(
    copy: Path, master: MasterKey, removed: Sequence[str] = (), *, proven: bool = True
) -> tuple[int, int]:
    """Open the copy as an app would, drop who was erased and these conversations, and count on from elsewhere; gives turns and
    erased customers.

    Raises StorageDamaged where the rest is to be `proven` and does not prove itself.
    """
    db = Database(f"sqlite:///{copy}", master)
    await db.start()
    try:
        gone = select(subject.c.owner).where(subject.c.wrapped == b"")
        erased = await db.read(lambda connection: len(connection.scalars(gone).all()))
        conditions = [conversation.c.owner.in_(gone)]
        conditions += [conversation.c.id.in_(some) for some in slices(list(removed))]
        for theirs in conditions:
            while (await db.write(partial(remove, db=db, theirs=theirs, at_most=200)))[0]:
                pass
        await db.write(_leap)
        verdict = await SqlSeals(db).verify() if proven else None
        if verdict and not verdict.whole:
            raise StorageDamaged(f"The backup does not prove itself ({verdict.place}), and is not restored.")
        count = select(func.count()).select_from(turn)
        return await db.read(lambda connection: connection.scalar(count)) or 0, erased
    finally:
        await db.aclose()
        await asyncio.to_thread(_as_one_file, copy)


def _leap(connection: Connection) -> None:
    """In a write: versions go on from beyond whatever they had come to since the backup. The index on the disk and answers
    cached in Redis go by them, and would take what comes next for what was there before."""
    ahead = LEAST_LEAP + secrets.randbelow(LEAST_LEAP)
    for counted in (base_version, line, word_version):
        connection.execute(update(counted).values(version=counted.c.version + ahead))


def _as_one_file(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as raw:
        raw.execute("PRAGMA journal_mode = DELETE")


def swap(
    copy: Path, database: Path, mark: str, wanted: Callable[[], bool] = lambda: True
) -> tuple[bool, Path | None]:
    """Move the database aside, under a name with this mark and the date, and the copy in its place.

    Does nothing where it is not `wanted` once no other process is at it. Gives whether it was done, and where the
    old one lies. Raises Conflict while another process has it open.
    """
    presence = FilePresence(database)
    try:
        with presence.starting() as alone:
            if not alone:
                raise Conflict("XiaoQ has the database open; stop every app and command, then restore.")
            if not wanted():
                return False, None
            aside = database.with_name(f"{database.name}.{mark}-{datetime.now(UTC):%Y%m%d-%H%M%S}")
            moved = database.exists()
            for suffix in ("", "-wal", "-shm"):
                there = database.with_name(database.name + suffix)
                if there.exists():
                    there.rename(aside.with_name(aside.name + suffix))
            copy.rename(database)
    finally:
        presence.leave()
    return True, aside if moved else None


async def _fill_server(copy: Path, url: str, master: MasterKey) -> None:
    """PostgreSQL: into an empty database only; the old one stays where it is."""
    if not await asyncio.to_thread(_is_empty, parse_url(url)):
        raise Conflict(
            "The PostgreSQL database is not empty; make a new one, name it in XIAOQ_DATABASE_URL, and restore into it."
        )
    db = Database(url, master)
    await db.start()
    await db.aclose()
    await asyncio.to_thread(copy_in, copy, parse_url(url))


def _is_empty(url: URL) -> bool:
    engine = make_engine(url, "migrate")
    try:
        with engine.connect() as connection:
            return not inspect(connection).get_table_names()
    finally:
        engine.dispose()
