"""The probabilities of an answer's tokens on their way out: they name the tokens, so they go no further than the text.

Knows both of OpenAI's forms, a choice's `content` list and the older parallel lists, by what they share: lists under names.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.words.stream import OutputScreen


class Likelihoods:
    """Those of one choice. They wait while its `screen` holds text back, and are left out where a word was replaced."""

    def __init__(self, screen: OutputScreen) -> None:
        self._screen = screen
        self._held: list[Any] = []
        self._replaced = 0

    def __bool__(self) -> bool:
        return bool(self._held)

    def told(self, logprobs: Any) -> Any:
        """What may be told after the screen has seen the text that goes with these."""
        if logprobs:
            self._held.append(logprobs)
        replaced = sum(hit.action in ("replace", "block") for hit in self._screen.hits)
        if replaced != self._replaced:
            self._replaced = replaced
            self._held.clear()
        if self._screen.waits or not self._held:
            return None
        held, self._held = self._held, []
        return held[0] if len(held) == 1 else joined(held)


def joined(pieces: Sequence[Any]) -> dict[str, Any] | None:
    """The lists of several pieces, one after the other; None where there are none."""
    whole: dict[str, Any] = {}
    for piece in pieces:
        if isinstance(piece, Mapping):
            for name, value in piece.items():
                before = whole.get(name)
                whole[name] = [*(before or ()), *value] if isinstance(value, list) else before or value
    return whole or None
