"""A business line with all that hangs on it but its documents, and the seam that keeps one in a single piece."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.golden import GoldenQuestion
from core.messages import BusinessLine
from core.prompts import NO_PARAMETERS, Parameters
from core.words import WordList


@dataclass(frozen=True, slots=True)
class WholeLine:
    """`texts`, `parameters` and `note` are the prompt's, none for XiaoQ's own words. `word_lists` hold their words."""

    line: BusinessLine
    texts: Mapping[str, str] = field(default_factory=dict)
    parameters: Parameters = NO_PARAMETERS
    note: str = ""
    word_lists: Sequence[WordList] = ()
    golden: Sequence[GoldenQuestion] = ()


class WholeLineStore(Protocol):
    async def add(self, whole: WholeLine, author: str) -> None:
        """Keep a line that is not there yet with all of it, or nothing; the prompt becomes its first version, a draft.
        Raises Conflict where there is a line of that id."""
        ...
