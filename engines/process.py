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
_LINE_SECONDS = 0.5
"""How long half a line may wait for its end: a progress bar ends its line only with the next."""
_WRAPPER = Path(__file__).with_name("child.py")


class ChildProcess:
    """A running command. Made by `spawn`."""

    def __init__(
        self, process: asyncio.subprocess.Process, output: asyncio.StreamReader, pipe: asyncio.ReadTransport
    ) -> None:
        self._process = process
        self._output = output
        self._pipe = pipe

    @classmethod
    async def spawn(cls, command: Sequence[str], environment: Mapping[str, str]) -> "ChildProcess":
        """Start `command`; it ends with this process, even if that is killed (Linux)."""
        # A pipe of our own: asyncio's would let `wait` return only when the last worker of a dead command
        # closes it.
        read_end, write_end = os.pipe()
        output = asyncio.StreamReader()
        pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(output), os.fdopen(read_end, "rb", 0)
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(_WRAPPER), str(os.getpid()), *command),
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=write_end,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError:
            pipe.close()
            raise
        finally:
            os.close(write_end)
        return cls(process, output, pipe)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.returncode is None

    async def lines(self) -> AsyncGenerator[str]:
        """Both outputs, line by line, until the command closes them. A progress bar that is redrawn in place
        is a line each time."""
        rest = b""
        while (data := await self._read(waiting=bool(rest))) != b"":
            *lines, rest = _LINE_END.split(rest + (data or b"\n"))
            if len(rest) > _MAX_LINE_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                if line.strip():
                    yield line[:_MAX_LINE_BYTES].decode("utf-8", "replace").rstrip()
        if rest.strip():
            yield rest.decode("utf-8", "replace").rstrip()

    async def _read(self, waiting: bool) -> bytes | None:
        """The next output, empty at its end; None where the rest of a line does not come."""
        try:
            async with asyncio.timeout(_LINE_SECONDS if waiting else None):
                return await self._output.read(65_536)
        except TimeoutError:
            return None

    async def wait(self) -> int:
        """The exit code, negative for a signal; what the command left running is killed."""
        code = await self._process.wait()
        self._signal_group(signal.SIGKILL)
        return code

    async def stop(self, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM, and SIGKILL to the whole group after `seconds`."""
        if self.running:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._process.wait()
        self._signal_group(signal.SIGKILL)
        await self._process.wait()
        self._pipe.close()

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
