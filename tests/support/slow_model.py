"""Makes vLLM's model take its time while the file exists that `SLOW_MODEL_WHILE` names, and never end by itself.

Loaded by vLLM as a logits processor, in the process in which the model works: however late others of a busy machine are
served, an answer is not over before its time.
"""

import os
import time
from pathlib import Path
from typing import Any

from vllm.v1.sample.logits_processor import LogitsProcessor

SECONDS = 0.01
"""For each token: nearly 20 for an answer that fills the tiny model's window."""


class SlowModel(LogitsProcessor):  # type: ignore[misc]
    def __init__(self, vllm_config: Any, device: Any, is_pin_memory: bool) -> None:
        self._asked = Path(os.environ["SLOW_MODEL_WHILE"])
        self._end = vllm_config.model_config.hf_config.eos_token_id

    def is_argmax_invariant(self) -> bool:
        return False  # or it would be left out where no token is drawn by chance

    def update_state(self, batch_update: Any) -> None:
        return None

    def apply(self, logits: Any) -> Any:
        if self._asked.exists():
            time.sleep(SECONDS)
            logits[:, self._end] = float("-inf")
        return logits
