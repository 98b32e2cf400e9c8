"""How many tokens a text takes: by the model's own tokenizer where its files are at hand, else estimated.

Knows no file and no model: whoever builds the app hands in how the tokenizer is loaded.
"""

import asyncio
import string
from collections.abc import Callable
from functools import lru_cache

import structlog

log = structlog.get_logger()

MESSAGE_OVERHEAD = 8
"""Tokens a chat template spends on one message's markers (Qwen's `<|im_start|>role\\n…<|im_end|>\\n` takes five)."""

_REMEMBERED = 4_096
_APART = bytes(set(range(128)) - set((string.ascii_letters + string.whitespace).encode()))
"""ASCII that takes a token a character: Qwen2.5 cuts numbers into figures, and a table is mostly figures and bars."""

Count = Callable[[str], int]


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes; rounds up on purpose, since running over costs a request.

    Qwen2.5 needs 0.25 tokens a Latin letter, 1 a figure, 0.65 to 1 a Han character, and of scripts that it hardly
    learned more than one a character (_dearer). Codes of mixed letters and figures take up to a half more than this.
    """
    plain = text.encode("ascii", "ignore")
    letters = len(plain.translate(None, _APART))
    found = len(text) - letters - (-letters // 3)
    return found if len(plain) == len(text) else found + _dearer(text, len(text) - len(plain))


def _dearer(text: str, foreign: int) -> int:
    """What letters take beyond one token each, by the first bytes of their UTF-8: Czech and its like a second one,
    Hindi, Bengali and Lao up to half of one, Burmese and Khmer up to one; Thai and Vietnamese, which lie among them,
    none."""
    written = text.encode("utf-8", "surrogatepass")
    more = foreign // 32
    # To look whether there is any costs a tenth of counting them, and most texts have none.
    if b"\xe0" in written:
        more -= -(written.count(b"\xe0") - written.count(b"\xe0\xb8") - written.count(b"\xe0\xb9")) // 2
    if b"\xe1" in written:
        more += written.count(b"\xe1") - written.count(b"\xe1\xba") - written.count(b"\xe1\xbb")
    return more + sum(written.count(first) for first in (b"\xc4", b"\xc5") if first in written)


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
