"""Work that goes on after its request was answered, and how far it came.

Kept in this process only: a restart forgets it. It does not know what the work is.
"""

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from core.errors import NotFound, XiaoQError

log = structlog.get_logger()

REMEMBERED = 200
"""Finished jobs that can still be asked for."""


@dataclass(slots=True)
class Job:
    """`result` is the work's own report, growing while it runs; `error` a sentence where it failed.

    Only those who may use `line` may look.
    """

    id: str
    line: str
    status: Literal["running", "done", "failed"] = "running"
    result: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None


class Jobs:
    def __init__(self) -> None:
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, line: str, work: Callable[[list[dict[str, Any]]], Awaitable[None]]) -> Job:
        """Start `work`, which appends to the list it is given."""
        job = Job(f"job_{uuid.uuid4().hex}", line)
        self._jobs[job.id] = job
        finished = [old for old in self._jobs.values() if old.status != "running"]
        for old in finished[: max(0, len(finished) - REMEMBERED)]:
            del self._jobs[old.id]
        task = asyncio.create_task(self._run(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound("There is no such job; finished ones are kept until the next restart.")
        return job

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: Job, work: Callable[[list[dict[str, Any]]], Awaitable[None]]) -> None:
        try:
            await work(job.result)
            job.status = "done"
        except XiaoQError as error:
            job.status, job.error = "failed", error.message
        except Exception as error:  # noqa: BLE001 - nobody awaits a job; its status is where a failure shows
            log.error("job_failed", job=job.id, error=type(error).__qualname__)
            job.status, job.error = "failed", "Something went wrong on our side; the log has the cause."
