"""The app in a process of its own, as an operator starts it, and what can be seen of it from outside."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 110.0


class Served:
    """A running app: where it is, and its process."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def memory_kb(self) -> int:
        """What the process holds in memory now."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
        assert found
        return int(found[1])

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    async def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(seconds):
            return await self.process.wait()


@asynccontextmanager
async def served(data: Path, descriptors: int | None = None, **settings: str) -> AsyncIterator[Served]:
    """The app on the loopback; `descriptors` is the hard limit it is started under."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XIAOQ_")}
    environment = {**kept, "XIAOQ_DATA_DIR": str(data), "XIAOQ_PORT": "0", **settings}
    limit = f"ulimit -n {descriptors} && " if descriptors else ""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'{limit}exec "$0" app.py', sys.executable),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield Served(process, await _announced(process))
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _announced(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    seen = ""
    async with asyncio.timeout(START_SECONDS):
        while line := (await process.stdout.readline()).decode():
            seen += line
            if "ready to accept" in line:
                break
    found = re.search(r"http://127\.0\.0\.1:(\d+)/\?token", seen)
    assert found, f"it did not start: {seen}"
    return int(found[1])
