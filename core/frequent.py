"""Answers that need no model: what an approved answer and a cached one are, and the seam to the cache.

Knows no line's rules but their shape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from core.messages import Source


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """An answer that is there before anybody asks. `language` is the one it is written in; `passage` is the approved
    pair's id, or empty for one from the cache."""

    text: str
    sources: Sequence[Source]
    language: str
    engine: str = ""
    finish_reason: str = "stop"
    passage: str = ""
    milliseconds: int = 0
    """What making it took when it was made: the time it saves."""


class AnswerCache(Protocol):
    """Generated answers by a digest of all that they depend on, shared between processes. Never raises: a cache out of
    reach knows nothing."""

    async def get(self, key: bytes) -> KnownAnswer | None: ...

    async def put(self, key: bytes, answer: KnownAnswer, seconds: float) -> None: ...

    async def drop(self, key: bytes) -> None: ...

    async def aclose(self) -> None: ...


class RefusalStore(Protocol):
    """Keys of answers that a person called wrong: never given from the cache again."""

    async def add(self, line: str, key: bytes, turn_id: str | None) -> None: ...

    async def since(self, moment: datetime | None) -> Sequence[bytes]:
        """Those refused from this moment (UTC) on; None: all."""
        ...
