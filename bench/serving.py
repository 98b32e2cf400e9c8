"""The app in a process of its own, for measurements from outside. It measures nothing."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]


@contextmanager
def serving(data: Path) -> Iterator[tuple[str, int]]:
    """The app over this data folder, with no other setting of the caller's: its address and process id."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("XIAOQ_")}
    environment |= {"XIAOQ_DATA_DIR": str(data), "XIAOQ_PORT": "0", "XIAOQ_ENGINE": "quoted"}
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        base = ""
        for line in process.stdout or ():
            if found := re.search(r"API:\s+(http://[\d.:]+)/v1", line):
                base = found[1]
            if "ready to accept" in line:
                break
        if not base:
            raise SystemExit("The app did not start; `python app.py` says why.")
        yield base, process.pid
    finally:
        process.terminate()
        process.wait(60)
