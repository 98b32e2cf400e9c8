"""The process that reads uploaded files: one fork a file, each under limits of memory, CPU time and unpacked size.

Run as `python -m knowledge.child`; it knows the frames of parsing.py and nothing of the app. A request is a
line of JSON and the file's bytes; a reply is four bytes of length and JSON.
"""

import io
import json
import os
import resource
import select
import signal
import sys
import zipfile
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from core.errors import DocumentRejected

_IDLE_SECONDS = 30
_MAX_RATIO = 100
_MAX_UNPACKED = 200 * 1024 * 1024
_MAX_ENTRIES = 5000


def parse(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    """The chunks of a file as JSON, or the reason why there are none."""
    from knowledge.loaders import loader_for
    from knowledge.splitting import chunks_of

    name = request["name"]
    try:
        if PurePath(name).suffix.lower() == ".docx":
            check_archive(name, data)
        chunks = chunks_of(loader_for(name, data).lazy_load(), request["base"], request["document_id"], name)
        if not chunks:
            raise DocumentRejected(f"{name} holds no text.")
    except DocumentRejected as error:
        return {"error": error.message}
    except MemoryError:
        return {"limit": "memory"}
    except Exception as error:  # noqa: BLE001  a hostile file may raise anything; its text may hold the file's
        return {"damaged": type(error).__name__}
    return {"chunks": [asdict(chunk) for chunk in chunks]}


def check_archive(name: str, data: bytes) -> None:
    """Refuses a zip that would grow without bounds, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        raise DocumentRejected(f"{name} is damaged or not a Word document (.docx).") from None
    unpacked = sum(entry.file_size for entry in entries)
    if (
        len(entries) > _MAX_ENTRIES
        or unpacked > _MAX_UNPACKED
        or unpacked > _MAX_RATIO * max(len(data), 10_000)
    ):
        raise DocumentRejected(f"{name} unpacks to far more than its size; it is not read.")


def _limit(request: dict[str, Any]) -> None:
    seconds = int(request["cpu_seconds"])
    used = resource.getrusage(resource.RUSAGE_SELF)
    ceiling = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (ceiling, ceiling + 1))
    resource.setrlimit(resource.RLIMIT_DATA, (int(request["memory_bytes"]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _preload(name: str) -> None:
    """Import what the format needs before forking, so that only the first file pays for it."""
    import langchain_text_splitters

    import knowledge.loaders

    _ = (langchain_text_splitters, knowledge.loaders)
    suffix = PurePath(name).suffix.lower()
    if suffix == ".docx":
        import docx

        _ = (*_, docx)
    elif suffix == ".pdf":
        knowledge.loaders.pdf_parser()


def _in_fork(request: dict[str, Any], data: bytes) -> bytes:
    """Parse in a process of its own; what happens to it cannot happen to the next file."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        status = 1
        try:
            _limit(request)
            with os.fdopen(writer, "wb") as out:
                out.write(json.dumps(parse(request, data), default=str).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as replies:
        reply = replies.read()
    _, status = os.waitpid(pid, 0)
    if status == 0 and reply:
        return reply
    killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return json.dumps({"limit": "time"} if killed == signal.SIGXCPU else {"limit": "memory"}).encode()


def main() -> None:
    requests, replies = sys.stdin.buffer, sys.stdout.buffer
    while select.select([requests], [], [], _IDLE_SECONDS)[0]:
        line = requests.readline()
        if not line:
            return
        request = json.loads(line)
        data = requests.read(request["size"])
        _preload(request["name"])
        reply = _in_fork(request, data)
        replies.write(len(reply).to_bytes(4, "big") + reply)
        replies.flush()


if __name__ == "__main__":
    main()
