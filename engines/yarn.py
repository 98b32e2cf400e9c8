"""What vLLM is told so that a model reads further than it was trained to (YaRN). Knows no command line."""

import json
from pathlib import Path
from typing import Any

from core.settings import Settings

TRAINED = 32_768
"""Tokens that Qwen2.5 reads as it is."""
THETA = 1_000_000.0
"""Qwen2.5's base of the rotary embedding."""


def rope_overrides(settings: Settings) -> dict[str, Any] | None:
    """The `--hf-overrides`; None where it is not asked for or the window needs none.

    A model in a local folder says itself how far it was trained.
    """
    if not settings.vllm_yarn:
        return None
    own = _config(settings.model)
    trained = int(own.get("max_position_embeddings") or TRAINED)
    if settings.context_tokens <= trained:
        return None
    theta = own.get("rope_theta") or (own.get("rope_parameters") or {}).get("rope_theta") or THETA
    return {
        "rope_parameters": {
            "rope_type": "yarn",
            "factor": settings.context_tokens / trained,
            "original_max_position_embeddings": trained,
            "rope_theta": float(theta),
        }
    }


def _config(model: str) -> dict[str, Any]:
    try:
        written = json.loads((Path(model) / "config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}
