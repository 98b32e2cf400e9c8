"""How long the app takes to answer after a start, what it holds while idle, and what takes it.

Usage: python -m bench.footprint
"""

import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from bench.serving import ROOT, serving

IDLE_SECONDS = 5
PARTS = ("fastapi", "sqlalchemy", "aiohttp", "faiss", "pandas", "langchain_core", "opencc", "gradio")


def resident_mib(pid: int | str) -> float:
    """Resident memory of a process, from /proc, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]


def measure(data: str) -> tuple[float, float]:
    """Seconds until the app answers a question, and MiB after it has idled."""
    began = time.monotonic()
    with serving(Path(data)) as (base, pid):
        body = b'{"model":"shop","messages":[{"role":"user","content":"How long does a refund take?"}]}'
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{base}/v1/chat/completions", body, {"content-type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=30).read()  # noqa: S310
        seconds = time.monotonic() - began
        time.sleep(IDLE_SECONDS)
        return seconds, resident_mib(pid)


def imported_mib(module: str) -> float:
    """What importing one part costs a fresh interpreter, in MiB."""
    code = (
        f"from bench.footprint import resident_mib as r; a = r('self'); import {module}; print(r('self') - a)"
    )
    return float(subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True))


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        first, _ = measure(data)
        second, idle = measure(data)
    print("| what | figure |\n|---|---|")
    print(f"| first start, starter knowledge indexed, question answered | {first:.1f} s |")
    print(f"| second start, question answered | {second:.1f} s |")
    print(f"| resident after {IDLE_SECONDS} s idle | {idle:.0f} MiB |")
    for part in PARTS:
        print(f"| import {part}, alone | {imported_mib(part):.0f} MiB |")


if __name__ == "__main__":
    main()
