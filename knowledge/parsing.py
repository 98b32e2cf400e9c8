"""Parses uploaded files in a child process that is killed at its limits.

It does not know the formats; child.py reads them.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from core.documents import Chunk
from core.errors import DocumentRejected
from core.ports import ParsedDocument

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What one file may cost. `wall_seconds` also covers the child's start."""

    memory_bytes: int = 512 * 1024 * 1024
    cpu_seconds: int = 30
    wall_seconds: float = 60.0
    file_bytes: int = 64 * 1024 * 1024


class ChildParser:
    """The Parser port. One file at a time, in arrival order; the child goes when it has been idle."""

    def __init__(
        self,
        limits: ParseLimits | None = None,
        command: Sequence[str] = (sys.executable, "-m", "knowledge.child"),
    ) -> None:
        self._limits = limits or ParseLimits()
        self._children = _Child(command)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="parser")
        self._finalizer = weakref.finalize(self, self._children.stop)

    async def parse(self, base: str, document_id: str, name: str, data: bytes) -> ParsedDocument:
        """See the port."""
        limits = self._limits
        if len(data) > limits.file_bytes:
            raise DocumentRejected(
                f"{name} is larger than {limits.file_bytes // 2**20} MB; split it and upload the parts."
            )
        request = {
            "base": base,
            "document_id": document_id,
            "name": name,
            "size": len(data),
            "cpu_seconds": limits.cpu_seconds,
            "memory_bytes": limits.memory_bytes,
        }
        loop = asyncio.get_running_loop()
        reply = await loop.run_in_executor(
            self._worker, self._children.exchange, request, data, limits.wall_seconds
        )
        return ParsedDocument(_chunks(reply, name, limits))

    async def aclose(self) -> None:
        """Stop the child now instead of when it is idle."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._finalizer)


class _Child:
    """The running child, if any. Only the parser's one worker thread exchanges frames with it."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def exchange(self, request: dict[str, Any], data: bytes, wall_seconds: float) -> dict[str, Any]:
        """Send one file and wait for its reply; `{"limit": …}` where the child had to be killed."""
        process = self._running()
        timer = threading.Timer(wall_seconds, _kill, [process])
        timer.daemon = True
        timer.start()
        try:
            reply = _talk(process, json.dumps(request).encode() + b"\n" + data)
        finally:
            timer.cancel()
        if reply is None:
            self.stop()
            return {"limit": "time"}
        return reply

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


def _talk(process: subprocess.Popen[bytes], frame: bytes) -> dict[str, Any] | None:
    """None where the child died before it had answered."""
    if process.stdin is None or process.stdout is None:
        return None
    try:
        process.stdin.write(frame)
        process.stdin.flush()
    except OSError:
        return None
    head = process.stdout.read(4)
    body = process.stdout.read(int.from_bytes(head, "big")) if len(head) == 4 else b""
    if not body:
        return None
    reply: dict[str, Any] = json.loads(body)
    return reply


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _chunks(reply: dict[str, Any], name: str, limits: ParseLimits) -> list[Chunk]:
    if "chunks" in reply:
        return [_chunk(fields) for fields in reply["chunks"]]
    if "error" in reply:
        raise DocumentRejected(reply["error"])
    if "damaged" in reply:
        log.info("document_damaged", error=reply["damaged"])
        raise DocumentRejected(f"{name} is damaged and could not be read; save it anew and upload it again.")
    if reply.get("limit") == "memory":
        raise DocumentRejected(
            f"{name} needs more than {limits.memory_bytes // 2**20} MB to read; split it and upload the parts."
        )
    raise DocumentRejected(f"{name} takes too long to read; split it and upload the parts.")


def _chunk(fields: dict[str, Any]) -> Chunk:
    days = {
        key: date.fromisoformat(fields[key]) if fields[key] else None for key in ("valid_from", "valid_until")
    }
    return Chunk(**{**fields, **days, "match": tuple(fields["match"])})
