"""The launcher of vLLM, on a child that behaves like it. The real one: tests/services."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from core.errors import EngineBroken, EngineNotReady
from core.settings import Settings
from engines.process import STOP_SECONDS
from engines.vllm import VllmEngine
from engines.vllm_command import command_line, progress
from tests.support.asking import ask, generation_request, until, until_health, until_ready

ROOT = Path(__file__).parents[2]
FAKE = [sys.executable, "-m", "tests.support.fake_vllm"]
SETTINGS = Settings(
    model="Qwen/Qwen2.5-7B-Instruct",
    context_tokens=4096,
    vllm_args="--enforce-eager --chat-template 'a b.jinja'",
    vllm_quantization="awq",
    vllm_tensor_parallel=4,
    engine_key="ours",
)

START_SECONDS = 60.0
"""How long a child may take to start, or to be gone, on a machine that does much else."""

Engines = Callable[..., VllmEngine]


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    return tmp_path / "diary.jsonl"


@pytest_asyncio.fixture
async def launch(diary: Path) -> AsyncIterator[Engines]:
    made: list[VllmEngine] = []

    def make(stop_seconds: float = STOP_SECONDS, **environment: str) -> VllmEngine:
        given = {"FAKE_VLLM_DIARY": str(diary), "PYTHONPATH": str(ROOT), **environment}
        made.append(VllmEngine(SETTINGS, FAKE, given, stop_seconds))
        return made[-1]

    yield make
    for engine in made:
        await engine.aclose()


def starts(diary: Path) -> list[dict[str, Any]]:
    """The lines that are whole: a child may be about to write the next one."""
    text = diary.read_text() if diary.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie that nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_it_starts_with_the_settings_and_answers(
    launch: Engines, diary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOQ_MASTER_KEY", "secret")
    engine = launch()
    await engine.start()
    await until_ready(engine)
    heard = await ask(engine)
    assert heard.text.startswith("ECHO:")
    assert engine.context_tokens == 4096

    (child,) = starts(diary)
    port = child["arguments"][-1]
    assert child["arguments"] == [
        *("--model", "Qwen/Qwen2.5-7B-Instruct", "--served-model-name", "qwen2.5-7b"),
        *("--max-model-len", "4096", "--tensor-parallel-size", "4", "--quantization", "awq"),
        "--disable-uvicorn-access-log",
        *("--enforce-eager", "--chat-template", "a b.jinja", "--host", "127.0.0.1", "--port", port),
    ]
    assert len(child["environment"]["VLLM_API_KEY"]) > 30
    assert not [name for name in child["environment"] if name.startswith("XIAOQ_")]
    assert child["environment"]["VLLM_API_KEY"] not in "".join(child["arguments"])


async def test_while_it_loads_it_says_how_far_it_is(launch: Engines, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    engine = launch(FAKE_VLLM_GATE=str(gate))
    assert (await engine.health()).detail == "not started"
    await engine.start()
    await until(lambda: "checkpoint shards" in " ".join(engine.log_lines), seconds=START_SECONDS)
    state = await until_health(engine, lambda state: "40%" in state.detail)
    assert (state.ready, state.detail) == (False, "Loading safetensors checkpoint shards: 40%")
    heard = await ask(engine)
    assert type(heard.error) is EngineNotReady
    gate.touch()
    await until_ready(engine)


async def test_a_crash_is_told_and_followed_by_a_new_start(
    launch: Engines, diary: Path, tmp_path: Path
) -> None:
    crash = tmp_path / "crash"
    crash.touch()
    engine = launch(FAKE_VLLM_CRASH=str(crash))
    await engine.start()
    state = await until_health(engine, lambda state: "code 3" in state.detail)
    assert "out of memory" in state.detail
    await until_ready(engine)
    first, second = starts(diary)
    assert first["environment"]["VLLM_API_KEY"] != second["environment"]["VLLM_API_KEY"]
    assert not alive(first["worker"])


async def test_killed_in_the_middle_of_an_answer_it_breaks_and_comes_back(
    launch: Engines, diary: Path
) -> None:
    engine = launch(FAKE_VLLM_PACE="0.05")
    await engine.start()
    await until_ready(engine)
    # Ten seconds of pieces: it is in the middle however late this process comes to kill it.
    chunks = engine.stream(generation_request("long " * 280))
    await anext(chunks)
    (child,) = starts(diary)
    os.kill(child["pid"], signal.SIGKILL)
    with pytest.raises(EngineBroken):
        async for _ in chunks:
            pass
    await until(lambda: not alive(child["worker"]), seconds=START_SECONDS)
    await until(lambda: len(starts(diary)) == 2, seconds=START_SECONDS)
    await until_ready(engine)
    assert (await ask(engine)).error is None


async def test_stopping_leaves_nothing_behind(launch: Engines, diary: Path) -> None:
    engine = launch()
    await engine.start()
    await until_ready(engine)
    (child,) = starts(diary)
    await engine.aclose()
    assert not alive(child["pid"])
    await until(lambda: not alive(child["worker"]), seconds=START_SECONDS)
    assert not (await engine.health()).ready
    assert engine.pid is None


async def test_a_child_deaf_to_sigterm_is_killed(launch: Engines, diary: Path) -> None:
    engine = launch(stop_seconds=0.5, FAKE_VLLM_DEAF="1")
    await engine.start()
    await until_ready(engine)
    (child,) = starts(diary)
    began = time.monotonic()
    await engine.aclose()
    assert time.monotonic() - began < 3
    assert not alive(child["pid"])


@pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel tells a child of its parent's death on Linux only"
)
async def test_it_ends_with_an_app_that_is_killed(diary: Path) -> None:
    app = (
        "import asyncio, sys\n"
        "from core.settings import Settings\n"
        "from engines.vllm import VllmEngine\n"
        "async def main():\n"
        "    await VllmEngine(Settings(), sys.argv[1:]).start()\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "FAKE_VLLM_DIARY": str(diary), "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", app, *FAKE), env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    await until(lambda: len(starts(diary)) == 1, seconds=START_SECONDS)
    (child,) = starts(diary)
    process.kill()
    await process.wait()
    await until(lambda: not alive(child["pid"]), seconds=START_SECONDS)
    with suppress(ProcessLookupError):  # the real vLLM ends its own workers on SIGTERM
        os.kill(child["worker"], signal.SIGKILL)


async def test_a_program_that_is_not_there_is_told(diary: Path) -> None:
    engine = VllmEngine(SETTINGS, ["/nowhere/python"])
    await engine.start()
    await until_health(engine, lambda state: "ended with code" in state.detail)
    await engine.aclose()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "Loading safetensors checkpoint shards:  40% Completed | 2/5 [00:03<00:04]",
            "Loading safetensors checkpoint shards: 40%",
        ),
        ("Capturing CUDA graphs (decode, FULL):  57%|#####7", "Capturing CUDA graphs (decode, FULL): 57%"),
        ("(EngineCore pid=7) INFO [default_loader.py:1] Loading weights took 12.3 seconds", "weights loaded"),
        ("INFO 127.0.0.1 - GET /health 200", None),
    ],
)
def test_progress_is_read_from_the_log(line: str, expected: str | None) -> None:
    assert progress(line) == expected


def test_the_operators_own_arguments_come_after_ours() -> None:
    settings = Settings(vllm_args="--max-model-len 1024")
    command = command_line(settings, ["vllm"], 1)
    assert command.index("1024") > command.index("32768")
