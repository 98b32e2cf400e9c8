"""How many tokens a text takes: by the model's own tokenizer where its files are at hand, else estimated.

Knows no file and no model: whoever builds the app hands in how the tokenizer is loaded.
"""

import asyncio
from collections.abc import Callable
from functools import lru_cache

import structlog

log = structlog.get_logger()

MESSAGE_OVERHEAD = 8
"""Tokens a chat template spends on one message's markers (Qwen's `<|im_start|>role\\n…<|im_end|>\\n` takes five)."""

_REMEMBERED = 4_096

Count = Callable[[str], int]


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes; rounds up on purpose, since running over costs a request.

    Qwen2.5 needs about 0.65 tokens a Han character and 0.25 a Latin one; other scripts up to 1 a character.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    return -(-ascii_characters // 3) + (len(text) - ascii_characters)


class Estimate:
    """core.ports.TokenCounter without a tokenizer."""

    exact = False
    per_message = MESSAGE_OVERHEAD

    def count(self, text: str) -> int:
        return estimate_tokens(text)


ESTIMATE = Estimate()


class ModelTokens:
    """core.ports.TokenCounter with the model's own tokenizer, once `start` has loaded it; estimated until then.

    Counting runs on the event loop, about a microsecond for each three characters; what was counted is remembered, so
    that prompts, passages and a conversation's older messages cost a look.
    """

    def __init__(self, load: Callable[[], tuple[Count, int | None] | None]) -> None:
        self._load = load
        self._counted: Count = estimate_tokens
        self.exact = False
        self.per_message = MESSAGE_OVERHEAD

    async def start(self) -> None:
        """Load the tokenizer off the loop. Raises ConfigurationError for files that cannot be used."""
        loaded = await asyncio.to_thread(self._load)
        if loaded is not None:
            count, around = loaded
            self._counted, self.exact = lru_cache(_REMEMBERED)(count), True
            self.per_message = around or MESSAGE_OVERHEAD
        log.info("tokens counted", by="tokenizer" if self.exact else "estimate")

    def count(self, text: str) -> int:
        return self._counted(text)
