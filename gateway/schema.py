"""The request of POST /v1/chat/completions, as strict as OpenAI's own: every field known, every size bounded.

It does not know lines, keys or the pipeline; the rules that need them are in gateway/asking.py.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from core.messages import OPEN_PARAMETERS, Message, Sampling
from gateway.message_schema import FROM_A_USER, ChatMessage, Name, Strict, whole
from pipelines.parameters import FEW, SHORT

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$")]
ModelName = Annotated[str, Field(min_length=1, max_length=200)]
Customer = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,256}$")]
"""OpenAI's `user`: whose conversation it is, in the caller's own words."""


def written_time(value: object) -> object:
    """A time as ISO 8601 writes it; pydantic would take a bare number for seconds since 1970."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


Penalty = Annotated[float, Field(ge=-2, le=2)]
Tokens = Annotated[int, Field(ge=1, le=8192), whole]
StopText = Annotated[str, Field(min_length=1, max_length=200)]
JsonObject = dict[str, Any]


class Function(Strict):
    name: Name
    description: Annotated[str, Field(max_length=4096)] | None = None
    parameters: JsonObject | None = None
    strict: bool | None = None


class Tool(Strict):
    type: Literal["function"]
    function: Function


class ChosenFunction(Strict):
    name: Name


class ToolChoice(Strict):
    type: Literal["function"]
    function: ChosenFunction


class JsonSchema(Strict):
    name: Name
    description: Annotated[str, Field(max_length=4096)] | None = None
    json_schema: JsonObject | None = Field(None, alias="schema")
    strict: bool | None = None


class ResponseFormat(Strict):
    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {
                    "properties": {"type": {"const": "json_schema"}, "json_schema": {"type": "object"}},
                    "required": ["json_schema"],
                },
                {
                    "properties": {
                        "type": {"enum": ["text", "json_object"]},
                        "json_schema": {"type": "null"},
                    }
                },
            ]
        }
    )

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def _schema_where_named(self) -> "ResponseFormat":
        if (self.json_schema is not None) != (self.type == "json_schema"):
            raise PydanticCustomError("format", "json_schema goes with type json_schema, and with no other")
        return self


class StreamOptions(Strict):
    include_usage: bool = False
    include_obfuscation: bool | None = None
    """Accepted because OpenAI's client may send it; the stream is never padded."""


class Metadata(Strict):
    """OpenAI's `metadata`, of which three keys mean something here."""

    line: Identifier | None = None
    conversation_id: Identifier | None = None
    cache: Literal["on", "off"] | None = None
    """`off`: no answer from the cache, and none kept there."""


def together(param: str, what: str) -> PydanticCustomError:
    """A rule about several fields, reported under the one that is easiest left out."""
    return PydanticCustomError("together", "{what}", {"what": what, "param": param})


def goes_with(field: str, other: str, value: JsonObject) -> JsonObject:
    """JSON Schema for: where `field` is given, `other` has this value."""
    alone = {"properties": {field: {"type": "null"}}}
    return {"anyOf": [alone, {"properties": {other: value}, "required": [other]}]}


MOST_CHOICES = 8
_NULL_OR: JsonObject = {"type": ["integer", "null"]}
SHORT_ANSWERS: JsonObject = {
    "anyOf": [
        {"properties": {"n": _NULL_OR | {"maximum": FEW}}},
        {
            "properties": {
                name: _NULL_OR | {"maximum": SHORT} for name in ("max_tokens", "max_completion_tokens")
            }
        },
    ]
}

FIELDS_TOGETHER: JsonObject = {
    "allOf": [
        goes_with("stream_options", "stream", {"const": True}),
        goes_with("top_logprobs", "logprobs", {"const": True}),
        goes_with("tool_choice", "tools", {"type": "array"}),
        {"properties": {"messages": {"contains": FROM_A_USER}}},
        SHORT_ANSWERS,
    ]
}
"""The validator's rules once more, for whoever reads the schema."""


class ChatRequest(Strict):
    """The body of a chat completion. Null means the default, as OpenAI has it."""

    model_config = ConfigDict(json_schema_extra=FIELDS_TOGETHER)

    model: ModelName
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=256)]
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), whole] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20), whole] | None = None
    tools: Annotated[list[Tool], Field(min_length=1, max_length=128)] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Customer | None = None
    metadata: Metadata | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES), whole] | None = None

    @model_validator(mode="after")
    def _fields_that_need_each_other(self) -> "ChatRequest":
        if self.stream_options is not None and not self.stream:
            raise together("stream_options", "stream_options goes with stream: true")
        if self.top_logprobs is not None and not self.logprobs:
            raise together("top_logprobs", "top_logprobs goes with logprobs: true")
        if self.tool_choice is not None and self.tools is None:
            raise together("tool_choice", "tool_choice goes with tools")
        if not any(message.role == "user" for message in self.messages):
            raise together("messages", "messages holds no message of the role user")
        if (self.n or 1) > FEW and max(self.max_completion_tokens or 0, self.max_tokens or 0) > SHORT:
            raise together("n", f"with more than {FEW} choices, max_tokens may be {SHORT} at most")
        return self

    @property
    def spoken(self) -> Sequence[Message]:
        """The messages as the pipeline knows them."""
        return [message.message() for message in self.messages]

    @property
    def wanted_tokens(self) -> int | None:
        """How long an answer may be, where the caller says so."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def wants_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    def sampling(self) -> Sampling:
        """How to pick tokens. What the caller does not say is open to the line; without a word of the line's it is
        0.7, 0.9, 512."""
        defaults = Sampling()
        said: JsonObject = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.wanted_tokens,
        }
        passed_on = self.model_dump(include=PASSED_ON, exclude_none=True, by_alias=True)
        if self.tools is None:
            passed_on.pop("parallel_tool_calls", None)
        return Sampling(
            **{name: getattr(defaults, name) if value is None else value for name, value in said.items()},
            extra=passed_on,
            n=self.n or 1,
            unsaid=OPEN_PARAMETERS - {name for name, value in said.items() if value is not None},
        )


PASSED_ON = {
    "stop", "seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "tools",
    "tool_choice", "parallel_tool_calls", "response_format",
}  # fmt: skip
"""Handed to the engine as they are. An allow-list: nothing else of a caller's body travels on."""
