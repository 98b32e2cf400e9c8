"""The shapes of the replies of POST /v1/completions and POST /v1/embeddings, as /openapi.json describes them.

It does not make replies.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from gateway.reply_shapes import Count, UsageShape, XiaoqShape


class TextChoiceShape(TypedDict):
    index: Count
    text: str
    logprobs: dict[str, Any] | None
    finish_reason: str


class TextReply(TypedDict):
    """OpenAI's completion of a text, and `xiaoq`."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: Annotated[list[TextChoiceShape], Field(min_length=1, max_length=8)]
    usage: UsageShape
    xiaoq: XiaoqShape


class EmbeddingShape(TypedDict):
    """`embedding` is a list of numbers, or base64 of little-endian float32."""

    object: Literal["embedding"]
    index: Count
    embedding: list[float] | str


class EmbeddingsReply(TypedDict):
    object: Literal["list"]
    data: list[EmbeddingShape]
    model: str
    usage: dict[str, Any]
