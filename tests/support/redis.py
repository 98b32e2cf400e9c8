"""A real Redis of a test's own, on a socket file: started, stopped, and gone afterwards."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest


class RunningRedis:
    def __init__(self, folder: Path) -> None:
        if shutil.which("redis-server") is None:
            pytest.skip("no redis-server: tests/services/install_services.sh installs it")
        self._file = folder / "redis.sock"
        self.url = f"unix://{self._file}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it empty; it answers when this returns."""
        self._process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self._file), "--save", "", "--dir", str(self._file.parent)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < until, "Redis did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._file))
            except OSError:
                return False
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
