"""A found chunk on its way from the indexes to the answer, and what an index knows of it without its text.

It does not know how the chunk was found nor who orders it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.lexical import Hit  # the index itself keeps facts, so that at run time it may import these


@dataclass(frozen=True, slots=True)
class Facts:
    """What ordering needs of a chunk: `length` in characters; `text` is a 64-bit hash of the folded text
    without spaces and punctuation, the same for duplicates."""

    language: str
    kind: str
    length: int
    text: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chunk by its row in the base number `source`. `hit` and `cosine` are None where that side missed it.

    `order` sorts (1 is the best of a search); `score` in [0, 1] says how sure it is, and `parts` why.
    """

    source: int
    row: int
    hit: "Hit | None"
    cosine: float | None
    facts: Facts
    order: float = 0.0
    score: float = 0.0
    parts: Mapping[str, float] = field(default_factory=dict)
