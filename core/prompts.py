"""Versions of a line's prompt: drafts, candidates and what was published; and the seam to where they are kept.

Knows no placeholder's value: pipelines/persona.py fills them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

PromptStatus = Literal["draft", "candidate", "published", "retired"]
"""A draft may be changed; a candidate has been put forward and stays as it is; a published one was live at some time,
and stays as it was; a retired draft or candidate is kept out of the way. Which one is live the line says."""

LARGEST_VERSION = 2**31 - 1
"""What a database's integer holds."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """How the engine picks tokens under a version; None leaves it to the line, and then to XiaoQ's own default.

    `model` names another model of the engine's, such as a LoRA adapter; None is the engine's own.
    """

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    model: str | None = None


NO_PARAMETERS = Parameters()


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One version of a line's prompt. `version` counts from 1 within the line and is never given twice.

    `texts` holds the prompt by the language it is written in ("zh", "en"): core.messages.in_language picks.
    Times are UTC. `parent` is the version it was made from. `follows` is what was live when this one became it (None:
    XiaoQ's own words): what rolling back goes to. `published_at` is when it last became live.
    """

    line: str
    version: int
    texts: Mapping[str, str]
    status: PromptStatus
    created_at: datetime
    updated_at: datetime
    parameters: Parameters = NO_PARAMETERS
    note: str = ""
    author: str = ""
    parent: int | None = None
    published_at: datetime | None = None
    follows: int | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """An A/B test that runs on a line, as the path of a question needs it: who gets the challenger.

    `share` in (0, 1) is the challenger's part of new conversations.
    """

    experiment: str
    challenger: int
    share: float


class PromptStore(Protocol):
    async def list(self, line: str) -> Sequence[PromptVersion]:
        """Newest first."""
        ...

    async def get(self, line: str, version: int) -> PromptVersion | None:
        """One that cannot change any more is read once and then known."""
        ...

    async def add(
        self,
        line: str,
        texts: Mapping[str, str],
        parameters: Parameters = NO_PARAMETERS,
        *,
        note: str = "",
        author: str = "",
        parent: int | None = None,
    ) -> PromptVersion:
        """A new draft with the line's next number."""
        ...

    async def change(
        self,
        line: str,
        version: int,
        texts: Mapping[str, str],
        parameters: Parameters,
        note: str,
        *,
        read_at: datetime | None = None,
    ) -> PromptVersion:
        """`read_at` is the `updated_at` of what the writer saw; None: whatever it is now.

        Raises NotFound, and Conflict where the version is no draft any more or, with the param `read_at`, was changed since.
        """
        ...

    async def set_status(self, line: str, version: int, status: PromptStatus) -> PromptVersion:
        """Put a draft forward, or a draft or a candidate out of the way. Raises NotFound, and Conflict for any other step."""
        ...

    async def publish(self, line: str, version: int, *, over: int | None = None) -> PromptVersion:
        """Make it the line's live version: new conversations begin with it. `over`, where it is named, is the version that
        must be live until then, 0 for XiaoQ's own words.

        Raises NotFound, and Conflict for one that was put out of the way or where another one is live.
        """
        ...

    async def roll_back(self, line: str, *, over: int | None = None) -> int | None:
        """Make live what was so before the live version; gives its number, None for XiaoQ's own words. `over`, where it
        is named, is the version that must be live until then.

        Raises NotFound, and Conflict where no version is live or another one is.
        """
        ...

    async def live(self, line: str) -> int | None: ...


@dataclass(frozen=True, slots=True)
class PromptProblem:
    """What is wrong with a prompt's text and where: `start` and `end` are offsets in characters in the text of `language`."""

    code: Literal["unknown_placeholder", "unclosed_placeholder", "stray_brace", "empty", "too_long"]
    start: int
    end: int
    language: str = ""
    line: int = 1
    """Lines and columns count from 1; so does what an editor shows."""
    column: int = 1
    detail: Mapping[str, Any] = field(default_factory=dict)
