"""The requests of POST /v1/completions and POST /v1/embeddings, checked strictly: every field known, every size bounded.

It does not know which model answers them.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from core.messages import Sampling
from gateway.message_schema import LONGEST_TEXT, Strict, unsupported, whole
from gateway.schema import (
    MOST_CHOICES,
    SHORT_ANSWERS,
    Customer,
    Identifier,
    ModelName,
    Penalty,
    StopText,
    StreamOptions,
    Tokens,
    goes_with,
    together,
)
from pipelines.parameters import FEW, SHORT

SHORT_TEXT = 16
"""Tokens, where the caller names none: OpenAI's own default for this route."""
SOME_WORDS = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT, "pattern": r"\S"}


def _one_text(given: object) -> object:
    """A prompt is one text, or a list of just one."""
    if not isinstance(given, list):
        return given
    if len(given) == 1 and isinstance(given[0], str):
        return given[0]
    if any(isinstance(part, int | list) for part in given):
        raise unsupported("Send the prompt as text; token numbers mean one model's vocabulary alone.")
    raise unsupported("Send one prompt at a time.")


Prompt = Annotated[
    str,
    BeforeValidator(_one_text),
    Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"\S"),
    WithJsonSchema(
        {"anyOf": [SOME_WORDS, {"type": "array", "items": SOME_WORDS, "minItems": 1, "maxItems": 1}]}
    ),
]


class LineOnly(Strict):
    """OpenAI's `metadata`: a text goes on from no conversation, so only the line means something."""

    line: Identifier | None = None


class CompletionRequest(Strict):
    """The body of a completion. Null means the default, as OpenAI has it."""

    model_config = ConfigDict(
        json_schema_extra={"allOf": [goes_with("stream_options", "stream", {"const": True}), SHORT_ANSWERS]}
    )

    model: ModelName
    prompt: Prompt
    max_tokens: Tokens | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    n: Annotated[int, Field(ge=1, le=MOST_CHOICES), whole] | None = None
    stop: StopText | Annotated[list[StopText], Field(max_length=4)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), whole] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logprobs: Annotated[int, Field(ge=0, le=5), whole] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    user: Customer | None = None
    metadata: LineOnly | None = None

    @model_validator(mode="after")
    def _fields_that_need_each_other(self) -> "CompletionRequest":
        if self.stream_options is not None and not self.stream:
            raise together("stream_options", "stream_options goes with stream: true")
        if (self.n or 1) > FEW and (self.max_tokens or 0) > SHORT:
            raise together("n", f"with more than {FEW} choices, max_tokens may be {SHORT} at most")
        return self

    def sampling(self) -> Sampling:
        """OpenAI's own defaults for this route: 16 tokens, the rest as the engine has it."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            max_tokens=self.max_tokens or SHORT_TEXT,
            extra=self.model_dump(include=PASSED_ON, exclude_none=True),
            n=self.n or 1,
        )


PASSED_ON = {"stop", "seed", "presence_penalty", "frequency_penalty", "logprobs"}
"""Handed to the engine as they are. An allow-list, as for chat."""


def _texts(given: object) -> object:
    if isinstance(given, list) and any(isinstance(part, int | list) for part in given):
        raise unsupported("Send the input as text; token numbers mean one model's vocabulary alone.")
    return [given] if isinstance(given, str) else given


LONGEST_INPUT = 32_000
"""Characters of one text to embed: no embedding model reads as many."""
MOST_INPUTS = 2_048
ONE_INPUT = {"type": "string", "minLength": 1, "maxLength": LONGEST_INPUT}
Inputs = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_INPUT)]],
    BeforeValidator(_texts),
    Field(min_length=1, max_length=MOST_INPUTS),
    WithJsonSchema(
        {
            "anyOf": [
                ONE_INPUT,
                {"type": "array", "items": ONE_INPUT, "minItems": 1, "maxItems": MOST_INPUTS},
            ]
        }
    ),
]


class EmbeddingRequest(Strict):
    """The body of a request for embeddings."""

    model: ModelName
    input: Inputs
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1, le=8192), whole] | None = None
    user: Customer | None = None
