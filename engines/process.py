"""A child process in a group of its own, its output as lines, ended together with all it started.

Knows nothing of what it runs.
"""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_SECONDS = 10.0
_LINE_END = re.compile(rb"[\r\n]+")
_MAX_LINE_BYTES = 8_192
_WRAPPER = Path(__file__).with_name("child.py")


class ChildProcess:
    """A running command. Made by `spawn`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def spawn(cls, command: Sequence[str], environment: Mapping[str, str]) -> "ChildProcess":
        """Start `command`; it ends with this process, even if that is killed (Linux)."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(_WRAPPER), str(os.getpid()), *command),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def lines(self) -> AsyncGenerator[str]:
        """Both outputs, line by line, until the command closes them; a redrawn progress bar is a line each
        time."""
        output = self._process.stdout
        rest = b""
        while output and (data := await output.read(65_536)):
            *lines, rest = _LINE_END.split(rest + data)
            if len(rest) > _MAX_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                if line.strip():
                    yield line[:_MAX_LINE_BYTES].decode("utf-8", "replace").rstrip()
        if rest.strip():
            yield rest.decode("utf-8", "replace").rstrip()

    async def wait(self) -> int:
        """The exit code, negative for a signal; what the command left running is killed."""
        code = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        return code

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL to the whole group after STOP_SECONDS."""
        if self.running:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
        self._signal_group(signal.SIGKILL)
        await self._process.wait()

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
