"""Which engine the settings and the machine give."""

import os
from pathlib import Path

import pytest

from core.errors import ConfigurationError
from core.settings import Settings
from engines.select import choose_engine
from tests.support.asking import ask
from tests.support.upstream import EchoUpstream, serving


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from outside, no GPU tool on the path, no `.env` in the folder."""
    for name in [name for name in os.environ if name.startswith("XIAOQ_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def install_vllm(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "vllm").mkdir()
    (folder / "vllm" / "__init__.py").write_text("raise ImportError('must be found, not imported')\n")
    monkeypatch.syspath_prepend(str(folder))


def install_gpu(folder: Path, answer: str = "echo 'GPU 0: some card'") -> None:
    tool = folder / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\n{answer}\n")
    tool.chmod(0o755)


def rungs(**settings: object) -> tuple[list[str], str]:
    choice = choose_engine(Settings(**settings))  # type: ignore[arg-type]
    return [engine.name for engine in choice.engine.rungs], choice.reason


def test_a_bare_machine_quotes() -> None:
    assert rungs() == (["quoted"], "quoted: no XIAOQ_ENGINE_URL, and vLLM is not installed")


def test_a_url_is_asked_first() -> None:
    names, reason = rungs(engine_url="http://127.0.0.1:9/v1", fallback_url="https://example.org/v1")
    assert names == ["openai", "fallback", "quoted"]
    assert reason == "openai: XIAOQ_ENGINE_URL is set"


def test_vllm_needs_a_gpu_to_be_picked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install_vllm(monkeypatch, tmp_path)
    assert rungs() == (["quoted"], "quoted: no XIAOQ_ENGINE_URL, and this machine has no GPU for vLLM")
    install_gpu(tmp_path, "echo 'NVIDIA-SMI has failed'; exit 9")
    assert rungs()[0] == ["quoted"]
    install_gpu(tmp_path)
    assert rungs() == (["vllm", "quoted"], "vllm: this machine has a GPU and vLLM")
    assert rungs(engine_url="http://127.0.0.1:9/v1")[0] == ["openai", "quoted"]


def test_what_is_asked_for_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install_vllm(monkeypatch, tmp_path)
    assert rungs(engine="vllm") == (["vllm", "quoted"], "vllm: asked for by XIAOQ_ENGINE")
    assert rungs(engine="quoted", engine_url="http://127.0.0.1:9/v1")[0] == ["quoted"]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"engine": "openai"}, "XIAOQ_ENGINE_URL"),
        ({"engine": "vllm"}, "requirements-gpu.txt"),
        ({"engine_url": "file:///etc/passwd"}, "XIAOQ_ENGINE_URL"),
        ({"engine_url": "127.0.0.1:8000"}, "XIAOQ_ENGINE_URL"),
        ({"engine_url": "http://[::1"}, "XIAOQ_ENGINE_URL"),
        ({"engine_url": "http://127.0.0.1:9/v1", "fallback_url": "ftp://x"}, "XIAOQ_FALLBACK_URL"),
    ],
)
def test_what_cannot_work_does_not_start(settings: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        rungs(**settings)


def test_an_open_quotation_mark_does_not_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    install_vllm(monkeypatch, tmp_path)
    with pytest.raises(ConfigurationError, match="XIAOQ_VLLM_ARGS"):
        rungs(engine="vllm", vllm_args="--chat-template 'open")


async def test_the_key_goes_to_its_own_server_only() -> None:
    upstream = EchoUpstream()
    async with serving(upstream.app()) as port:
        settings = Settings(
            engine_url="http://127.0.0.1:9/v1",
            fallback_url=f"http://127.0.0.1:{port}/v1",
            engine_key="secret",
        )
        ladder = choose_engine(settings).engine
        heard = await ask(ladder)
        await ladder.aclose()
        assert not any("Authorization" in headers for headers in upstream.headers)
        own = choose_engine(Settings(engine_url=f"http://127.0.0.1:{port}/v1", engine_key="secret")).engine
        await ask(own)
        await own.aclose()
    assert heard.chunks[0].engine == "fallback"
    assert upstream.headers[-1]["Authorization"] == "Bearer secret"
