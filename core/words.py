"""Sensitive words: lists with a category and an action, what was hit, and the seam to where lists are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Action = Literal["block", "replace", "handoff", "flag"]
"""`block` refuses, `replace` shows `replacement` instead, `handoff` calls a person, `flag` only counts."""
Direction = Literal["input", "output"]


@dataclass(frozen=True, slots=True)
class WordList:
    """One list. `line` None is shared by all lines. `words` are as the manager wrote them.

    `homophones`: whether words of the same pronunciation (toneless pinyin) count as well.
    """

    id: str
    name: str
    category: str
    action: Action
    words: Sequence[str] = ()
    line: str | None = None
    replacement: str = "***"
    homophones: bool = False
    enabled: bool = True
    count: int = 0
    """Of words; lists may be listed without their words."""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WordHit:
    """Hits of one list in one text. The word itself is kept with the list, not here."""

    at: datetime
    line: str
    turn_id: str | None
    direction: Direction
    list_id: str
    list_name: str
    category: str
    action: Action
    hits: int = 1


@dataclass(frozen=True, slots=True)
class HitCount:
    """Hits by what they are grouped on (`category`, `day`, `direction` …)."""

    group: Mapping[str, str] = field(default_factory=dict)
    hits: int = 0


class WordStore(Protocol):
    async def version(self) -> int:
        """Grows with every change to any list: what was built from the lists is stale then."""
        ...

    async def lists(self, *, words: bool = False) -> Sequence[WordList]:
        """Every list, by line and name; with their words only where asked."""
        ...

    async def get(self, list_id: str) -> WordList | None: ...

    async def put(self, words: WordList) -> None:
        """Insert or replace by id."""
        ...

    async def delete(self, list_id: str) -> bool: ...

    async def note(self, hits: Sequence[WordHit]) -> None: ...

    async def hits(
        self, since: datetime | None = None, until: datetime | None = None, line: str | None = None
    ) -> Sequence[WordHit]:
        """Newest first."""
        ...
