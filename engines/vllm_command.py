"""How vLLM is started and what its log says about how far it is.

Knows nothing of processes.
"""

import json
import re
import shlex
import sys
from collections.abc import Mapping, Sequence

from core.errors import ConfigurationError
from core.settings import Settings
from engines.yarn import rope_overrides

HOST = "127.0.0.1"
DEFAULT_PREFIX = (sys.executable, "-m", "vllm.entrypoints.openai.api_server")

_PERCENT = re.compile(r"((?:Loading|Capturing|Downloading|Compiling)[^:|]*?):?\s+(\d{1,3})%")
_STEPS = (
    ("Starting to load model", "loading the model"),
    ("Loading weights took", "weights loaded"),
    ("torch.compile takes", "compiled"),
    ("GPU KV cache size", "cache reserved"),
    ("Application startup complete", "started"),
)


def command_line(settings: Settings, prefix: Sequence[str], port: int) -> list[str]:
    """The whole command; the operator's own arguments come last and so win.

    Raises ConfigurationError where XIAOQ_VLLM_ARGS has an open quotation mark.
    """
    try:
        extra = shlex.split(settings.vllm_args)
    except ValueError as error:
        raise ConfigurationError("XIAOQ_VLLM_ARGS has a quotation mark that is not closed.") from error
    command = [*prefix, "--model", settings.model, "--served-model-name", settings.served_model]
    command += ["--max-model-len", str(settings.context_tokens)]
    command += ["--tensor-parallel-size", str(settings.vllm_tensor_parallel)]
    if settings.vllm_quantization:
        command += ["--quantization", settings.vllm_quantization]
    if overrides := rope_overrides(settings):
        command += ["--hf-overrides", json.dumps(overrides)]
    command.append("--disable-uvicorn-access-log")  # the gateway has its own
    return [*command, *extra, "--host", HOST, "--port", str(port)]


def environment(inherited: Mapping[str, str], key: str) -> dict[str, str]:
    """The child's environment: ours without our secrets, the key it is to ask for, no reports home."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("XIAOQ_")}
    return {**kept, "VLLM_API_KEY": key, "VLLM_NO_USAGE_STATS": "1", "PYTHONUNBUFFERED": "1"}


def progress(line: str) -> str | None:
    """What a log line tells an operator who waits (`Loading safetensors checkpoint shards: 40%`), if
    anything."""
    if found := _PERCENT.search(line):
        return f"{found[1].strip()}: {found[2]}%"
    return next((step for words, step in _STEPS if words in line), None)
