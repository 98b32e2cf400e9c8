"""One thread that writes: what is queued shares a transaction, and is told so after COMMIT. Knows no table.

What is owed is tried again for minutes while the disk is full or another process holds the lock.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any, TypeVar, cast

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import StorageUnavailable
from storage.connections import Line

T = TypeVar("T")
Item = TypeVar("Item")

Turn = Callable[[], AbstractContextManager[None]]
"""Held while a transaction writes: other processes have their turn between two of ours."""
Write = Callable[[Connection], T]
Batch = Callable[[Connection, Sequence[Item]], Sequence[T | Exception]]
"""Does several writes of one kind with few statements; gives what each of them returns or would raise."""

log = structlog.get_logger()

GROUP = 256
"""The most writes that share a transaction with one that somebody waits for: bounds how long it waits for its COMMIT."""

BESIDE = 128
"""The most of what is owed that goes with writes that somebody waits for, or soon after one."""

OWED_GROUP = 768
"""The same where nobody has waited of late. A transaction of more takes less for each: before each of its statements, and twice
within, the thread waits for Python's lock, which the loop is loath to give while it has anything to do."""

OF_LATE_SECONDS = 0.25
"""So long after one write that somebody waited for, there may be a next: it would wait for the transaction under way, too."""

MANY = 8
"""From so many writes on that somebody waits for, what is owed goes with them: a commit less. Fewer go by themselves, so
that one question at a time does not wait for the answer before it."""

PATIENCE_SECONDS = 1.0
"""How long a write that is to wait for others does so at most, so that it is done under any load."""

ATTEMPTS = 3
"""How often a write is tried that another replica's got in the way of."""

OWED_SECONDS = 900.0
"""How long a write that is owed is tried while the database refuses all writes."""

OWED = 10_000
"""The most of them; while none gets through no question is taken either, so there are as many as open answers."""

BEHIND = 2 * OWED_GROUP
"""So many writes that are owed and wait: those who could do without waiting are to wait, too, as every read does."""

AGAIN_SECONDS = 0.5
"""Between two trials."""

LAST_SECONDS = 10.0
"""How long `close` goes on trying."""


Tell = Callable[[Any, BaseException | None, bool], None]
"""Hears in the loop how it stands with what is owed: what it was, what went wrong, and whether it is tried again."""


class _Job:
    """One queued write and, once it ran, what came of it.

    `batch` is None for a write that goes by itself; `tell` is there for one that is owed, `future` for the others.
    """

    __slots__ = ("batch", "error", "future", "loop", "queued", "tell", "value", "work")

    def __init__(self, batch: Batch[Any, Any] | None, work: Any, tell: Tell | None = None) -> None:
        self.batch = batch
        self.work = work
        self.tell = tell
        self.loop = loop = asyncio.get_running_loop()
        self.queued = time.monotonic()
        self.future: asyncio.Future[Any] | None = None if tell else loop.create_future()
        self.value: Any = None
        self.error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        """The write by itself. What it raises is the caller's and kept for it, but for what the database raises."""
        try:
            if self.batch is None:
                self.value, self.error = self.work(connection), None
            else:
                self.keep(self.batch(connection, [self.work])[0])
        except IntegrityError as error:
            self.error = error
        except DBAPIError:
            # SQLite may have rolled back everything (disk full, I/O error): the savepoints are gone.
            raise
        except Exception as error:  # noqa: BLE001 - it is the caller's, and is raised there
            self.error = error

    def keep(self, outcome: Any) -> None:
        if isinstance(outcome, Exception):
            self.error = outcome
        else:
            self.value, self.error = outcome, None

    def resolve(self) -> None:
        if self.tell is not None:
            self.tell(self.work, self.error, False)
            return
        if self.future is None or self.future.done():  # the caller left
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class GroupWriter:
    """Runs writes on a connection of its own, one transaction after another.

    Every commit waits for the disk, so writes that arrive meanwhile share the next one: those of one kind as one
    batch, in the order of their kinds' first; then the others, each in a savepoint. A write may run again, alone,
    where another one broke the transaction they shared; only one run is committed.
    """

    def __init__(self, engine: Engine, turn: Turn = nullcontext) -> None:
        self._line = Line(engine)
        self._turn = turn
        self._urgent: deque[_Job] = deque()
        self._soon: deque[_Job] = deque()
        self._hurried = False
        self._later: deque[_Job] = deque()
        self._owed: deque[_Job] = deque()
        self._again_at = 0.0
        self._waited_for_at = 0.0
        self._closed_at = 0.0
        self._news = threading.Condition()
        self._closed = False
        # A daemon, so that a process that forgot to close still ends; nothing it was told of is lost by that.
        self._thread = threading.Thread(target=self._work, name="xiaoq-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, fn: Write[T], *, later: bool = False) -> "asyncio.Future[T]":
        """Queue a write; `later`, it waits until no other does, and shares no transaction with any.

        What is queued is done even where its caller no longer waits. Raises StorageUnavailable after `close`.
        """
        return self._queue(_Job(None, fn), self._later if later else self._urgent)

    def submit_to(self, batch: Batch[Item, T], item: Item) -> "asyncio.Future[T]":
        """Queue a write of this kind. Raises StorageUnavailable after `close`."""
        return self._queue(_Job(batch, item), self._urgent)

    def owe(self, batch: Batch[Item, T], item: Item, tell: Tell) -> None:
        """Queue a write of this kind that nobody waits for: it goes with MANY that somebody waits for, or at `hurry`.

        It is tried again, OWED_SECONDS long, where the database takes no writes; `tell` hears of each such time and of
        the end. Raises StorageUnavailable after `close`.
        """
        self._check_open()
        self._soon.append(_Job(batch, item, tell))  # without the lock: nobody waits to be told of it

    @property
    def puts_off(self) -> bool:
        """Whether the database refuses what is owed, so that it is tried again from time to time."""
        return bool(self._owed)

    @property
    def keeps_up(self) -> bool:
        """Whether nothing was put off, and no more waits than two transactions take."""
        return not self._owed and len(self._soon) < BEHIND

    def hurry(self) -> None:
        """Somebody waits for what is owed."""
        with self._news:
            if self._soon:
                self._hurried = True
                self._news.notify()

    def _queue(self, job: _Job, queue: deque[_Job]) -> "asyncio.Future[Any]":
        with self._news:
            self._check_open()
            queue.append(job)
            self._news.notify()
        return cast("asyncio.Future[Any]", job.future)

    def _check_open(self) -> None:
        if self._closed:
            raise StorageUnavailable("The database is closed; XiaoQ is shutting down.")

    def close(self) -> None:
        """Commit what is queued and end the thread."""
        with self._news:
            self._closed, self._closed_at = True, time.monotonic()
            self._news.notify()
        self._thread.join()

    def _work(self) -> None:
        while jobs := self._next_group():
            try:
                with self._turn():
                    self._commit(jobs)
            except Exception as error:  # noqa: BLE001 - the thread must live on; every waiter is told
                for job in jobs:
                    job.error = error
            _tell(job for job in jobs if not self._puts_off(job))
        self._line.let_go()

    def _puts_off(self, job: _Job) -> bool:
        """Whether the job is tried again later: it is owed, and the database alone is the cause."""
        if job.error is None or job.tell is None or not _passing(job.error):
            return False
        now = time.monotonic()
        patient = now < (self._closed_at + LAST_SECONDS if self._closed else job.queued + OWED_SECONDS)
        if not patient or len(self._owed) >= OWED:
            return False
        if not self._owed:
            log.warning("writes_put_off", cause=type(job.error).__name__)
        self._owed.append(job)
        self._again_at = now + AGAIN_SECONDS
        _call(job.loop, job.tell, job.work, job.error, True)
        return True

    def _next_group(self) -> list[_Job]:
        """The jobs whose turn it is, waited for; none once all is done and no more may come."""
        with self._news:
            while True:
                wait = self._again_at - time.monotonic() if self._owed else None
                if wait is not None and wait <= 0:
                    return [self._owed.popleft() for _ in range(min(GROUP, len(self._owed)))]
                ready = self._urgent or (self._soon and (self._hurried or self._closed))
                if self._later and (not ready or _overdue(self._later[0])):
                    return [self._later.popleft()]
                if ready:
                    return self._group()
                if self._closed and wait is None:
                    return []
                self._news.wait(wait)

    def _group(self) -> list[_Job]:
        group = [self._urgent.popleft() for _ in range(min(GROUP, len(self._urgent)))]
        now = time.monotonic()
        if group:
            self._waited_for_at = now
        if self._hurried or self._closed or len(group) >= MANY or not group:
            of_late = now - self._waited_for_at < OF_LATE_SECONDS
            most = min(BESIDE, GROUP - len(group)) if of_late else OWED_GROUP
            group += [self._soon.popleft() for _ in range(min(most, len(self._soon)))]
        self._hurried = self._hurried and bool(self._soon)
        return group

    def _commit(self, jobs: list[_Job]) -> None:
        if len(jobs) == 1 or not self._together(jobs):
            for job in jobs:
                self._alone(job)

    def _alone(self, job: _Job) -> None:
        for attempt in range(ATTEMPTS):
            try:
                with self._line.held() as connection, connection.begin() as transaction:
                    job.run(connection)
                    if job.error is not None:
                        transaction.rollback()
                return
            except DBAPIError as error:
                job.error = error
                if not _crossed(error) or attempt == ATTEMPTS - 1:
                    return

    def _together(self, jobs: list[_Job]) -> bool:
        """Run and commit the jobs; False where nothing was kept and each is to be tried alone.

        Raises where no transaction can be had at all: alone they would wait for it one after the other.
        """
        with self._line.held() as connection:
            transaction = connection.begin()
            try:
                _run_all(connection, jobs)
                transaction.commit()
            except Exception:  # noqa: BLE001 - whose it is shows when each runs alone
                transaction.rollback()
                return False
        return True


def _run_all(connection: Connection, jobs: Sequence[_Job]) -> None:
    kinds: dict[Any, list[_Job]] = {}
    for job in jobs:
        if job.batch is not None:
            kinds.setdefault(job.batch, []).append(job)
    for batch, alike in kinds.items():
        for job, outcome in zip(alike, batch(connection, [job.work for job in alike]), strict=True):
            job.keep(outcome)
    for job in jobs:
        if job.batch is None:
            _in_savepoint(connection, job)


def _in_savepoint(connection: Connection, job: _Job) -> None:
    with connection.begin_nested() as savepoint:
        job.run(connection)
        if job.error is not None:
            savepoint.rollback()


def _tell(jobs: Iterable[_Job]) -> None:
    """Wake each loop once for all that waits there."""
    waiting: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in jobs:
        waiting.setdefault(job.loop, []).append(job)
    for loop, done in waiting.items():
        _call(loop, _resolve, done)


def _call(loop: asyncio.AbstractEventLoop, told: Callable[..., None], *what: Any) -> None:
    with suppress(RuntimeError):  # that loop has ended, and with it whoever waited
        loop.call_soon_threadsafe(told, *what)


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.resolve()


def _overdue(job: _Job) -> bool:
    return time.monotonic() - job.queued > PATIENCE_SECONDS


def _passing(error: BaseException) -> bool:
    """Whether the database, and not what was to be written, is the cause: locked, full, out of reach."""
    return isinstance(error, OperationalError | InterfaceError | PoolTimeout)


def _crossed(error: DBAPIError) -> bool:
    """Whether PostgreSQL undid the transaction because it and another replica's waited for each other."""
    return getattr(error.orig, "sqlstate", None) in ("40P01", "40001")
