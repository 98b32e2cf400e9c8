"""Golden questions of a line, what a right answer to them is, and how runs over them ended; the seams to their stores.

Runs nothing and judges nothing: pipelines/ does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Origin = Literal["bench", "playground", "corrected", "thumbs_down", "import", "api"]
"""How a question came into the set, or came to be proposed."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a right answer must be; what is left empty is not asked for.

    `facts` must all stand in the answer (compared after folding; one entry may hold alternatives parted by ` | `),
    `forbidden` must not. `documents` are names of documents, any one of which must be among the sources. `language` is
    a tag of core's, `mode` one of core.messages.Mode, `max_characters` counts characters.
    """

    facts: Sequence[str] = ()
    forbidden: Sequence[str] = ()
    documents: Sequence[str] = ()
    language: str | None = None
    mode: str | None = None
    max_characters: int | None = None


NOTHING_EXPECTED = Expected()


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    """A question whose right answer a person has named.

    The passage (`base` to `text`, as it was then) is what a person called the right one; empty where none was named.
    `reference` is an answer that would be right, for whoever reads or judges.
    """

    id: str
    line: str
    question: str
    base: str
    document_id: str
    document: str
    location: str
    passage_id: str
    text: str
    created_at: datetime
    author: str = ""
    expected: Expected = NOTHING_EXPECTED
    reference: str = ""
    origin: Origin = "bench"
    language: str = "und"
    """Of the question."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A golden question that something suggests and no person has accepted yet. Texts are masked.

    One that came from a customer's turn goes when the turn goes.
    """

    id: str
    line: str
    question: str
    origin: Origin
    created_at: datetime
    turn_id: str | None = None
    expected: Expected = NOTHING_EXPECTED
    reference: str = ""
    answer: str = ""
    """What XiaoQ had answered."""
    comment: str = ""
    author: str = ""


class GoldenStore(Protocol):
    async def put(self, golden: GoldenQuestion) -> None:
        """Replaces one of the same line and question."""
        ...

    async def put_all(self, golden: Sequence[GoldenQuestion]) -> None:
        """All of them or none."""
        ...

    async def list(self, line: str) -> Sequence[GoldenQuestion]:
        """Newest first."""
        ...

    async def delete(self, line: str, golden_id: str) -> bool: ...


class ProposalStore(Protocol):
    async def put(self, proposal: Proposal) -> None:
        """Replaces one of the same line and question."""
        ...

    async def list(self, line: str) -> Sequence[Proposal]:
        """Newest first."""
        ...

    async def delete(self, line: str, proposal_id: str) -> bool: ...


# --- evaluations -------------------------------------------------------------------------------------------

Side = Literal["before", "after"]
RunStatus = Literal["waiting", "running", "done", "failed", "stopped"]


@dataclass(frozen=True, slots=True)
class Result:
    """How one golden question went on one side. `failures` name the checks that failed, empty where it passed.

    `milliseconds` is the whole answer's time, `first_token` None where nothing was said.
    """

    golden_id: str
    side: Side
    position: int
    question: str
    language: str
    passed: bool
    failures: Sequence[str]
    answer: str
    mode: str
    documents: Sequence[str]
    milliseconds: int
    first_token: int | None = None
    judge: Mapping[str, Any] = field(default_factory=dict)
    """What a model judge said, labelled as such; it decides nothing unless it was asked to."""


RunKind = Literal["gate", "run", "watch"]
"""A gate's run decides on a publication; a run was asked for by a person or a program; a watch follows a change that
was not published by a version, such as one of the knowledge."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A run of a line's golden set. `before` and `after` say what is compared: `{"prompt": 3, "temperature": …}`, where
    prompt 0 is XiaoQ's own words; `before` is empty for a run of one side only. Times are UTC.

    `summary` holds the figures once it is done (passed, gained, lost, by language, latency).
    """

    id: str
    line: str
    kind: RunKind
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    status: RunStatus
    total: int
    done: int
    actor: str
    created_at: datetime
    ended_at: datetime | None = None
    error: str | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


class EvaluationStore(Protocol):
    async def create(self, evaluation: Evaluation, known: Sequence[Result] = ()) -> Evaluation:
        """Keep a run that this process begins, with results that are known already, at once.

        A gate's run of a version that is being checked already gives that other one, and keeps nothing new.
        """
        ...

    async def get(self, evaluation_id: str) -> Evaluation | None: ...

    async def list(self, line: str, limit: int = 50) -> Sequence[Evaluation]:
        """Newest first."""
        ...

    async def note(self, evaluation_id: str, results: Sequence[Result]) -> bool:
        """Keep results as they come, each once: a run that was killed goes on where it stood.

        Gives whether the run is still to go on: not where somebody stopped it meanwhile.
        """
        ...

    async def results(self, evaluation_id: str) -> Sequence[Result]:
        """By position, before's first."""
        ...

    async def end(
        self,
        evaluation_id: str,
        status: RunStatus,
        summary: Mapping[str, Any],
        error: str | None = None,
    ) -> bool:
        """False where it had ended before; then that holds."""
        ...

    async def unfinished(self) -> Sequence[Evaluation]:
        """Runs whose process is gone, now claimed by this one; oldest first."""
        ...
