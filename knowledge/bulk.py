"""Has many chunks indexed by a process of low priority (knowledge.index_worker) and gives the files it
writes.

It does not know what becomes of the files.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from pathlib import Path

from core.documents import Chunk
from knowledge.index_worker import line_of
from knowledge.segment_files import SegmentFile

_ROOT = Path(__file__).resolve().parent.parent
_PASSED_ON = ("PATH", "LANG", "LC_ALL")


class WorkerDied(Exception):
    """The worker ended before its work did."""


async def written(folder: Path, source: AsyncIterator[Sequence[Chunk]]) -> AsyncGenerator[SegmentFile]:
    """The files written into `folder` for the chunks of `source`, each as soon as it is there. Raises
    WorkerDied, and what `source` raises. Closing it ends the worker."""
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "knowledge.index_worker", str(folder)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT,
        env={key: os.environ[key] for key in _PASSED_ON if key in os.environ} | {"OPENBLAS_NUM_THREADS": "1"},
    )
    feeding = asyncio.create_task(_feed(worker, source))
    try:
        if worker.stdout is not None:
            async for line in worker.stdout:
                yield SegmentFile(**json.loads(line))
        fed = await feeding
        if await worker.wait() != 0 or not fed:
            raise WorkerDied
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        if worker.returncode is None:
            worker.kill()
        await worker.wait()


async def _feed(worker: asyncio.subprocess.Process, source: AsyncIterator[Sequence[Chunk]]) -> bool:
    """Whether the worker took everything. Its input is closed in any case, so that it ends."""
    if worker.stdin is None:
        return False
    try:
        async for chunks in source:
            worker.stdin.write(await asyncio.to_thread(line_of, chunks))  # 2 ms that no answer waits for
            await worker.stdin.drain()
    except (BrokenPipeError, ConnectionResetError):
        return False
    finally:
        worker.stdin.close()
    return True
