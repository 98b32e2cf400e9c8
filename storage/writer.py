"""One thread that writes: what is queued shares a transaction, and is told so after COMMIT. Knows no table.

What is to be kept in any case is tried again for minutes while the disk is full or another process holds the lock.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import StorageUnavailable

T = TypeVar("T")

log = structlog.get_logger()

GROUP = 256
"""The most writes that share a transaction: bounds how long the first of them waits for its COMMIT."""

PATIENCE_SECONDS = 1.0
"""How long a write that is to wait for others does so at most, so that it is done under any load."""

ATTEMPTS = 3
"""How often a write is tried that another replica's got in the way of."""

KEPT_SECONDS = 900.0
"""How long a write that is to be kept is tried while the database refuses all writes."""

KEPT = 10_000
"""The most of them; while none gets through no question is taken either, so there are as many as open answers."""

AGAIN_SECONDS = 0.5
"""Between two trials."""

LAST_SECONDS = 10.0
"""How long `close` goes on trying."""


class _Job:
    """One queued write and, once it ran, what came of it."""

    def __init__(self, fn: Callable[[Connection], Any], keep: bool = False) -> None:
        self.fn = fn
        self.keep = keep
        self.queued = time.monotonic()
        self.future: Future[Any] = Future()
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        self.value, self.error = None, None
        try:
            with connection.begin_nested():
                self.value = self.fn(connection)
        except IntegrityError as error:
            self.error = error
        except DBAPIError:
            # SQLite may have rolled back everything (disk full, I/O error): the savepoints are gone.
            raise
        except Exception as error:  # noqa: BLE001 - it is the caller's, and is raised there
            self.error = error

    def resolve(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class GroupWriter:
    """Runs functions on a connection of its own, one after another, each in a savepoint.

    Every commit waits for the disk, so writes that arrive meanwhile share the next one. A function may run
    again, alone, where another one broke the transaction they shared; only one run is committed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._urgent: deque[_Job] = deque()
        self._later: deque[_Job] = deque()
        self._kept: deque[_Job] = deque()
        self._again_at = 0.0
        self._closed_at = 0.0
        self._news = threading.Condition()
        self._closed = False
        # A daemon, so that a process that forgot to close still ends; nothing it was told of is lost by that.
        self._thread = threading.Thread(target=self._work, name="xiaoq-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(
        self, fn: Callable[[Connection], T], *, later: bool = False, keep: bool = False
    ) -> "Future[T]":
        """Queue a write; `later`, it waits until no other does, and shares no transaction with any.

        With `keep` it is tried again, KEPT_SECONDS long, where the database takes no writes. Raises
        StorageUnavailable after `close`.
        """
        job = _Job(fn, keep)
        with self._news:
            if self._closed:
                raise StorageUnavailable("The database is closed; XiaoQ is shutting down.")
            (self._later if later else self._urgent).append(job)
            self._news.notify()
        return job.future

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._news:
            self._closed, self._closed_at = True, time.monotonic()
            self._news.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next_group():
            self._attempt(jobs, self._commit)

    def _attempt(self, jobs: list[_Job], work: Callable[[list[_Job]], None]) -> None:
        try:
            work(jobs)
        except Exception as error:  # noqa: BLE001 - the thread must live on; every waiter is told
            for job in jobs:
                if not job.future.done() and not self._puts_off(job, error):
                    job.future.set_exception(error)

    def _puts_off(self, job: _Job, error: BaseException) -> bool:
        """Whether the job is tried again later: it is to be kept, and the database alone is the cause."""
        now = time.monotonic()
        patient = now < (self._closed_at + LAST_SECONDS if self._closed else job.queued + KEPT_SECONDS)
        if not (job.keep and patient and len(self._kept) < KEPT and _passing(error)):
            return False
        if not self._kept:
            log.warning("writes_put_off", cause=type(error).__name__)
        self._kept.append(job)
        self._again_at = now + AGAIN_SECONDS
        return True

    def _next_group(self) -> list[_Job]:
        """The jobs whose turn it is, waited for; none once all is done and no more may come."""
        with self._news:
            while True:
                wait = self._again_at - time.monotonic() if self._kept else None
                if wait is not None and wait <= 0:
                    return [self._kept.popleft() for _ in range(min(GROUP, len(self._kept)))]
                if self._later and (not self._urgent or _overdue(self._later[0])):
                    return [self._later.popleft()]
                if self._urgent:
                    return [self._urgent.popleft() for _ in range(min(GROUP, len(self._urgent)))]
                if self._closed and wait is None:
                    return []
                self._news.wait(wait)

    def _commit(self, jobs: list[_Job]) -> None:
        if len(jobs) == 1 or not self._transact(jobs):
            for job in jobs:
                self._attempt([job], self._alone)

    def _alone(self, jobs: list[_Job]) -> None:
        for attempt in range(ATTEMPTS):
            if self._transact(jobs, last=attempt == ATTEMPTS - 1):
                return

    def _transact(self, jobs: list[_Job], *, last: bool = False) -> bool:
        """Run and commit the jobs; False where nothing was kept and another attempt is worth it."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            for job in jobs:
                try:
                    job.run(connection)
                except DBAPIError as error:
                    transaction.rollback()
                    if len(jobs) > 1 or (_crossed(error) and not last):
                        return False
                    if self._puts_off(job, error):
                        return True
                    job.error = error
        for job in jobs:
            job.resolve()
        return True


def _overdue(job: _Job) -> bool:
    return time.monotonic() - job.queued > PATIENCE_SECONDS


def _passing(error: BaseException) -> bool:
    """Whether the database, and not what was to be written, is the cause: locked, full, out of reach."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _crossed(error: DBAPIError) -> bool:
    """Whether PostgreSQL undid the transaction because it and another replica's waited for each other."""
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")
