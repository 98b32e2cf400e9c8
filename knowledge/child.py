"""The process that reads uploaded files: one fork a file, each under limits of memory, CPU time and file size.

Run as `python -m knowledge.child`; it knows the frames of frames.py and nothing of the app.
"""

import contextlib
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, BinaryIO

from core.errors import DocumentRejected
from knowledge.frames import read_frame, write_frame

_IDLE_SECONDS = 30
_NICENESS = 10
"""Below the service: a question is answered before a file is read on."""
_GRACE_SECONDS = 1
"""Between the budget that a reader keeps to by itself and the system's limit."""
_BATCH = 64
"""Chunks a frame, so that the service takes them in without pausing for long."""


def replies(request: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    """The frames for one file: its chunks in batches, then notes, or the reason why there are none."""
    try:
        way = _preview if request.get("preview") else _table if request.get("table") else _parse
        yield from way(request, data)
    except DocumentRejected as error:
        yield {"error": error.message, "reason": error.reason, "values": error.values}
    except MemoryError:
        yield {"limit": "memory"}
    except Exception as error:  # noqa: BLE001  a hostile file may raise anything; its text may hold the file's
        yield {"damaged": type(error).__name__}


def _parse(request: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    from knowledge.limits import MAX_CHUNKS
    from knowledge.loaders.formats import loader_for
    from knowledge.splitting import chunks_of

    name, source = request["name"], _source(request, data)
    batch: list[dict[str, Any]] = []
    count = 0
    chunks = chunks_of(loader_for(source).lazy_load(), request["base"], request["document_id"], name)
    for chunk in chunks:
        if count == MAX_CHUNKS:
            source.notes.add("chunks_left", limit=MAX_CHUNKS)
            break
        if count and source.budget.spent() > 0.95:
            source.notes.add("rest_left", place=chunk.location or f"#{count}")
            break
        count += 1
        batch.append(asdict(chunk))
        if len(batch) == _BATCH:
            yield {"chunks": batch}
            batch = []
    if not count:
        raise DocumentRejected.because("no_text", name=name)
    yield {"chunks": batch}
    yield {"notes": source.notes.all()}


def _preview(request: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    from knowledge.loaders.preview import preview_of

    yield dict(preview_of(_source(request, data)))


def _table(request: dict[str, Any], data: bytes) -> Iterator[dict[str, Any]]:
    from knowledge.loaders.preview import table_of

    yield dict(table_of(_source(request, data)))


def _source(request: dict[str, Any], data: bytes) -> Any:
    from knowledge.limits import Budget, Notes
    from knowledge.loaders.base import Source

    budget = Budget(float(request["cpu_seconds"]))
    return Source(request["name"], data, request.get("columns") or {}, Notes(), budget)


def _limit(request: dict[str, Any]) -> None:
    seconds = int(request["cpu_seconds"]) + _GRACE_SECONDS
    used = resource.getrusage(resource.RUSAGE_SELF)
    ceiling = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, ceiling + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (int(request["memory_bytes"]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.nice(max(0, int(request["niceness"]) - _NICENESS))


def _in_fork(request: dict[str, Any], data: bytes, out: BinaryIO) -> None:
    """Parse in a process of its own; what happens to it cannot happen to the next file."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        status = 1
        try:
            _limit(request)
            with os.fdopen(writer, "wb") as pipe:
                for reply in replies(request, data):
                    write_frame(pipe, json.dumps(reply, default=str).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    whole = _forward(reader, out)
    _, status = os.waitpid(pid, 0)
    if not whole:
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        limit = "time" if killed == signal.SIGXCPU else "memory" if killed in (0, signal.SIGKILL) else "crash"
        write_frame(out, json.dumps({"limit": limit}).encode())
    out.flush()


def _forward(reader: int, out: BinaryIO) -> bool:
    """Pass whole frames on; False where the last one did not come."""
    ended = False
    with os.fdopen(reader, "rb") as pipe:
        while (frame := read_frame(pipe)) is not None:
            write_frame(out, frame)
            ended = not frame.startswith(b'{"chunks"')
    return ended


def main() -> None:
    from knowledge import splitting
    from knowledge.loaders.formats import preload

    requests, out = sys.stdin.buffer, sys.stdout.buffer
    with contextlib.suppress(OSError):
        os.nice(_NICENESS)
    splitting.preload()

    while select.select([requests], [], [], _IDLE_SECONDS)[0]:
        line = requests.readline()
        if not line:
            return
        request = json.loads(line)
        data = requests.read(request["size"])
        preload(request["name"])
        _in_fork(request, data, out)
        del data


if __name__ == "__main__":
    main()
