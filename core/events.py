"""What the answer pipeline yields, in this order: Started, (Delta | Sources | Handoff)*, Finished or Failed.

A door translates events and decides nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import XiaoQError
from core.messages import HandoffNote, Mode, Source, Usage


@dataclass(frozen=True, slots=True)
class Started:
    """The question is stored; everything after this refers to `turn_id`."""

    conversation_id: str
    turn_id: str
    line: str
    language: str


@dataclass(frozen=True, slots=True)
class Sources:
    """The passages the answer stands on; comes once, before the first Delta, where there are any."""

    sources: Sequence[Source]


# not frozen: there is one for each token, and a frozen one takes four times as long to make
@dataclass(slots=True)
class Delta:
    """The next piece of the answer; nobody changes it. `extra` holds OpenAI's other fields of a delta (`tool_calls`);
    `logprobs` is the choice's own object; `index` says which of several choices goes on."""

    text: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    logprobs: Any = None
    index: int = 0


@dataclass(frozen=True, slots=True)
class Handoff:
    """A person should take over."""

    note: HandoffNote


@dataclass(frozen=True, slots=True)
class FurtherChoice:
    """One of the choices after the first, where a caller asked for several."""

    text: str
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The answer is complete and handed over to be stored. `timings` are whole milliseconds by step, `total` among them.

    `text`, `mode` and `finish_reason` are the first choice's, which is the one that is kept; `further` holds the
    others. `usage` counts all of them.
    """

    conversation_id: str
    turn_id: str
    mode: Mode
    line: str
    language: str
    text: str
    sources: Sequence[Source]
    handoff: HandoffNote | None
    timings: Mapping[str, int]
    finish_reason: str
    usage: Usage
    engine: str
    further: Sequence[FurtherChoice] = ()
    suggestions: Sequence[str] = ()
    """Questions close to the one asked that have an approved answer, where nothing answered it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn ended in an error after Started; what had been said until then is stored."""

    conversation_id: str
    turn_id: str
    error: XiaoQError


Event = Started | Sources | Delta | Handoff | Finished | Failed
