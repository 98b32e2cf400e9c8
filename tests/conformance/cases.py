"""What the official clients are made to ask: every field that is taken, and what is refused and how the clients call it.

Python's and JavaScript's client ask the same, of the deterministic model and of the real one.
"""

from typing import Any, NamedTuple

PHONE = "139-5827-1046"
ASK = "Where is parcel 4711?"
MODEL = "qwen2.5-7b"


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def function(name: str) -> dict[str, Any]:
    properties = {"text": {"type": "string", "maxLength": 12}}
    parameters = {
        "type": "object",
        "properties": properties,
        "required": ["text"],
        "additionalProperties": False,
    }
    return {
        "type": "function",
        "function": {"name": name, "description": "Track it.", "parameters": parameters},
    }


def chat(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Greedy, so that asking twice gives the same; several choices are not greedy and need a seed for that."""
    return {
        "model": MODEL,
        "messages": list(messages or [user(ASK)]),
        "temperature": 0,
        "max_tokens": 24,
    } | fields


SCHEMA = {
    "type": "object",
    "properties": {"state": {"type": "boolean"}, "count": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["state", "count"],
    "additionalProperties": False,
}
CALL = {"id": "call_1", "type": "function", "function": {"name": "track", "arguments": '{"text": "4711"}'}}
NAMED = {"type": "function", "function": {"name": "refund"}}
BOTH = [function("track"), function("refund")]

CHAT: dict[str, dict[str, Any]] = {
    "a question": chat(),
    "personal data": chat(user(f"我的手机号是 {PHONE}，包裹到哪了？")),
    "a caller's system message": chat({"role": "developer", "content": "Be brief."}, user(ASK)),
    "text parts": chat(user([{"type": "text", "text": "Where is"}, {"type": "text", "text": "parcel 4711?"}])),
    "a dialogue": chat(user("Hello, I am Lin"), {"role": "assistant", "content": "Hello."}, user(ASK)),
    "a line, a customer": chat(metadata={"line": "shop"}, user="lin"),
    "sampling": chat(temperature=0.0, top_p=0.9, seed=7, presence_penalty=0.1, frequency_penalty=-0.1),
    "one stop": chat(stop="parcel"),
    "several stops": chat(stop=["4711", "parcel"]),
    "max_tokens": chat(max_tokens=2),
    "max_completion_tokens": {**chat(max_completion_tokens=3), "max_tokens": None},
    "n": chat(n=3, temperature=0.5, seed=7),
    "probabilities": chat(logprobs=True, top_logprobs=2),
    "probabilities of several": chat(logprobs=True, n=2, max_tokens=5, temperature=0.5, seed=7),
    "a JSON object": chat(response_format={"type": "json_object"}, max_tokens=300),
    "a JSON schema": chat(
        response_format={"type": "json_schema", "json_schema": {"name": "parcel", "schema": SCHEMA, "strict": True}},
        max_tokens=300,
    ),
    "text, said explicitly": chat(response_format={"type": "text"}),
    "no call": chat(tools=BOTH, tool_choice="none"),
    "a named function": chat(tools=BOTH, tool_choice=NAMED, max_tokens=300),
    "a required call": chat(tools=[function("track")], tool_choice="required", max_tokens=300),
    "what a tool said": chat(
        user(ASK), {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "On its way."}, tools=BOTH, tool_choice="none",
    ),
}  # fmt: skip

CALLS: dict[str, dict[str, Any]] = {
    "calls by its own choice": chat(user(f"Track it, my phone is {PHONE}"), tools=BOTH, tool_choice="auto"),
    "one call at a time": chat(tools=BOTH, parallel_tool_calls=False),
    "calls of several choices": chat(tools=BOTH, tool_choice="required", n=2),
}
"""What only a model that knows what it does can show."""


def text(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "prompt": ASK, "temperature": 0} | fields


TEXTS: dict[str, dict[str, Any]] = {
    "a text": text(),
    "a list of one": text(prompt=[ASK]),
    "personal data in it": text(prompt=f"My phone is {PHONE}.", max_tokens=40),
    "its sampling": text(
        max_tokens=5, top_p=0.5, seed=3, presence_penalty=0.2, frequency_penalty=0.2, stop=["\n\n\n"]
    ),
    "its choices": text(n=2, max_tokens=6, temperature=0.5, seed=7),
    "its probabilities": text(logprobs=2, max_tokens=6),
}


class Refused(NamedTuple):
    """`to` is the route: chat, texts or embeddings; `error` the class of both official clients."""

    to: str
    body: dict[str, Any]
    error: str
    status: int
    code: str
    param: str | None


def unsupported(name: str, value: Any) -> Refused:
    return Refused("chat", chat(**{name: value}), "BadRequestError", 400, "unsupported_parameter", name)


def invalid(body: dict[str, Any], param: str, to: str = "chat") -> Refused:
    return Refused(to, body, "BadRequestError", 400, "invalid_request", param)


IMAGE = {"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}
SOUND = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
REFUSED: dict[str, Refused] = {
    **{
        name: unsupported(name, value)
        for name, value in {
            "chat_template": "{{ x }}", "chat_template_kwargs": {"enable_thinking": True}, "guided_json": {},
            "guided_regex": ".*", "guided_choice": ["a"], "functions": [], "function_call": "auto",
            "logit_bias": {"50256": -100}, "store": False, "prediction": {"type": "content", "content": "x"},
            "modalities": ["text"], "audio": {}, "reasoning_effort": "low", "verbosity": "low",
            "service_tier": "auto", "web_search_options": {}, "safety_identifier": "x", "top_k": 4,
        }.items()
    },
    "an image": Refused(
        "chat", chat(user([IMAGE])), "BadRequestError", 400, "unsupported_parameter", "messages[0].content"
    ),
    "sound": Refused(
        "chat", chat(user([SOUND])), "BadRequestError", 400, "unsupported_parameter", "messages[0].content"
    ),
    "too many choices": invalid(chat(n=9), "n"),
    "too many tokens": invalid(chat(max_tokens=8193), "max_tokens"),
    "too much together": invalid(chat(n=3, max_tokens=2049), "n"),
    "too many probabilities": invalid(chat(logprobs=True, top_logprobs=21), "top_logprobs"),
    "probabilities of nothing": invalid(chat(top_logprobs=2), "top_logprobs"),
    "a choice of no tools": invalid(chat(tool_choice="auto"), "tool_choice"),
    "no model": Refused("chat", chat(model="llama"), "NotFoundError", 404, "model_not_found", "model"),
    "no line": Refused("chat", chat(metadata={"line": "nowhere"}), "NotFoundError", 404, "not_found", "metadata.line"),
    "echo": Refused("texts", text(echo=True), "BadRequestError", 400, "unsupported_parameter", "echo"),
    "suffix": Refused("texts", text(suffix="x"), "BadRequestError", 400, "unsupported_parameter", "suffix"),
    "best_of": Refused("texts", text(best_of=2), "BadRequestError", 400, "unsupported_parameter", "best_of"),
    "two prompts": Refused(
        "texts", text(prompt=[ASK, ASK]), "BadRequestError", 400, "unsupported_parameter", "prompt"
    ),
    "a prompt of tokens": Refused(
        "texts", text(prompt=[1, 2]), "BadRequestError", 400, "unsupported_parameter", "prompt"
    ),
    "embedded tokens": Refused(
        "embeddings", {"model": MODEL, "input": [[1, 2]]}, "BadRequestError", 400, "unsupported_parameter", "input"
    ),
    "embedded nothing": invalid({"model": MODEL, "input": []}, "input", "embeddings"),
    "another's embeddings": Refused(
        "embeddings", {"model": "llama", "input": "x"}, "NotFoundError", 404, "model_not_found", "model"
    ),
}  # fmt: skip
