"""A longer window than the model was trained on: told to vLLM as it wants it, and only where it is asked for."""

import json
from pathlib import Path
from typing import Any

from core.settings import Settings
from engines.vllm_command import command_line


def told(**settings: Any) -> dict[str, Any] | None:
    command = command_line(Settings(_env_file=None, **settings), ["vllm"], 1)
    assert str(settings["context_tokens"]) == command[command.index("--max-model-len") + 1]
    if "--hf-overrides" not in command:
        return None
    overrides: dict[str, Any] = json.loads(command[command.index("--hf-overrides") + 1])
    return overrides["rope_parameters"]  # type: ignore[no-any-return]


def test_it_is_told_where_asked_for_beyond_the_trained_window() -> None:
    assert told(context_tokens=131_072) is None
    assert told(context_tokens=32_768, vllm_yarn=True) is None
    assert told(context_tokens=131_072, vllm_yarn=True) == {
        "rope_type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 32_768,
        "rope_theta": 1_000_000.0,
    }
    half = told(context_tokens=65_536, vllm_yarn=True)
    assert half is not None
    assert half["factor"] == 2.0


def test_a_model_in_a_folder_says_how_far_it_was_trained(tmp_path: Path) -> None:
    own = {"max_position_embeddings": 2_048, "rope_theta": 10_000}
    tmp_path.joinpath("config.json").write_text(json.dumps(own))
    found = told(context_tokens=4_096, vllm_yarn=True, model=str(tmp_path))
    assert found is not None
    assert (found["factor"], found["original_max_position_embeddings"], found["rope_theta"]) == (
        2.0,
        2_048,
        1e4,
    )
    tmp_path.joinpath("config.json").write_text("[")
    assert told(context_tokens=4_096, vllm_yarn=True, model=str(tmp_path)) is None
