"""The shapes of the replies about A/B tests, as /openapi.json describes them; see gateway/reply_shapes.py."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from gateway.reply_shapes import Count, Moment, Score

Change = Annotated[float, Field(ge=-1, le=1)]


class ExperimentShape(TypedDict):
    id: str
    line: str
    champion: int
    challenger: int
    share: Score
    minimum: Count
    status: Literal["running", "stopped", "promoted"]
    started_at: Moment
    started_by: str
    ended_at: Moment | None


class ExperimentsReply(TypedDict):
    experiments: list[ExperimentShape]


class RateShape(TypedDict):
    """`rate` is null where there is nothing to count; `low` and `high` bound it."""

    count: Count
    of: Count
    rate: Score | None
    low: Score
    high: Score


class SpreadShape(TypedDict):
    p50: Count | None
    p95: Count | None


class SideShape(TypedDict):
    version: int
    conversations: Count
    resolved: RateShape
    handed_over: RateShape
    liked: RateShape
    total_ms: SpreadShape
    first_token_ms: SpreadShape


class SidesShape(TypedDict):
    champion: SideShape
    challenger: SideShape


class RateChangeShape(TypedDict):
    difference: Change
    low: Change
    high: Change
    p: Score | None


class TimeChangeShape(TypedDict):
    """In milliseconds."""

    difference: float
    low: float
    high: float
    p: None


class DifferencesShape(TypedDict):
    """The challenger's less the champion's; null while it is not known."""

    resolved: RateChangeShape | None
    resolved_whenever_looked: RateChangeShape | None
    handed_over: RateChangeShape | None
    liked: RateChangeShape | None
    total_ms: TimeChangeShape | None
    first_token_ms: TimeChangeShape | None


class SplitShape(TypedDict):
    asked: Score
    seen: Score | None
    honoured: bool


class ExperimentReply(ExperimentShape):
    verdict: Literal["too_early", "no_difference_yet", "challenger_better", "challenger_worse"]
    sides: SidesShape
    differences: DifferencesShape
    split: SplitShape
