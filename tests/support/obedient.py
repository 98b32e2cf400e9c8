"""A deterministic OpenAI-compatible server that does what it is asked: calls tools, writes JSON, stops, counts, embeds.

Its text is what the user said last; a piece of PIECE characters is a token to it.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from aiohttp import web

from tests.support.upstream import PIECE, EchoUpstream

DIMENSIONS = 8


@dataclass
class ObedientUpstream(EchoUpstream):
    """`refuses` is the status and the message with which it answers instead, once."""

    refuses: tuple[int, str] | None = None

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_post("/v1/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._embed)
        app.middlewares.append(self._refuse)
        return app

    @web.middleware
    async def _refuse(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self.refuses is None or request.method != "POST":
            return await handler(request)
        (status, message), self.refuses = self.refuses, None
        return web.json_response({"error": {"message": message}}, status=status)

    def events(self, body: dict[str, Any]) -> list[str]:
        return [json.dumps(event, ensure_ascii=False) for event in obeyed(body)] + ["[DONE]"]

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body.get("stream") or body["model"] not in self.models:
            return await super()._complete(request)
        self.requests.append(body)
        return web.json_response(folded(obeyed(body)))

    async def _embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        texts = body["input"]
        data = [
            {
                "object": "embedding",
                "index": n,
                "embedding": vector(text, body.get("dimensions") or DIMENSIONS),
            }
            for n, text in enumerate(texts)
        ]
        count = sum(map(len, texts))
        usage = {"prompt_tokens": count, "total_tokens": count}
        # The order is the server's own affair: the index tells which is which.
        return web.json_response(
            {"object": "list", "data": data[::-1], "model": body["model"], "usage": usage}
        )


def vector(text: str, dimensions: int = DIMENSIONS) -> list[float]:
    digest = hashlib.sha256(text.encode()).digest()
    return [digest[n % 32] / 256 for n in range(dimensions)]


def obeyed(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Every event of the stream that answers `body`, save the last."""
    n = body.get("n") or 1
    choices = [_choice(body, index) for index in range(n)]
    kind = "text_completion" if "prompt" in body else "chat.completion.chunk"
    head = {"id": "obedient", "object": kind, "created": 0, "model": body["model"]}
    events = []
    if "prompt" not in body:
        opening = {"role": "assistant", "content": ""}
        events += [
            {**head, "choices": [{"index": i, "delta": opening, "finish_reason": None}]} for i in range(n)
        ]
    for row in zip_longest(*(pieces for pieces, _ in choices)):
        events += [
            {**head, "choices": [{"index": index, "finish_reason": None, **piece}]}
            for index, piece in enumerate(row)
            if piece is not None
        ]
    for index, (_, reason) in enumerate(choices):
        nothing = {"text": ""} if "prompt" in body else {"delta": {}}
        events.append({**head, "choices": [{"index": index, **nothing, "finish_reason": reason}]})
    written = sum(len(pieces) for pieces, _ in choices)
    prompt = len(json.dumps(body.get("messages") or body["prompt"], ensure_ascii=False))
    usage = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
    return [*events, {**head, "choices": [], "usage": usage}]


def folded(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The same answer in one object, for who did not ask for a stream."""
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        for piece in event["choices"]:
            empty = {
                "index": piece["index"],
                "message": {"role": "assistant", "content": None},
                "logprobs": None,
            }
            choice = choices.setdefault(piece["index"], empty)
            choice["finish_reason"] = piece["finish_reason"]
            _fold(choice, piece)
    return {**events[-1], "object": "chat.completion", "choices": [choices[at] for at in sorted(choices)]}


def _fold(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    message, delta = choice["message"], piece["delta"]
    if delta.get("content"):
        message["content"] = (message["content"] or "") + delta["content"]
    if piece.get("logprobs"):
        before = choice["logprobs"] or {"content": [], "refusal": None}
        choice["logprobs"] = {**before, "content": before["content"] + piece["logprobs"]["content"]}
    for part in delta.get("tool_calls", ()):
        calls = message.setdefault("tool_calls", [])
        if part["index"] == len(calls):
            calls.append({"id": part["id"], "type": "function", "function": dict(part["function"])})
        else:
            calls[part["index"]]["function"]["arguments"] += part["function"]["arguments"]


def _choice(body: dict[str, Any], index: int) -> tuple[list[dict[str, Any]], str]:
    """What one choice says, piece by piece, and why it ends."""
    called = _called(body)
    if called:
        return [{"delta": {"tool_calls": [piece]}} for call in called for piece in call], "tool_calls"
    text, reason = _said(body, index), "stop"
    stops = body.get("stop") or []
    ends = [text.find(stop) for stop in ([stops] if isinstance(stops, str) else stops)]
    text = text[: min((end for end in ends if end >= 0), default=len(text))]
    tokens = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    if len(tokens) > body["max_tokens"]:
        tokens, reason = tokens[: body["max_tokens"]], "length"
    return [_piece(body, token) for token in tokens], reason


def _said(body: dict[str, Any], index: int) -> str:
    last = f"#{index}" if index else ""
    seed = f"~{body['seed']}" if "seed" in body else ""
    if "prompt" in body:
        return f" …{body['prompt']}{seed}{last}"
    question: str = body["messages"][-1]["content"]
    wanted = body.get("response_format") or {}
    if wanted.get("type") == "json_schema":
        properties = wanted["json_schema"]["schema"]["properties"]
        values = {"string": question, "integer": 7, "boolean": True}
        return json.dumps({name: values[one["type"]] for name, one in properties.items()}, ensure_ascii=False)
    if wanted.get("type") == "json_object":
        return json.dumps({"asked": question}, ensure_ascii=False)
    return f"You said: {question}{seed}{last}"


def _called(body: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The calls, each in pieces as a stream has them."""
    tools, choice = body.get("tools") or [], body.get("tool_choice", "auto")
    if not tools:
        return []
    names = [tool["function"]["name"] for tool in tools]
    if isinstance(choice, dict):
        names = [choice["function"]["name"]]
    elif choice == "none" or (choice == "auto" and body["messages"][-1]["role"] == "tool"):
        names = []
    elif body.get("parallel_tool_calls") is False:
        names = names[:1]
    said = json.dumps({"text": body["messages"][-1]["content"]} if names else {}, ensure_ascii=False)
    pieces = [said[start : start + PIECE] for start in range(0, len(said), PIECE)]
    return [
        [
            {"index": n, "id": f"call_{n}", "type": "function", "function": {"name": name, "arguments": ""}},
            *({"index": n, "function": {"arguments": piece}} for piece in pieces),
        ]
        for n, name in enumerate(names)
    ]


def _piece(body: dict[str, Any], token: str) -> dict[str, Any]:
    if "prompt" in body:
        wanted = body.get("logprobs")
        likely = None if wanted is None else {
            "tokens": [token], "token_logprobs": [-0.5], "top_logprobs": [{token: -0.5}], "text_offset": [0],
        }  # fmt: skip
        return {"text": token, "logprobs": likely}
    if not body.get("logprobs"):
        return {"delta": {"content": token}}
    likely = {"token": token, "logprob": -0.5, "bytes": list(token.encode())}
    top = [{**likely, "logprob": -0.5 - n} for n in range(body.get("top_logprobs") or 0)]
    return {
        "delta": {"content": token},
        "logprobs": {"content": [{**likely, "top_logprobs": top}], "refusal": None},
    }
