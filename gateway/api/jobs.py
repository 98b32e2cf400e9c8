"""/api/jobs: how far a batch of files has come, before and after a restart.

It does not know how files are read. A job is a batch of the ingest queue.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from core.access import Principal
from core.documents import SHARED_BASE, QueuedFile
from core.errors import Forbidden, NotFound
from gateway.auth import Manager, Use
from pipelines.services import Services

router = APIRouter(prefix="/api", tags=["Knowledge"])


@router.get("/jobs/{job_id}")
async def get_job(job_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """`{id, line, status: running or done, done, total, failed, documents: [{id, name, status, …}]}`.

    `done` means that what was read is found by questions, too.
    """
    files = await _files_of(job_id, principal, services)
    return job_json(job_id, files, services)


@router.delete("/jobs/{job_id}", status_code=204)
async def stop_job(job_id: str, principal: Manager, services: Use) -> None:
    """Leave the files that still wait unread; what was read stays."""
    await _files_of(job_id, principal, services)
    await services.ingest.stop(job_id)


async def _files_of(job_id: str, principal: Principal, services: Services) -> Sequence[QueuedFile]:
    files = await services.queue.batch(job_id)
    if not files:
        raise NotFound("There is no such job.", param="job_id")
    base = files[0].base
    if base == SHARED_BASE and principal.line is not None:
        raise Forbidden(f"This key belongs to the line '{principal.line}' and cannot look at this job.")
    principal.check_line(base)
    return files


def job_json(job_id: str, files: Sequence[QueuedFile], services: Services) -> dict[str, Any]:
    """How a batch stands. `files` are all of it, by position."""
    batch = services.ingest.working(job_id)
    reading = batch.reading if batch else None
    ended = [file for file in files if file.status != "waiting"]
    return {
        "id": job_id,
        "line": files[0].base,
        "status": "running" if batch or len(ended) < len(files) else "done",
        "done": len(ended),
        "total": len(files),
        "failed": sum(file.status == "failed" for file in ended),
        "documents": [file_json(file, reading=file.id == reading) for file in files],
        "error": None,
    }


def file_json(file: QueuedFile, *, reading: bool = False) -> dict[str, Any]:
    """One file of a batch. Known already, byte for byte, is as good as taken in: its status is `ready` too."""
    status = "reading" if reading and file.status == "waiting" else file.status
    return {
        "id": file.document_id,
        "name": file.name,
        "status": "ready" if status == "unchanged" else status,
        "unchanged": file.status == "unchanged",
        "chunks": file.chunks,
        "error": file.error,
        "notes": list(file.notes),
    }
