"""Parses uploaded files in a child process that is killed at its limits.

It does not know the formats; child.py reads them.
"""

import asyncio
import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, cast

import structlog

from core.documents import Chunk
from core.errors import DocumentRejected
from core.ports import ParsedDocument, TablePreview, TableRows
from knowledge.frames import read_frame

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What one file may cost. `wall_seconds` also covers the child's start."""

    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 30
    wall_seconds: float = 120.0
    file_bytes: int = 64 * 1024 * 1024
    niceness: int = 10


IN_THE_BACKGROUND = ParseLimits(wall_seconds=600.0, niceness=19)
"""For files that nobody waits for: they take what customers leave of the processor, and may take longer for it."""


_TRIES = 2
"""Children that one file may meet. The file itself is read in a fork, so that it does not end the child."""


class ChildParser:
    """The Parser port. Two files at a time, so that a small one need not wait for a large one.

    The children go when they have been idle.
    """

    def __init__(
        self,
        limits: ParseLimits | None = None,
        command: Sequence[str] = (sys.executable, "-m", "knowledge.child"),
        workers: int = 2,
    ) -> None:
        self._limits = limits or ParseLimits()
        self._idle: queue.LifoQueue[_Child] = queue.LifoQueue()  # the one used last is warm
        self._children = [_Child(command) for _ in range(workers)]
        for child in self._children:
            self._idle.put(child)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="parser")
        self._finalizer = weakref.finalize(self, _stop, self._children)

    async def parse(
        self, base: str, document_id: str, name: str, data: bytes, columns: Mapping[str, str] | None = None
    ) -> ParsedDocument:
        """See the port."""
        request = {"base": base, "document_id": document_id, "columns": dict(columns or {})}
        chunks, last = await self._ask(name, data, request)
        return ParsedDocument(chunks, tuple(last["notes"]))

    async def preview(self, name: str, data: bytes) -> TablePreview:
        """See the port."""
        _, last = await self._ask(name, data, {"preview": True})
        return TablePreview(last["columns"], last["rows"], last["guessed"])

    async def table(self, name: str, data: bytes) -> TableRows:
        """See the port."""
        _, last = await self._ask(name, data, {"table": True})
        rows = [(int(number), cells) for number, cells in last["rows"]]
        further = [(str(sheet), columns) for sheet, columns in last["further"]]
        return TableRows(last["columns"], rows, tuple(last["notes"]), further)

    async def _ask(
        self, name: str, data: bytes, request: dict[str, Any]
    ) -> tuple[list[Chunk], dict[str, Any]]:
        limits = self._limits
        if len(data) > limits.file_bytes:
            raise DocumentRejected.because("too_large", name=name, size=limits.file_bytes // 2**20)
        request |= {
            "name": name,
            "size": len(data),
            "cpu_seconds": limits.cpu_seconds,
            "niceness": limits.niceness,
            "memory_bytes": limits.memory_bytes,
        }
        loop = asyncio.get_running_loop()
        chunks, last = await loop.run_in_executor(self._workers, self._exchange, request, data)
        _refuse(last, name, limits)
        return chunks, last

    def _exchange(self, request: dict[str, Any], data: bytes) -> tuple[list[Chunk], dict[str, Any]]:
        child = self._idle.get()
        try:
            return child.exchange(request, data, self._limits.wall_seconds)
        finally:
            self._idle.put(child)

    async def aclose(self) -> None:
        """Stop the children now instead of when they are idle."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._finalizer)


class _Child:
    """The running child, if any. One worker thread at a time exchanges frames with it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def exchange(
        self, request: dict[str, Any], data: bytes, wall_seconds: float
    ) -> tuple[list[Chunk], dict[str, Any]]:
        """Send one file; its chunks and the last reply, `{"limit": …}` where the child had to be killed.

        A child that was about to go, idle as it was, takes a file that it will not read; another reads it then.
        """
        parts = [json.dumps(request).encode() + b"\n", data]
        for _ in range(_TRIES):
            chunks, last = self._once(parts, wall_seconds)
            if last is not None:
                return chunks, last
        return [], {"limit": "crash"}

    def _once(self, parts: Sequence[bytes], wall_seconds: float) -> tuple[list[Chunk], dict[str, Any] | None]:
        """No last reply where the child ended by itself before it had answered."""
        process = self._running()
        late = threading.Event()
        timer = threading.Timer(wall_seconds, _kill_late, [process, late])
        timer.daemon = True
        timer.start()
        chunks: list[Chunk] = []
        try:
            for reply in _talk(process, parts):
                if "chunks" not in reply:
                    return chunks, reply
                chunks += [_chunk(fields) for fields in reply["chunks"]]
        finally:
            timer.cancel()
        self.stop()
        return [], {"limit": "time"} if late.is_set() else None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(  # noqa: S603  our own module, no shell
                list(self._command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).resolve().parent.parent,
                env={key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL") if key in os.environ},
                start_new_session=True,
            )
        return self._process

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _kill(process)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # unsent bytes of a dead child
                    pipe.close()


def _stop(children: Sequence[_Child]) -> None:
    for child in children:
        child.stop()


def _talk(process: subprocess.Popen[bytes], parts: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """The replies one by one; they end early where the child died before it had answered."""
    if process.stdin is None or process.stdout is None:
        return
    try:
        for part in parts:
            process.stdin.write(part)
        process.stdin.flush()
    except OSError:
        return
    while (frame := read_frame(cast(BinaryIO, process.stdout))) is not None:
        yield json.loads(frame)


def _kill_late(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _refuse(reply: dict[str, Any], name: str, limits: ParseLimits) -> None:
    """Raise the reason why a file gave nothing, if it did."""
    if "error" in reply:
        raise DocumentRejected(reply["error"], reason=reply.get("reason", ""), values=reply.get("values", {}))
    if "damaged" in reply:
        log.info("document_damaged", error=reply["damaged"])
        raise DocumentRejected.because("damaged", name=name)
    if reply.get("limit") == "memory":
        raise DocumentRejected.because("memory", name=name, size=limits.memory_bytes // 2**20)
    if reply.get("limit") == "crash":
        log.info("document_crashed_its_parser")
        raise DocumentRejected.because("damaged", name=name)
    if "limit" in reply:
        raise DocumentRejected.because("time", name=name)


def _chunk(fields: dict[str, Any]) -> Chunk:
    days = {
        key: date.fromisoformat(fields[key]) if fields[key] else None for key in ("valid_from", "valid_until")
    }
    return Chunk(**{**fields, **days, "match": tuple(fields["match"])})
