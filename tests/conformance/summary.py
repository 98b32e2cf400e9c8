"""What an answer amounts to, whole or in pieces, in one form: the two must be the same, in either language.

client.mjs makes the same of what JavaScript's client gives.
"""

from collections.abc import Iterable
from typing import Any

from openai.types import Completion
from openai.types.chat import ChatCompletion, ChatCompletionChunk


def of_whole(reply: ChatCompletion | Completion) -> dict[str, Any]:
    """As on the wire: fields that were not sent are not there."""
    told: Any = reply.to_dict()
    choices = [
        _choice(choice, choice.get("message") or {"content": choice.get("text")})
        for choice in told["choices"]
    ]
    return {
        "choices": choices,
        "usage": told["usage"],
        "xiaoq": told["xiaoq"]["mode"],
        "object": told["object"],
    }


def _choice(choice: dict[str, Any], message: dict[str, Any]) -> dict[str, Any]:
    return {
        "index": choice["index"],
        "content": message["content"] or "",
        "calls": [
            [call["id"], call["type"], call["function"]["name"], call["function"]["arguments"]]
            for call in message.get("tool_calls") or ()
        ],
        "tokens": _tokens(choice["logprobs"]),
        "finish_reason": choice["finish_reason"],
    }


def _tokens(logprobs: dict[str, Any] | None) -> list[Any]:
    """Which tokens had probabilities, and how many others were named beside each."""
    if logprobs is None:
        return []
    if "tokens" in logprobs:
        return list(logprobs["tokens"])
    return [[token["token"], len(token["top_logprobs"])] for token in logprobs["content"]]


def of_pieces(pieces: Iterable[ChatCompletionChunk | Completion]) -> dict[str, Any]:
    """Gathered as OpenAI's documents tell a program to. Raises where the last piece is not the usage's."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    usages = []
    for piece in pieces:
        told: Any = piece.to_dict()
        usages += [told["usage"]] if told["usage"] else []
        assert bool(told["choices"]) == (told["usage"] is None), "the usage comes alone, and last"
        whole["xiaoq"] = told["xiaoq"]["mode"] if "xiaoq" in told else whole.get("xiaoq")
        whole["object"] = told["object"].removesuffix(".chunk")
        for choice in told["choices"]:
            _gather(choices.setdefault(choice["index"], {"calls": {}, "tokens": [], "content": ""}), choice)
    for choice in choices.values():
        choice["calls"] = [list(call.values()) for _, call in sorted(choice["calls"].items())]
    (usage,) = usages
    return {**whole, "choices": [choices[index] for index in sorted(choices)], "usage": usage}


def _gather(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    delta = piece.get("delta") or {"content": piece.get("text")}
    assert "finish_reason" not in choice or choice["finish_reason"] is None, "nothing follows the end"
    choice |= {"index": piece["index"], "finish_reason": piece["finish_reason"]}
    choice["content"] += delta.get("content") or ""
    choice["tokens"] += _tokens(piece["logprobs"])
    for call in delta.get("tool_calls") or ():
        empty = {"id": "", "type": "", "name": "", "arguments": ""}
        own, named = choice["calls"].setdefault(call["index"], empty), call.get("function") or {}
        own["id"] += call.get("id") or ""
        own["type"] += call.get("type") or ""
        own["name"] += named.get("name") or ""
        own["arguments"] += named.get("arguments") or ""
