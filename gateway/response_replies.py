"""Writes the pipeline's events as OpenAI's Responses API: one object, or its sequence of named events.

It does not know HTTP or rights.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from core.errors import XiaoQError
from core.events import Delta, Finished
from gateway.errors import openai_error
from gateway.replies import xiaoq_json


@dataclass(slots=True)
class ResponseWriter:
    """One response: its ids, its time and the running number of its events."""

    model: str
    id: str = field(default_factory=lambda: f"resp_{uuid.uuid4().hex}")
    item_id: str = field(default_factory=lambda: f"msg_{uuid.uuid4().hex}")
    created_at: int = field(default_factory=lambda: int(time.time()))
    number: int = 0

    def whole(self, event: Finished) -> dict[str, Any]:
        """The finished response."""
        cut = event.finish_reason == "length"
        usage = event.usage
        return {
            **self._response("incomplete" if cut else "completed"),
            "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
            "output": [self._item(event.text, "incomplete" if cut else "completed")],
            "usage": {
                "input_tokens": usage.prompt_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": usage.completion_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": usage.total_tokens,
            },
            "xiaoq": xiaoq_json(event),
        }

    def opening(self) -> Iterator[dict[str, Any]]:
        """The events before the first words."""
        yield self._event("response.created", response=self._response("in_progress"))
        yield self._event("response.in_progress", response=self._response("in_progress"))
        item = {**self._item("", "in_progress"), "content": []}
        yield self._event("response.output_item.added", output_index=0, item=item)
        yield self._event("response.content_part.added", **self._place(), part=_part(""))

    def delta(self, event: Delta) -> dict[str, Any]:
        return self._event("response.output_text.delta", **self._place(), delta=event.text, logprobs=[])

    def closing(self, event: Finished) -> Iterator[dict[str, Any]]:
        """The events after the last words."""
        whole = self.whole(event)
        yield self._event("response.output_text.done", **self._place(), text=event.text, logprobs=[])
        yield self._event("response.content_part.done", **self._place(), part=_part(event.text))
        yield self._event("response.output_item.done", output_index=0, item=whole["output"][0])
        yield self._event(f"response.{whole['status']}", response=whole)

    def failure(self, error: XiaoQError) -> dict[str, Any]:
        """The error event, in the form of both APIs so that either client's reader raises it."""
        envelope = openai_error(error)
        told = {"code": error.code, "message": error.message, "param": error.param}
        return self._event("error", **told, **envelope)

    def _event(self, kind: str, **fields: Any) -> dict[str, Any]:
        event = {"type": kind, "sequence_number": self.number, **fields}
        self.number += 1
        return event

    def _place(self) -> dict[str, Any]:
        return {"item_id": self.item_id, "output_index": 0, "content_index": 0}

    def _item(self, text: str, status: str) -> dict[str, Any]:
        return {
            "id": self.item_id,
            "type": "message",
            "status": status,
            "role": "assistant",
            "content": [_part(text)],
        }

    def _response(self, status: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "model": self.model,
            "output": [],
            "parallel_tool_calls": False,
            "temperature": None,
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "usage": None,
        }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
