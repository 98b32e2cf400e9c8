"""A/B tests between two published versions of a line's prompt, and the seam to where they are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Experiment:
    """One test. `champion` and `challenger` are versions; `share` in (0, 1) is the challenger's part of new
    conversations; `minimum` is the least number of conversations a side before anything is concluded. Times are UTC.

    `outcome` holds the figures with which it was ended.
    """

    id: str
    line: str
    champion: int
    challenger: int
    share: float
    minimum: int
    status: Literal["running", "stopped", "promoted"]
    started_at: datetime
    started_by: str = ""
    ended_at: datetime | None = None
    outcome: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ArmTurn:
    """What the comparison needs of one turn of an experiment's conversation; no text."""

    conversation_id: str
    version: int
    handed_over: bool
    failed: bool
    feedback: int | None
    total_ms: int | None
    first_token_ms: int | None


class ExperimentStore(Protocol):
    async def start(self, experiment: Experiment) -> None:
        """Raises Conflict where one runs on the line already."""
        ...

    async def get(self, experiment_id: str) -> Experiment | None: ...

    async def list(self, line: str) -> Sequence[Experiment]:
        """Newest first."""
        ...

    async def end(
        self, experiment_id: str, status: Literal["stopped", "promoted"], outcome: Mapping[str, Any]
    ) -> None: ...

    async def turns(self, experiment: Experiment) -> Sequence[ArmTurn]:
        """Of the conversations that began while it ran, on either version."""
        ...
