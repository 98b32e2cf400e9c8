"""The request of POST /v1/responses, read as the chat request it amounts to.

It does not know how either is answered.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema

from gateway.message_schema import FROM_A_USER, LONGEST_TEXT, ChatMessage, Strict, Text
from gateway.schema import ChatRequest, Customer, Metadata, ModelName, Tokens


class InputMessage(Strict):
    """A message going in, or one that came out before and is sent back."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Text
    type: Literal["message"] = "message"
    id: Annotated[str, Field(max_length=128)] | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    phase: str | None = None


def _messages(given: object) -> object:
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


INPUT_SCHEMA = {
    "anyOf": [
        {"type": "string", "maxLength": LONGEST_TEXT, "pattern": r"\S"},
        {
            "type": "array",
            "minItems": 1,
            "maxItems": 255,
            "items": TypeAdapter(InputMessage).json_schema(),
            "contains": FROM_A_USER,
        },
    ]
}
Input = Annotated[
    list[InputMessage],
    BeforeValidator(_messages),
    Field(min_length=1, max_length=255),
    WithJsonSchema(INPUT_SCHEMA),
]


class ResponseRequest(Strict):
    """What OpenAI's quickstart sends, and the sampling that has the same meaning here."""

    model: ModelName
    input: Input
    instructions: Annotated[str, Field(max_length=LONGEST_TEXT)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_output_tokens: Tokens | None = None
    stream: bool | None = None
    user: Customer | None = None
    metadata: Metadata | None = None

    def chat(self) -> ChatRequest:
        """The same question as a chat request. Raises pydantic's ValidationError where it holds no user message."""
        messages: list[ChatMessage] = []
        if self.instructions:
            messages.append(ChatMessage(role="system", content=self.instructions))
        messages += [ChatMessage(role=item.role, content=item.content) for item in self.input]
        fields: dict[str, Any] = {
            "temperature": self.temperature,
            "top_p": self.top_p,
            "max_tokens": self.max_output_tokens,
            "user": self.user,
            "metadata": self.metadata,
            "stream": self.stream,
        }
        return ChatRequest(model=self.model, messages=messages, **fields)
