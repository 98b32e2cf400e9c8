"""Starts the processes that serve one port together, starts again those that die, and ends them all on one signal.

It serves nothing itself and holds no thread, so that it may fork at any time. Knows no route.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from fastapi import FastAPI

from core.errors import ConfigurationError, XiaoQError
from core.settings import Settings
from gateway.board import HOUSE, Board, State
from gateway.handover import Exchange, inboxes
from gateway.team import Seat, serve_seat

log = structlog.get_logger()

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
STEADY_SECONDS = 60.0
"""Who lives this long is started again without the pause that earlier deaths had earned."""
CLOSE_SECONDS = 15.0
"""After the drain, until those that have not closed everything and ended are killed."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)

Serve = Callable[[Seat], int]
"""Runs in the new process until that ends; gives its exit code."""


@dataclass
class _Place:
    """One process' place: who holds it, or when it is filled again."""

    number: int
    pid: int | None = None
    began: float = 0.0
    due: float = 0.0
    pause: float = FIRST_PAUSE
    starts: int = 0


@dataclass
class Supervisor:
    """`house` and `worker` are run in processes of their own."""

    processes: int
    listener: socket.socket
    house: Serve
    worker: Serve
    drain_seconds: float
    _places: list[_Place] = field(init=False)
    _signals: list[int] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self._board = Board(self.processes)
        self._boxes = inboxes(self.processes)
        self._alive, self._parent = socket.socketpair()
        self._places = [_Place(number) for number in range(self.processes)]

    def run(self) -> int:
        """Until a signal, or until the house could not start; the exit code."""
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        while not self._signals:
            self._start_due()
            pause = min((p.due for p in self._places if p.pid is None), default=None)
            wait = None if pause is None else max(0.0, pause - time.monotonic())
            self._listen(read, wait)
            code = self._reap()
            if code is not None:  # the house never came up; it has said why
                self._end(read, quick=True)
                return code
        self._end(read)
        return 0

    def _start_due(self) -> None:
        for place in self._places:
            if place.pid is None and place.due <= time.monotonic():
                self._fork(place)

    def _fork(self, place: _Place) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        place.began, place.starts = time.monotonic(), place.starts + 1
        place.pid = os.fork()
        if place.pid == 0:
            os._exit(self._serve(place))

    def _serve(self, place: _Place) -> int:
        """In the new process. The signals are its server's, and a terminal's reach the supervisor alone."""
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setpgid(0, 0)
            self._alive.close()
            self._board.enter(place.number)
            exchange = Exchange(self._board, place.number, self._boxes)
            serve = self.house if place.number == HOUSE else self.worker
            return serve(Seat(exchange, self._parent, first=place.starts == 1))
        except SystemExit as error:
            return error.code if isinstance(error.code, int) else 1
        except KeyboardInterrupt:
            return 130
        except Exception:
            log.exception("process_failed", process=place.number)
            return 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def _listen(self, read: int, seconds: float | None) -> None:
        ready, _, _ = select.select([read], [], [], seconds)
        if ready:
            came = os.read(read, 4096)
            self._signals += [number for number in came if number in (signal.SIGTERM, signal.SIGINT)]

    def _reap(self) -> int | None:
        """Notes who ended. The exit code to end with, where it was the house before it ever was ready."""
        fatal = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return fatal
            if pid == 0:
                return fatal
            place = next((place for place in self._places if place.pid == pid), None)
            if place is None:  # as process 1 of a container everybody's orphans are ours
                continue
            was = self._board.state(place.number)
            self._board.become(place.number, State.GONE)
            self._board.connected(place.number, 0)
            self._ended(place, os.waitstatus_to_exitcode(status))
            if place.number == HOUSE and place.starts == 1 and was == State.STARTING:
                fatal = max(1, os.waitstatus_to_exitcode(status))

    def _ended(self, place: _Place, code: int) -> None:
        lived = time.monotonic() - place.began
        place.pause = FIRST_PAUSE if lived > STEADY_SECONDS else place.pause
        place.pid, place.due = None, time.monotonic() + place.pause
        if not self._signals:
            log.error("process_ended", process=place.number, code=code, starts_again_in=place.pause)
        place.pause = min(2 * place.pause, LONGEST_PAUSE)

    def _end(self, read: int, *, quick: bool = False) -> None:
        """Ask all to end, and wait; who does not, or all on a second signal, is killed."""
        self.listener.close()
        self._tell(signal.SIGTERM)
        deadline = time.monotonic() + self.drain_seconds + CLOSE_SECONDS
        self._signals = self._signals or [signal.SIGTERM]
        asked = len(self._signals)
        while any(place.pid for place in self._places):
            left = deadline - time.monotonic()
            if left <= 0 or len(self._signals) > asked:
                self._tell(signal.SIGKILL)
                left = 1.0
            self._listen(read, left)
            self._reap()

    def _tell(self, number: int) -> None:
        for place in self._places:
            if place.pid:
                os.kill(place.pid, number)


def serve_together(
    settings: Settings,
    token: str,
    listener: socket.socket,
    house: Callable[[Seat], FastAPI],
    worker: Callable[[Seat], FastAPI],
) -> int:
    """Serve from as many processes as the settings say, until a signal; the exit code."""

    def serving(make: Callable[[Seat], FastAPI]) -> Serve:
        def serve(seat: Seat) -> int:
            try:
                serve_seat(make(seat), settings, token, listener, seat)
            except XiaoQError as error:
                sys.stderr.write(f"Error: {error.message}\n")
                return 1
            return 0

        return serve

    return Supervisor(
        settings.workers, listener, serving(house), serving(worker), settings.drain_seconds
    ).run()


def check_workers(workers: int) -> None:
    """Raises ConfigurationError where several processes cannot serve together."""
    if workers > 1 and not (hasattr(os, "fork") and hasattr(socket, "send_fds")):
        raise ConfigurationError("XIAOQ_WORKERS above 1 needs Linux or macOS; leave it at 1 here.")
