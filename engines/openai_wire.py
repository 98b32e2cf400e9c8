"""OpenAI's completion JSON, of a chat or of a text: a request's body, a stream's chunks, what a refusal means.

Knows nothing of connections and time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from core.errors import ContextOverflow, EngineBusy, EngineError, EngineRejected, EngineUnreachable
from core.messages import Message, Usage
from core.ports import EngineChunk, GenerationRequest

_PASSED_ON = ("tool_calls", "function_call", "refusal")
_MORE = frozenset(_PASSED_ON)
_NOTHING: Mapping[str, Any] = {}
_NO_ANSWER = frozenset(("error", "abort"))
_OVERFLOW_WORDS = (
    "context length",
    "context_length",
    "context window",
    "context size",
    "too many tokens",
    "maximum model length",
    "max_model_len",
)
_ABOUT_THE_REQUEST = frozenset((400, 413, 422))
_ABOUT_THE_SERVICE = frozenset((401, 402, 403, 404, 408, 425))
"""Refusals that another engine would not repeat: a wrong key, no credit, an unknown model, too slow."""


class Piece(NamedTuple):
    """One event of the stream. `alive` says that the model moved on, even where nothing is to be shown (it
    thinks); `chunk` is None then."""

    chunk: EngineChunk | None
    alive: bool


@dataclass(frozen=True, slots=True)
class ServedModel:
    """An entry of `GET /models`; `context_tokens` where the server tells it, as vLLM does."""

    id: str
    context_tokens: int | None


def request_body(request: GenerationRequest, model: str, *, whole: bool = False) -> bytes:
    """The JSON to POST: streamed with usage or `whole`, whatever `sampling.extra` says."""
    sampling = request.sampling
    body: dict[str, Any] = {
        **sampling.extra,
        "model": model,
        **_asked(request),
        **({} if whole else {"stream": True, "stream_options": {"include_usage": True}}),
        "n": sampling.n,
        "max_tokens": sampling.max_tokens,
    }
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    return orjson.dumps(body, default=_plain)


def _asked(request: GenerationRequest) -> dict[str, Any]:
    if request.prompt is not None:
        return {"prompt": request.prompt}
    return {"messages": [_message(message) for message in request.messages]}


def parse_event(data: str) -> Sequence[Piece]:
    """One event's JSON, a piece for each choice in it. Raises EngineError where it reports a failure or is no
    chat-completion chunk."""
    try:
        event = orjson.loads(data)
        if "error" in event or event.get("object") == "error":
            raise _reported(event)
        usage = _usage(event.get("usage"))
        choices = event["choices"]
        if not choices:
            return (Piece(EngineChunk(usage=usage) if usage else None, alive=False),)
        return [_piece(choice, None if number else usage) for number, choice in enumerate(choices)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EngineError("The model's reply could not be understood.") from error


def parse_whole(body: bytes, n: int) -> Sequence[EngineChunk]:
    """A whole chat completion, a chunk for each of its `n` choices. Raises EngineError where it is none."""
    try:
        reply = orjson.loads(body)
        if "error" in reply or reply.get("object") == "error":
            raise _reported(reply)
        usage, choices = _usage(reply.get("usage")), reply["choices"]
        if sorted(choice.get("index", 0) for choice in choices) != list(range(n)):
            raise EngineError("The model's server gave fewer choices than were asked for; leave 'n' out.")
        if any(choice.get("finish_reason") is None for choice in choices):
            raise EngineError("The model's reply ended before it was complete.")
        pieces = [_piece(_as_delta(choice), None if at else usage) for at, choice in enumerate(choices)]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EngineError("The model's reply could not be understood.") from error
    return [piece.chunk for piece in pieces if piece.chunk]


def _as_delta(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """A choice as a stream would have brought it: all in one delta, its tool calls numbered."""
    message = dict(choice.get("message") or {})
    if calls := message.get("tool_calls"):
        message["tool_calls"] = [{**call, "index": at} for at, call in enumerate(calls)]
    return {**choice, "delta": message}


def parse_models(body: bytes) -> list[ServedModel]:
    """The entries of `GET /models`. Raises EngineError where it is no such list."""
    try:
        entries = [(entry["id"], entry.get("max_model_len")) for entry in orjson.loads(body)["data"]]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise EngineError("The model's server lists no models.") from error
    return [
        ServedModel(str(name), window if isinstance(window, int) and window > 0 else None)
        for name, window in entries
    ]


def refusal(status: int, body: str, retry_after: int | None = None) -> EngineError:
    """The error for an HTTP status that is no success. `body` is read for its cause and never repeated."""
    if status in _ABOUT_THE_REQUEST and any(words in body.lower() for words in _OVERFLOW_WORDS):
        return ContextOverflow("The conversation is too long for the model; shorten it or start a new one.")
    if status in (429, 503):
        return EngineBusy(
            "The model has too much to do just now; try again shortly.", retry_after=retry_after
        )
    if status in (502, 504):  # a proxy's word for a server that does not take the call
        return EngineUnreachable(f"The model's server answered with status {status}.")
    if 400 <= status < 500 and status not in _ABOUT_THE_SERVICE:
        return EngineRejected(f"The model refused the request (status {status}); check its parameters.")
    return EngineError(f"The model's server answered with status {status}.")


def no_such_route(status: int, body: bytes) -> bool:
    """Whether a server refused since it does not have what was asked for; a 404 may be about the model, too."""
    return status in (405, 501) or (status == 404 and b"model" not in body.lower())


def _message(message: Message) -> dict[str, Any]:
    content = message.content or (None if message.extra.get("tool_calls") else "")
    return {**message.extra, "role": message.role, "content": content}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def _piece(choice: Mapping[str, Any], usage: Usage | None) -> Piece:
    delta = choice.get("delta") or _NOTHING
    text = delta.get("content") or choice.get("text") or ""
    finish_reason = choice.get("finish_reason")
    index = choice.get("index", 0)
    if not (
        isinstance(text, str)
        and (finish_reason is None or isinstance(finish_reason, str))
        and isinstance(index, int)
    ):
        raise TypeError
    if finish_reason in _NO_ANSWER:
        raise EngineError("The model stopped with an error.")
    extra = _NOTHING
    if not _MORE.isdisjoint(delta):
        extra = {name: delta[name] for name in _PASSED_ON if delta.get(name)}
    alive = bool(text or extra or finish_reason or any(delta.get(name) for name in delta if name != "role"))
    logprobs = choice.get("logprobs")  # also of a token that is but a part of a character, and no text yet
    if not (text or extra or logprobs or finish_reason or usage):
        return Piece(None, alive)
    return Piece(EngineChunk(text, extra, logprobs, finish_reason, usage, index=index), alive)


def _usage(usage: Mapping[str, Any] | None) -> Usage | None:
    if not usage:
        return None
    return Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))


def _reported(event: Mapping[str, Any]) -> EngineError:
    """An error inside a stream that began with status 200."""
    error = event.get("error")
    details = error if isinstance(error, Mapping) else event
    code = details.get("code")
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    return refusal(status, str(details.get("message", "")))
