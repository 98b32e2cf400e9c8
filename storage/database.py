"""The database as the rest of the room uses it: start, read, write, close. Knows no table.

Work runs in threads of its own (four that read, one that writes); the event loop only waits.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from sqlalchemy import URL, Connection, event, text
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.custody import Recovered
from core.errors import ConfigurationError, Conflict, DatabaseDamaged, StorageUnavailable, XiaoQError
from core.ports import Health
from storage.cipher import Cipher
from storage.connections import make_engine, parse_url
from storage.migrate import check_integrity, damaged, is_empty, mark_interrupted, migrate, scrub
from storage.presence import FilePresence, Presence, ServerPresence
from storage.pseudonyms import Pseudonyms
from storage.recovery_notice import recovery_notice
from storage.removed import Removed
from storage.ring import KeyRing
from storage.seals import Seals
from storage.secrets import MasterKey
from storage.subject_keys import SubjectKeys, watch
from storage.sweep import sweep
from storage.turnstile import Turnstile
from storage.writer import Batch, GroupWriter

T = TypeVar("T")
Item = TypeVar("Item")

log = structlog.get_logger()

READERS = 4

ROOM_SECONDS = 1.0
"""How long who could go another way waits for it to keep up."""
OWED_SECONDS = 0.02
"""How long what is owed waits for a write to go with: each commit waits for the disk."""


class Database:
    """One SQLite file or PostgreSQL database.

    What people wrote is encrypted under keys that `master` unlocks: `keys` of subjects, `pseudonyms` of owners,
    `seals` of rows, secrets by `secret`; all are there after `start`. `recover` puts a snapshot in the place of a
    damaged file. Raises ConfigurationError where the URL is neither.
    """

    def __init__(
        self, url: str, master: MasterKey, recover: Callable[[], Awaitable[Recovered | None]] | None = None
    ) -> None:
        self._url = parse_url(url)
        self.ring = KeyRing(master)
        self.keys = SubjectKeys(self.ring)
        self.pseudonyms = Pseudonyms(self.ring)
        self.seals = Seals(self.ring)
        self._file = Path(self._url.database or "") if self._url.get_backend_name() == "sqlite" else None
        self.removed = Removed(self._file)
        self._recover = recover
        self.recovered: Recovered | None = None
        self._read_engine = make_engine(self._url, "read", READERS)
        self._write_engine = make_engine(self._url, "write")
        self._presence: Presence = FilePresence(self._file) if self._file else ServerPresence(self._url)
        event.listen(self._write_engine, "connect", lambda *_: self._presence.renew())
        self.seals.watch(self._write_engine, lambda: self._presence.mark)
        watch(self._write_engine)
        self._readers = ThreadPoolExecutor(READERS, "xiaoq-read")
        self._turnstile = _turnstile(self._file) if self._file else None
        self._writer = GroupWriter(
            self._write_engine, self._turnstile.turn if self._turnstile else nullcontext
        )
        self._owed = self._tried = 0
        self._put_off: set[int] = set()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._room: asyncio.Future[bool] | None = None
        self._hurrying: asyncio.TimerHandle | None = None
        self._started = False

    async def start(self) -> None:
        """Check the file, migrate to the newest revision, mend what a crash left.

        Several processes may start at once; they take turns. Raises DatabaseDamaged where no snapshot takes a damaged
        file's place, StorageUnavailable where it is out of reach or of a newer XiaoQ, ConfigurationError where the
        master key is not its own.
        """
        try:
            await asyncio.to_thread(self._open)
        except DatabaseDamaged:
            if self._recover is None:
                raise
            try:
                self.recovered = await self._recover()
            except Conflict:
                log.warning("damaged_database_is_open_elsewhere")
            await asyncio.to_thread(self._open)
        self._writer.start()
        self._started = True

    def _open(self) -> None:
        if self._file is not None:
            _make_private(self._file)
        engine = make_engine(self._url, "migrate")
        self.seals.watch(engine, lambda: self._presence.mark)
        try:
            with self._presence.starting() as alone:
                with engine.connect() as connection, connection.begin():
                    check_integrity(connection)
                    if is_empty(connection) and self.removed.has_snapshots():
                        raise damaged()  # it was cut to nothing, or is gone
                    sealed = migrate(connection, self.ring)
                    interrupted = mark_interrupted(connection, self.seals, alone=alone)
                    if alone:
                        self.seals.gather(connection, self._presence.mark)
                if sealed:
                    scrub(engine)
        except DBAPIError as error:
            self._presence.leave()
            raise _unavailable(error) from None
        except XiaoQError:
            self._presence.leave()
            raise
        finally:
            engine.dispose()
        if interrupted:
            log.info("turns_interrupted", count=interrupted)

    async def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on one snapshot, in a reading thread, after all that is owed. Raises StorageUnavailable."""
        self._check_started()
        await self.caught_up()
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, fn)

    def _read(self, fn: Callable[[Connection], T]) -> T:
        try:
            with self._read_engine.connect() as connection, connection.begin():
                return fn(connection)
        except (DBAPIError, PoolTimeout) as error:
            raise _unavailable(error) from None

    async def write(self, fn: Callable[[Connection], T], *, later: bool = False) -> T:
        """Run `fn` in the writing thread; returns after COMMIT. Raises StorageUnavailable.

        `later` lets every other write go first: for the small steps of large work, which no question waits for.

        `fn` is undone where it raises, alone; it may run more than once (see GroupWriter), so it only touches the
        connection. A write once handed over is carried out even if the caller is cancelled while it waits.
        """
        self._check_started()
        return await self._written(self._writer.submit(fn, later=later))

    async def write_batch(self, batch: Batch[Item, T], item: Item) -> T:
        """`write`, for writes of one kind of which many come at once: those that wait together are done together."""
        self._check_started()
        return await self._written(self._writer.submit_to(batch, item))

    def owe(self, batch: Batch[Item, T], item: Item, lost: Callable[[Item, Exception], None]) -> None:
        """`write_batch` of what cannot be asked for again, such as an answer that was given, without waiting for it.

        It is done before any `read` that begins later, and before `aclose` ends. Where the disk is full or the
        database locked, it stays in memory and is tried again for minutes, and no read waits for it. `lost` hears
        why where it could not be done.
        """
        self._check_started()
        self._writer.owe(batch, item, partial(self._told, lost))
        self._owed += 1
        if self._hurrying is None:
            self._hurrying = asyncio.get_running_loop().call_later(OWED_SECONDS, self._hurry)

    def _told(
        self, lost: Callable[[Any, Exception], None], item: Any, error: BaseException | None, again: bool
    ) -> None:
        """How it stands with something owed. What is put off counts as tried, once."""
        known = bool(self._put_off) and id(item) in self._put_off
        if not known:
            self._tried += 1
            while self._waiting and self._waiting[0][0] <= self._tried:
                _resolved(self._waiting.popleft()[1])
        if self._room is not None and (self._writer.keeps_up or self._writer.puts_off):
            self._tell_room(self._room)
        if again:
            self._put_off.add(id(item))
            return
        self._put_off.discard(id(item))
        if error is not None:
            lost(item, _translated(error))

    async def caught_up(self) -> bool:
        """Wait for what is owed now, as every `read` does; whether anything was.

        Before a `write` to what may have been owed a moment ago, which would go ahead of it and not find it.
        """
        if self._tried >= self._owed:
            return False
        await self._all_tried()
        return True

    @property
    def owes(self) -> bool:
        """Whether something is owed that was not tried yet."""
        return self._tried < self._owed

    async def _all_tried(self) -> None:
        """Wait for what is owed now; it is tried in the order in which it came to be."""
        tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._owed, tried))
        self._writer.hurry()
        await tried

    @property
    def keeps_up(self) -> bool:
        """Whether the database takes writes as fast as they are owed: what is owed now is stored within moments."""
        return self._started and self._writer.keeps_up

    def room(self) -> "asyncio.Future[bool] | None":
        """What tells, within ROOM_SECONDS, whether it keeps up again; all who wait share it. None where it does, or where
        the database refuses what it is given.
        """
        if self.keeps_up or not self._started or self._writer.puts_off:
            return None
        if self._room is None:
            loop = asyncio.get_running_loop()
            self._room = loop.create_future()
            loop.call_later(ROOM_SECONDS, self._tell_room, self._room)
            self._writer.hurry()
        return self._room

    def _tell_room(self, room: "asyncio.Future[bool]") -> None:
        if room is self._room:
            self._room = None
            room.set_result(self.keeps_up)

    def _hurry(self) -> None:
        self._hurrying = None
        self._writer.hurry()

    async def _written(self, written: "asyncio.Future[T]") -> T:
        try:
            return await written
        except (DBAPIError, PoolTimeout) as error:
            raise _unavailable(error) from None

    async def apart(self, fn: Callable[[Connection], T], *, transaction: bool = True) -> T:
        """Run `fn` on a connection of its own, for long work that no question may wait for. PostgreSQL only.

        Without `transaction` every statement commits by itself. Raises StorageUnavailable, and
        ConfigurationError on SQLite, which has one writer.
        """
        self._check_started()
        if not self.on_server:
            raise ConfigurationError("This needs PostgreSQL; XIAOQ_DATABASE_URL names a SQLite file.")
        return await asyncio.to_thread(self._apart, fn, transaction)

    def _apart(self, fn: Callable[[Connection], T], transaction: bool) -> T:
        engine = make_engine(self._url, "migrate")
        try:
            if not transaction:
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    return fn(connection)
            with engine.connect() as connection, connection.begin():
                return fn(connection)
        except DBAPIError as error:
            raise _unavailable(error) from None
        finally:
            engine.dispose()

    def sweep(self) -> None:
        """Leave nothing in the database's files of rows that are deleted. Blocks; raises StorageUnavailable."""
        engine = make_engine(self._url, "migrate")
        try:
            sweep(engine)
        except DBAPIError as error:
            raise _unavailable(error) from None
        finally:
            engine.dispose()

    def secret(self, name: str) -> bytes:
        """A secret of the key ring (ring.py names them). Raises StorageUnavailable before `start`."""
        return self.ring.secret(name)

    @property
    def documents(self) -> Cipher:
        """What the bytes of documents are encrypted with, in the queue and after."""
        return Cipher(self.secret("documents"))

    @property
    def url(self) -> URL:
        """Where it is."""
        return self._url

    @property
    def on_server(self) -> bool:
        """Whether this is PostgreSQL, which other machines may share."""
        return self._file is None

    @property
    def process(self) -> str:
        """What this opening of the database signs its work with; never used twice."""
        return self._presence.mark

    def is_gone(self, connection: Connection, process: str) -> bool:
        """Whether the opening of this mark was closed or its process died; asked in a write."""
        return self._presence.is_gone(connection, process)

    async def health(self) -> Health:
        """Whether a read gets through. Names the kind of database, never its address, and what it was restored from."""
        try:
            await self.read(lambda connection: connection.execute(text("SELECT 1")).scalar_one())
        except StorageUnavailable as error:
            return Health(ready=False, detail=error.message)
        told = [self._url.get_backend_name(), *([self.notice] if self.notice else [])]
        return Health(ready=True, detail="; ".join(told))

    @property
    def notice(self) -> str:
        """What an operator is to know of a recovery, this process's or an earlier one's, until its marker is gone."""
        return "" if self._file is None else recovery_notice(self._file)

    async def aclose(self) -> None:
        """Commit what is queued, then let go of the file."""
        if self._started:
            self._started = False
            await asyncio.to_thread(self._writer.close)
        await asyncio.to_thread(self._readers.shutdown)
        self._read_engine.dispose()
        self._write_engine.dispose()
        if self._turnstile:
            self._turnstile.close()
        self._presence.leave()

    def _check_started(self) -> None:
        if not self._started:
            raise StorageUnavailable("The database is not open; XiaoQ is starting or shutting down.")


def _resolved(waited_for: "asyncio.Future[None]") -> None:
    if not waited_for.done():
        waited_for.set_result(None)


def _turnstile(file: Path) -> Turnstile:
    return Turnstile(file.with_name(f"{file.name}.next"), file.with_name(f"{file.name}.writing"))


def _make_private(file: Path) -> None:
    """SQLite gives its -wal and -shm files the mode of the database: only its owner reads any of them."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=True)
    except OSError:
        raise StorageUnavailable(
            "The database file cannot be made; check that the data folder exists and is writable."
        ) from None


def _translated(error: BaseException) -> Exception:
    if isinstance(error, DBAPIError | PoolTimeout):
        return _unavailable(error)
    return error if isinstance(error, Exception) else StorageUnavailable("The write was given up.")


def _unavailable(error: DBAPIError | PoolTimeout) -> Exception:
    """StorageUnavailable where the database is the cause, else the error itself (a broken rule is a bug).

    Its text stays out of both log and message: PostgreSQL quotes rows in it.
    """
    if isinstance(error, PoolTimeout):
        return StorageUnavailable("The database is busy; try again in a few seconds.", retry_after=5)
    cause = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    if not (isinstance(error, OperationalError | InterfaceError) or type(error) is DatabaseError):
        return error
    log.error("storage_unavailable", cause=cause or type(error.orig).__name__)
    if cause in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return damaged()
    if cause in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return StorageUnavailable("The database is locked by another process; try again.", retry_after=5)
    if cause == "SQLITE_FULL":
        return StorageUnavailable(
            "The disk of the database is full; free space and try again.", retry_after=30
        )
    return StorageUnavailable("The database cannot be reached; try again in a few seconds.", retry_after=5)
