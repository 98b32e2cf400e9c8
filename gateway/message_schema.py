"""A message as OpenAI's chat API writes it, checked strictly and turned into ours.

It does not know the rest of the request or what a message is for.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from core.messages import Message, Role
from core.written import EXACT as EXACT
from core.written import Strict as Strict
from core.written import whole as whole

LONGEST_TEXT = 100_000
"""Characters of one message."""


def never_null(schema: dict[str, Any]) -> None:
    """For `json_schema_extra` of a change: its fields may be left out, and None in Python says just that."""
    for field in schema["properties"].values():
        kinds = [kind for kind in field.pop("anyOf", ()) if kind != {"type": "null"}]
        field |= kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {}
        field.pop("default", None)


def unsupported(what: str) -> PydanticCustomError:
    """A value of a known field that we do not serve; reported as `unsupported_parameter`."""
    return PydanticCustomError("unsupported_parameter", "{what}", {"what": what})


def text_of(content: object) -> object:
    """The text of a content: a string, or a list of text parts joined by line breaks."""
    if not isinstance(content, list):
        return content
    texts: list[str] = []
    for index, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in ("text", "input_text", "output_text"):
            raise unsupported(f"Only text parts are supported; part {index} is of type {kind!r:.40}.")
        if not isinstance(part.get("text"), str):
            raise PydanticCustomError("text_part", "part {index} has no text", {"index": index})
        texts.append(part["text"])
    return "\n".join(texts)


PART_SCHEMA = {
    "type": "object",
    "properties": {"type": {"enum": ["text", "input_text", "output_text"]}, "text": {"type": "string"}},
    "required": ["type", "text"],
}
Text = Annotated[
    str,
    BeforeValidator(text_of),
    Field(max_length=LONGEST_TEXT),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "maxLength": LONGEST_TEXT}, {"type": "array", "items": PART_SCHEMA}]}
    ),
]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]


class CalledFunction(Strict):
    name: Name
    arguments: Annotated[str, Field(max_length=LONGEST_TEXT)]


class ToolCall(Strict):
    id: Annotated[str, Field(min_length=1, max_length=128)]
    type: Literal["function"] = "function"
    function: CalledFunction
    index: Annotated[int, Field(ge=0, lt=128), whole] | None = None
    """Clients that gather a stream send it back; it carries nothing."""


WORDS = {"type": "string", "pattern": r"\S"}
WITH_WORDS = {
    "anyOf": [WORDS, {"type": "array", "contains": {"properties": {"text": WORDS}, "required": ["text"]}}]
}
FROM_A_USER: dict[str, Any] = {
    "type": "object",
    "properties": {"role": {"const": "user"}, "content": WITH_WORDS},
    "required": ["role", "content"],
}
"""Of a list of messages, at least one must be this: a question."""
NOTHING = {"type": "null"}
SAID = {"type": ["string", "array"]}


def _role(*names: str, required: tuple[str, ...] = (), **fields: object) -> dict[str, Any]:
    """What JSON Schema says of a message of these roles, beyond its fields' own types."""
    return {"properties": {"role": {"enum": list(names)}, **fields}, "required": ["role", *required]}


ROLES_AND_FIELDS: dict[str, Any] = {
    "anyOf": [
        _role("system", "developer", "user", required=("content",), content=SAID, tool_calls=NOTHING, tool_call_id=NOTHING),
        _role("assistant", required=("content",), content=SAID, tool_call_id=NOTHING),
        _role("assistant", required=("tool_calls",), tool_calls={"type": "array"}, tool_call_id=NOTHING),
        _role("tool", required=("content", "tool_call_id"), content=SAID, tool_calls=NOTHING, tool_call_id={"type": "string"}),
    ]
}  # fmt: skip
"""The validator's rules once more, for whoever reads the schema."""


class ChatMessage(Strict):
    model_config = ConfigDict(json_schema_extra=ROLES_AND_FIELDS)

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | None = None
    name: Name | None = None
    tool_calls: Annotated[list[ToolCall], Field(min_length=1, max_length=128)] | None = None
    tool_call_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    # Empty fields of a reply that OpenAI's client sends back when its message object is appended to a dialogue.
    refusal: None = None
    annotations: Annotated[list[Any], Field(max_length=0)] | None = None
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def _fits_its_role(self) -> "ChatMessage":
        if self.tool_calls is not None and self.role != "assistant":
            raise PydanticCustomError("role", "only an assistant's message has tool_calls")
        if (self.tool_call_id is not None) != (self.role == "tool"):
            raise PydanticCustomError("role", "a tool's message, and no other, has a tool_call_id")
        if self.content is None and self.tool_calls is None:
            raise PydanticCustomError("content", "it has no content")
        return self

    def message(self) -> Message:
        """As the pipeline knows it. `developer` is OpenAI's newer word for `system`."""
        role: Role = "system" if self.role == "developer" else self.role
        extra: dict[str, Any] = {}
        if self.name is not None:
            extra["name"] = self.name
        if self.tool_calls is not None:
            extra["tool_calls"] = [call.model_dump(exclude={"index"}) for call in self.tool_calls]
        if self.tool_call_id is not None:
            extra["tool_call_id"] = self.tool_call_id
        return Message(role, self.content or "", extra)
