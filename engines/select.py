"""Which engine answers, from the settings and the machine, and why.

Knows nothing of how engines answer.
"""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from core.errors import ConfigurationError
from core.ports import Engine
from core.settings import Settings
from engines.admission import Gate
from engines.ladder import Ladder
from engines.openai import OpenAIEngine
from engines.quoted import QuotedEngine
from engines.vllm import VllmEngine

_GPU_QUERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What answers, and one line for the operator on why it does."""

    engine: Ladder
    reason: str


def choose_engine(settings: Settings) -> EngineChoice:
    """The ladder for these settings; nothing is started. Raises ConfigurationError where they cannot work."""
    name, reason = _choose(settings)
    rungs: list[Engine] = []
    if name == "openai":
        rungs.append(_openai(settings, settings.engine_url or "", "XIAOQ_ENGINE_URL", "openai"))
    if name == "vllm":
        rungs.append(VllmEngine(settings))
    if rungs and settings.fallback_url:
        rungs.append(_openai(settings, settings.fallback_url, "XIAOQ_FALLBACK_URL", "fallback"))
    gates = [_gate(settings) for _ in rungs]
    return EngineChoice(Ladder([*rungs, QuotedEngine()], gates=gates), f"{name}: {reason}")


def _gate(settings: Settings) -> Gate | None:
    """Half of the wait for the first token may pass in the queue: the engine keeps the other half."""
    if not settings.engine_concurrency:
        return None
    seconds = settings.engine_first_token_seconds / 2
    return Gate(settings.engine_concurrency, settings.engine_queue, seconds)


def _choose(settings: Settings) -> tuple[str, str]:
    if settings.engine == "openai" and not settings.engine_url:
        raise ConfigurationError("XIAOQ_ENGINE=openai needs XIAOQ_ENGINE_URL, the server's base URL.")
    if settings.engine == "vllm" and not _vllm_installed():
        raise ConfigurationError(
            "XIAOQ_ENGINE=vllm needs vLLM in this environment: pip install -r requirements-gpu.txt."
        )
    if settings.engine != "auto":
        return settings.engine, "asked for by XIAOQ_ENGINE"
    if settings.engine_url:
        return "openai", "XIAOQ_ENGINE_URL is set"
    if not _vllm_installed():
        return "quoted", "no XIAOQ_ENGINE_URL, and vLLM is not installed"
    if not _gpu_present():
        return "quoted", "no XIAOQ_ENGINE_URL, and this machine has no GPU for vLLM"
    return "vllm", "this machine has a GPU and vLLM"


def _openai(settings: Settings, url: str, setting: str, name: str) -> OpenAIEngine:
    address = _address(url, setting)
    # The key belongs to the engine URL's server and goes to no other.
    owns_key = (
        _origin(address) == _origin(_address(settings.engine_url, setting)) if settings.engine_url else False
    )
    key = settings.engine_key if owns_key else None
    return OpenAIEngine(
        url.strip(),
        settings.model,
        key=key.get_secret_value() if key else None,
        first_token_seconds=settings.engine_first_token_seconds,
        idle_seconds=settings.engine_idle_seconds,
        total_seconds=settings.engine_total_seconds,
        name=name,
        context_tokens=settings.context_tokens,
    )


def _address(url: str, setting: str) -> SplitResult:
    try:
        address = urlsplit(url.strip())
        valid = address.scheme in ("http", "https") and bool(address.hostname) and address.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(f"{setting} must be an http or https URL, such as http://127.0.0.1:8000/v1.")
    return address


def _origin(address: SplitResult) -> tuple[str, str | None, int | None]:
    return address.scheme, address.hostname, address.port


def _vllm_installed() -> bool:
    return importlib.util.find_spec("vllm") is not None


def _gpu_present() -> bool:
    """Asks the driver's own tool: importing torch to find out would cost seconds and 260 MB."""
    tool = shutil.which("nvidia-smi")
    if not tool:
        return False
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, timeout=_GPU_QUERY_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
    return listed.returncode == 0 and b"GPU" in listed.stdout
