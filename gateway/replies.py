"""Writes the pipeline's events as OpenAI's chat completions: one object, or a stream of chunks.

It does not know HTTP, rights or where the events come from.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.events import Delta, Finished
from core.ids import unguessable
from core.messages import Source, Usage
from pipelines.likelihoods import joined


def source_json(source: Source) -> dict[str, Any]:
    return {
        "document": source.document,
        "title": source.title,
        "location": source.location,
        "score": source.score,
        "text": source.text,
    }


def xiaoq_json(event: Finished) -> dict[str, Any]:
    """What XiaoQ adds to OpenAI's reply. Timings are whole milliseconds."""
    note = event.handoff
    return {
        "mode": event.mode.value,
        "line": event.line,
        "language": event.language,
        "conversation_id": event.conversation_id,
        "turn_id": event.turn_id,
        "sources": [source_json(source) for source in event.sources],
        "handoff": None if note is None else {"reason": note.reason, "contact": note.contact},
        "timings": dict(event.timings),
        "suggestions": list(event.suggestions),
    }


def usage_json(usage: Usage) -> dict[str, Any]:
    """The engine's own count; one that it did not give is an estimate and says so."""
    counted = {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }
    return {**counted, "estimated": True} if usage.estimated else counted


@dataclass(frozen=True, slots=True)
class Chunks:
    """The chunks of one streamed answer: one id and one time for all of them."""

    model: str
    with_usage: bool
    n: int = 1
    id: str = field(default_factory=lambda: f"chatcmpl-{unguessable()}")
    created: int = field(default_factory=lambda: int(time.time()))

    def role(self, index: int = 0) -> dict[str, Any]:
        return self._chunk([_choice({"role": "assistant", "content": ""}, index=index)])

    def delta(self, event: Delta) -> dict[str, Any]:
        content = {"content": event.text} if event.text or not event.extra else {}
        return self._chunk([_choice({**content, **event.extra}, logprobs=event.logprobs, index=event.index)])

    def finish(self, event: Finished) -> dict[str, Any]:
        chunk = self._chunk([_choice({}, finish_reason=event.finish_reason)])
        return {**chunk, "xiaoq": xiaoq_json(event)}

    def further(self, event: Finished) -> Iterator[dict[str, Any]]:
        """How the choices after the first ended."""
        for index, choice in enumerate(event.further, 1):
            yield self._chunk([_choice({}, finish_reason=choice.finish_reason, index=index)])

    def usage(self, event: Finished) -> dict[str, Any]:
        return {**self._chunk([]), "usage": usage_json(event.usage)}

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        chunk = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }
        return {**chunk, "usage": None} if self.with_usage else chunk


def _choice(
    delta: dict[str, Any], *, logprobs: Any = None, finish_reason: str | None = None, index: int = 0
) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}


def completion(model: str, deltas: Sequence[Delta], event: Finished) -> dict[str, Any]:
    """The whole answer as one `chat.completion`."""
    choices = [_whole_choice(0, event.text, event.finish_reason, deltas, alone=not event.further)]
    for index, one in enumerate(event.further, 1):
        choices.append(_whole_choice(index, one.text, one.finish_reason, deltas))
    return {
        "id": f"chatcmpl-{unguessable()}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": choices,
        "usage": usage_json(event.usage),
        "xiaoq": xiaoq_json(event),
    }


def _whole_choice(
    index: int, text: str, finish_reason: str, deltas: Sequence[Delta], *, alone: bool = False
) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if not deltas:
        return {"index": index, "message": message, "logprobs": None, "finish_reason": finish_reason}
    own = deltas if alone else [delta for delta in deltas if delta.index == index]
    refusal = "".join(delta.extra.get("refusal") or "" for delta in own if delta.extra) or None
    message |= {"refusal": refusal}
    if calls := tool_calls(own):
        message |= {"content": text or None, "tool_calls": calls}
    return {"index": index, "message": message, "logprobs": _logprobs(own), "finish_reason": finish_reason}


def tool_calls(deltas: Sequence[Delta]) -> list[dict[str, Any]]:
    """The calls that a stream spread over its deltas: pieces with one index belong together."""
    calls: dict[int, dict[str, Any]] = {}
    for delta in deltas:
        for piece in delta.extra.get("tool_calls") or ():
            empty = {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
            call = calls.setdefault(int(piece.get("index", 0)), empty)
            call["id"] = piece.get("id") or call["id"]
            function = piece.get("function") or {}
            call["function"]["name"] += function.get("name") or ""
            call["function"]["arguments"] += function.get("arguments") or ""
    return [calls[index] for index in sorted(calls)]


def _logprobs(deltas: Sequence[Delta]) -> dict[str, Any] | None:
    found = joined([delta.logprobs for delta in deltas if delta.logprobs])
    return found and {"content": found.get("content") or [], "refusal": found.get("refusal")}
