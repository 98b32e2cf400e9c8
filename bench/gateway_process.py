"""A server in a process of its own: started, watched for processor time and memory, and ended by its id in every case.

It does not know what is served or asked.
"""

import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

STOP_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """One running command; what it prints goes to `output`."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, str], folder: Path, name: str) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("XIAOQ_")}
        self.output = folder / f"{name}.log"
        with self.output.open("w") as output:
            self._process = subprocess.Popen(
                command, cwd=folder, env={**environment, **settings}, stdout=output, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self._root = psutil.Process(self._process.pid)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """What the process and its children have used so far, in the kernel too."""
        spent = 0.0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                spent += times.user + times.system
        return spent

    def resident_mb(self) -> float:
        """Memory of the process and its children; what they share counts once a process."""
        held = 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                held += process.memory_info().rss
        return held / 2**20

    def own_mb(self) -> float:
        """The same with what processes share divided among them (PSS)."""
        held = 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                held += process.memory_full_info().pss
        return held / 2**20

    def descriptors(self) -> int:
        return sum(process.num_fds() for process in self._tree())

    def terminate(self) -> None:
        """Ask it to end; do not wait."""
        if self.running:
            self._process.terminate()

    def stop(self, seconds: float = STOP_SECONDS) -> int:
        """Its exit code. What has not ended in time is killed, children included."""
        tree = self._tree()
        self.terminate()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
        for process in tree:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return self._process.wait()

    def last_words(self) -> str:
        """The end of what it printed: why it did not start."""
        lines = self.output.read_text(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else "it printed nothing"

    def _tree(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
