"""The app in a process of its own, as an operator starts it: to be killed, stopped, or run under another clock."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
START_SECONDS = 90.0


def environment(data: Path, **settings: str) -> dict[str, str]:
    """An operator's environment: these settings (`engine_url=…`) and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XIAOQ_")}
    told = {f"XIAOQ_{name.upper()}": value for name, value in settings.items()}
    mine = {"XIAOQ_DATA_DIR": str(data), "XIAOQ_PORT": "0", "XIAOQ_ENGINE": "quoted"}
    # Who starts a process here wants its engine to be asked.
    return {**kept, **mine, "XIAOQ_FREQUENT_ANSWERS": "false", **told}


class Announced:
    """Reads what the app prints, in a thread, since it prints at any time."""

    def __init__(self, output: IO[str]) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(output,), daemon=True).start()

    def _read(self, output: IO[str]) -> None:
        for line in output:
            self._lines.put(line.strip())
        self._lines.put(None)

    def until(self, pattern: str, seconds: float = START_SECONDS) -> list[str]:
        """The lines up to the one that matches."""
        seen: list[str] = []
        deadline = time.monotonic() + seconds
        while not (seen and re.search(pattern, seen[-1])):
            line = self._lines.get(timeout=max(0.1, deadline - time.monotonic()))
            assert line is not None, f"the app ended: {seen[-5:]}"
            seen.append(line)
        return seen


def base_of(lines: list[str]) -> str:
    found = re.search(r"(http://[\d.:]+)/\?token=", "\n".join(lines))
    assert found, lines
    return found[1]


class ForkedApp:
    """The same command over and over in forks of one process that has it imported (forked_app.py): a start costs a second."""

    def __init__(self, data: Path, *, under: dict[str, str] | None = None, **settings: str) -> None:
        self._log = (data.parent / "forked.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked_app"], cwd=ROOT, env={**environment(data, **settings), **(under or {})},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._announced = Announced(self._process.stdout)
        self._announced.until("^loaded$")
        self._pid = 0

    def start(self) -> str:
        """Its address."""
        assert self._process.stdin is not None
        self._process.stdin.write("start\n")
        self._process.stdin.flush()
        self._pid = int(self._announced.until("^pid ")[-1].split()[1])
        return base_of(self._announced.until("ready to accept"))

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        self._announced.until(f"^ended {self._pid}$")
        self._pid = 0

    def close(self) -> None:
        assert self._process.stdin is not None
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._process.stdin.close()
        self._process.wait(20)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()
