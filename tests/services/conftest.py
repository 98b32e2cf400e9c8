"""The real vLLM on the CPU, started by our own launcher, once for all tests of this folder.

It lives in an environment of its own, .venv-vllm, made by install_vllm.sh.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
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
    slow: Path
    """While this file exists the model takes its time."""

    def run(self, work: Coroutine[Any, Any, T], seconds: float = START_SECONDS) -> T:
        """Run a coroutine in the engine's loop and wait for it; the limit is for what never ends, and bounds nothing."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, seconds), self.loop).result()

    @contextmanager
    def slowly(self) -> Iterator[None]:
        """A long answer takes some 20 s: on two cores the tiny model may otherwise make all of one before vLLM's server,
        which is another process, sends the first piece, or before the test hears of it."""
        self.slow.touch()
        try:
            yield
        finally:
            self.slow.unlink()


@pytest.fixture(scope="session")
def vllm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningVllm]:
    if not PYTHON.exists():
        pytest.skip("no .venv-vllm: make it with tests/services/install_vllm.sh")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="vllm-loop", daemon=True)
    thread.start()
    settings = Settings(
        model=str(MODEL),
        context_tokens=2048,
        vllm_args="--enforce-eager --enable-auto-tool-choice --tool-call-parser hermes"
        " --logits-processors tests.support.slow_model:SlowModel",
    )
    prefix = [str(PYTHON), "-m", "vllm.entrypoints.openai.api_server"]
    slow = tmp_path_factory.mktemp("vllm") / "slow"
    found = {"PYTHONPATH": str(ROOT), "SLOW_MODEL_WHILE": str(slow)}
    engine = VllmEngine(settings, prefix, {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", **found})
    running = RunningVllm(engine, loop, slow)
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
