"""Writes the pipeline's events as OpenAI's text completions: one object, or a stream of them.

It does not know HTTP, rights or where the events come from.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.events import Delta, Finished
from gateway.replies import usage_json, xiaoq_json
from pipelines.likelihoods import joined


@dataclass(frozen=True, slots=True)
class Texts:
    """One completion, whole or in pieces: one id and one time for all of it."""

    model: str
    with_usage: bool = False
    id: str = field(default_factory=lambda: f"cmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, deltas: Sequence[Delta], event: Finished) -> dict[str, Any]:
        choices = []
        for index, text, reason in _ended(event):
            logprobs = joined([one.logprobs for one in deltas if one.logprobs and one.index == index])
            choices.append(_choice(index, text, logprobs, reason))
        return {**self._piece(choices), "usage": usage_json(event.usage), "xiaoq": xiaoq_json(event)}

    def delta(self, event: Delta) -> dict[str, Any]:
        return self._streamed([_choice(event.index, event.text, event.logprobs, None)])

    def ending(self, event: Finished) -> Iterator[dict[str, Any]]:
        """How each choice ended; what XiaoQ adds rides on the first; then the usage, where it was asked for."""
        for index, _, reason in _ended(event):
            piece = self._streamed([_choice(index, "", None, reason)])
            yield piece if index else {**piece, "xiaoq": xiaoq_json(event)}
        if self.with_usage:
            yield {**self._piece([]), "usage": usage_json(event.usage)}

    def _streamed(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        piece = self._piece(choices)
        return {**piece, "usage": None} if self.with_usage else piece

    def _piece(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def _ended(event: Finished) -> Iterator[tuple[int, str, str]]:
    yield 0, event.text, event.finish_reason
    for index, one in enumerate(event.further, 1):
        yield index, one.text, one.finish_reason


def _choice(index: int, text: str, logprobs: Any, finish_reason: str | None) -> dict[str, Any]:
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": finish_reason}
