"""The real vLLM on the CPU, started by our own launcher, once for all tests of this folder.

It lives in an environment of its own, .venv-vllm, made by install_vllm.sh.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from core.settings import Settings
from engines.vllm import VllmEngine
from tests.support.asking import until_ready

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-vllm" / "bin" / "python"
MODEL = ROOT / "build" / "tiny-qwen2"
START_SECONDS = 300.0
T = TypeVar("T")


@dataclass
class RunningVllm:
    """The engine and the event loop it lives in: session-long, while each test has a loop of its own."""

    engine: VllmEngine
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T], seconds: float = 60.0) -> T:
        """Run a coroutine in the engine's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self.loop).result()


@pytest.fixture(scope="session")
def vllm() -> Iterator[RunningVllm]:
    if not PYTHON.exists():
        pytest.skip("no .venv-vllm: make it with tests/services/install_vllm.sh")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="vllm-loop", daemon=True)
    thread.start()
    settings = Settings(
        model=str(MODEL),
        context_tokens=2048,
        vllm_args="--enforce-eager --enable-auto-tool-choice --tool-call-parser hermes",
    )
    prefix = [str(PYTHON), "-m", "vllm.entrypoints.openai.api_server"]
    engine = VllmEngine(settings, prefix, {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1"})
    running = RunningVllm(engine, loop)
    try:
        running.run(_make_model())
        running.run(engine.start())
        running.run(until_ready(engine, START_SECONDS), START_SECONDS + 5)
        yield running
    finally:
        running.run(engine.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _make_model() -> None:
    script = ROOT / "tests" / "support" / "tiny_model.py"
    process = await asyncio.create_subprocess_exec(
        *(str(PYTHON), str(script), str(MODEL)),
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]
