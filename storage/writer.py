"""One thread that writes: what is queued shares a transaction, and is told so after COMMIT. Knows no table."""

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.errors import StorageUnavailable

T = TypeVar("T")

GROUP = 256
"""The most writes that share a transaction: bounds how long the first of them waits for its COMMIT."""

PATIENCE_SECONDS = 1.0
"""How long a write that is to wait for others does so at most, so that it is done under any load."""

ATTEMPTS = 3
"""How often a write is tried that another replica's got in the way of."""


class _Job:
    """One queued write and, once it ran, what came of it."""

    def __init__(self, fn: Callable[[Connection], Any]) -> None:
        self.fn = fn
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
        self._news = threading.Condition()
        self._closed = False
        # A daemon, so that a process that forgot to close still ends; nothing it was told of is lost by that.
        self._thread = threading.Thread(target=self._work, name="xiaoq-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, fn: Callable[[Connection], T], *, later: bool = False) -> "Future[T]":
        """Queue a write; `later`, it waits until no other does, and shares no transaction with any.

        Raises StorageUnavailable after `close`.
        """
        job = _Job(fn)
        with self._news:
            if self._closed:
                raise StorageUnavailable("The database is closed; XiaoQ is shutting down.")
            (self._later if later else self._urgent).append(job)
            self._news.notify()
        return job.future

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._news:
            self._closed = True
            self._news.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next_group():
            try:
                self._commit(jobs)
            except Exception as error:  # noqa: BLE001 - the thread must live on; every waiter is told
                for job in jobs:
                    if not job.future.done():
                        job.future.set_exception(error)

    def _next_group(self) -> list[_Job]:
        """The jobs whose turn it is, waited for; none once all is done and no more may come."""
        with self._news:
            self._news.wait_for(lambda: self._urgent or self._later or self._closed)
            if self._later and (not self._urgent or _overdue(self._later[0])):
                return [self._later.popleft()]
            return [self._urgent.popleft() for _ in range(min(GROUP, len(self._urgent)))]

    def _commit(self, jobs: list[_Job]) -> None:
        if len(jobs) == 1 or not self._transact(jobs):
            for job in jobs:
                self._alone(job)

    def _alone(self, job: _Job) -> None:
        for attempt in range(ATTEMPTS):
            if self._transact([job], last=attempt == ATTEMPTS - 1):
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
                    job.error = error
        for job in jobs:
            job.resolve()
        return True


def _overdue(job: _Job) -> bool:
    return time.monotonic() - job.queued > PATIENCE_SECONDS


def _crossed(error: DBAPIError) -> bool:
    """Whether PostgreSQL undid the transaction because it and another replica's waited for each other."""
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")
