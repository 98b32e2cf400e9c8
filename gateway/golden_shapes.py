"""Golden questions, proposals and evaluations as programs send and get them. Decides nothing.

A reply may grow; what stands here stays.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypedDict  # pydantic reads typing's own from Python 3.12 on

from core.golden import Evaluation, Expected, GoldenQuestion, Proposal
from core.messages import Mode
from gateway.message_schema import Strict, whole
from gateway.reply_shapes import Count, Moment
from gateway.schema import Identifier, together
from pipelines.gate import outcome_of_gate
from pipelines.golden import (
    LONGEST_ANSWER,
    LONGEST_FACT,
    LONGEST_QUESTION,
    LONGEST_REFERENCE,
    MOST_FACTS,
    GoldenDraft,
)
from pipelines.scores import Pair

Asked = Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION, pattern=r"\S")]
Tag = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
Entries = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_FACT, pattern=r"\S")]],
    Field(max_length=MOST_FACTS),
]
ModeName = Literal["approved", "cached", "generated", "quoted", "handoff", "human", "refused"]


class ExpectedBody(Strict):
    """What a right answer must be; what is left out is not asked for. One fact may hold alternatives parted by ` | `."""

    facts: Entries = Field(default_factory=list)
    forbidden: Entries = Field(default_factory=list)
    documents: Entries = Field(default_factory=list)
    language: Tag | None = None
    mode: ModeName | None = None
    max_characters: Annotated[int, Field(ge=1, le=LONGEST_ANSWER), whole] | None = None

    def noun(self) -> Expected:
        return Expected(
            facts=tuple(self.facts),
            forbidden=tuple(self.forbidden),
            documents=tuple(self.documents),
            language=self.language,
            mode=self.mode,
            max_characters=self.max_characters,
        )


class GoldenBody(Strict):
    """The ids, both or none, are those that a search answers with; what the passage says is taken from the knowledge."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {"document_id": ["passage_id"], "passage_id": ["document_id"]},
        }
    )

    question: Asked
    expected: ExpectedBody = Field(default_factory=ExpectedBody)
    reference: Annotated[str, Field(max_length=LONGEST_REFERENCE)] = ""
    language: Tag | None = None
    document_id: Identifier = ""
    passage_id: Identifier = ""

    @model_validator(mode="after")
    def _both_ids(self) -> "GoldenBody":
        if bool(self.document_id) != bool(self.passage_id):
            raise together("passage_id", "document_id and passage_id go together")
        return self

    def draft(self) -> GoldenDraft:
        return GoldenDraft(
            question=self.question,
            expected=self.expected.noun(),
            reference=self.reference,
            language=self.language or "",
            document_id=self.document_id,
            passage_id=self.passage_id,
        )


class ProposalBody(Strict):
    """`reference` is the answer that would have been right, where somebody has corrected one."""

    question: Asked
    expected: ExpectedBody = Field(default_factory=ExpectedBody)
    reference: Annotated[str, Field(max_length=LONGEST_REFERENCE)] = ""
    answer: Annotated[str, Field(max_length=LONGEST_REFERENCE)] = ""
    comment: Annotated[str, Field(max_length=2_000)] = ""


class AcceptBody(Strict):
    """What is left out stays as it was proposed."""

    question: Asked | None = None
    expected: ExpectedBody | None = None
    reference: Annotated[str, Field(max_length=LONGEST_REFERENCE)] | None = None


class SideBody(Strict):
    """One side of a comparison: a version of the prompt, 0 for XiaoQ's own words, left out for the live one; and
    parameters over the version's own."""

    prompt: Annotated[int, Field(ge=0, le=1_000_000), whole] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=8192), whole] | None = None
    model: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class EvaluationBody(Strict):
    """`after` left out is what is live; `before` left out: only one side is asked. `judge`: the model also says what it
    thinks of each answer beside its reference; that decides nothing."""

    before: SideBody | None = None
    after: SideBody = Field(default_factory=SideBody)
    judge: bool = False


class OverrideBody(Strict):
    reason: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class ExpectedShape(TypedDict):
    facts: list[str]
    forbidden: list[str]
    documents: list[str]
    language: str | None
    mode: str | None
    max_characters: int | None


class GoldenShape(TypedDict):
    id: str
    question: str
    document_id: str
    document: str
    location: str
    passage_id: str
    text: str
    created_at: Moment
    expected: ExpectedShape
    reference: str
    language: str
    origin: str


class GoldenReply(TypedDict):
    golden: list[GoldenShape]


class AddedGoldenReply(TypedDict):
    """A single question that was sent alone comes back as it is kept; of a list, `golden` holds all."""

    id: NotRequired[str]
    question: NotRequired[str]
    golden: NotRequired[list[GoldenShape]]


class ImportedReply(TypedDict):
    """`ignored` are the names of columns that are none of a golden question's, where there are any."""

    imported: Count
    ignored: NotRequired[list[str]]


class ProposalShape(TypedDict):
    id: str
    question: str
    origin: str
    turn_id: str | None
    expected: ExpectedShape
    reference: str
    answer: str
    comment: str
    created_at: Moment


class ProposalsReply(TypedDict):
    proposals: list[ProposalShape]


class ProposedReply(TypedDict):
    proposal: ProposalShape | None


class OverriddenReply(TypedDict):
    version: Count
    status: str


class EvaluationShape(TypedDict):
    """`outcome` says of a gate's run what became of its version. `summary` is there once the run has ended."""

    id: str
    line: str
    kind: Literal["gate", "run", "watch"]
    status: Literal["waiting", "running", "done", "failed", "stopped"]
    before: dict[str, Any]
    after: dict[str, Any]
    total: Count
    done: Count
    outcome: str | None
    summary: dict[str, Any]
    error: str | None
    created_at: Moment
    ended_at: Moment | None


class SideResultShape(TypedDict):
    passed: bool
    failures: list[str]
    answer: str
    mode: Mode | Literal[""]
    documents: list[str]
    milliseconds: Count
    first_token: Count | None


class QuestionResultShape(TypedDict):
    golden_id: str
    question: str
    language: str
    change: Literal["lost", "gained", "kept", "failing", "open"]
    before: SideResultShape | None
    after: SideResultShape | None


class EvaluationReply(EvaluationShape):
    results: list[QuestionResultShape]


class EvaluationsReply(TypedDict):
    evaluations: list[EvaluationShape]


def expected_json(expected: Expected) -> dict[str, Any]:
    return {
        "facts": list(expected.facts),
        "forbidden": list(expected.forbidden),
        "documents": list(expected.documents),
        "language": expected.language,
        "mode": expected.mode,
        "max_characters": expected.max_characters,
    }


def golden_json(golden: GoldenQuestion) -> dict[str, Any]:
    return {
        "id": golden.id,
        "question": golden.question,
        "base": golden.base,
        "document_id": golden.document_id,
        "document": golden.document,
        "location": golden.location,
        "passage_id": golden.passage_id,
        "text": golden.text,
        "author": golden.author,
        "created_at": golden.created_at.isoformat(),
        "expected": expected_json(golden.expected),
        "reference": golden.reference,
        "language": golden.language,
        "origin": golden.origin,
    }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.id,
        "question": proposal.question,
        "origin": proposal.origin,
        "turn_id": proposal.turn_id,
        "expected": expected_json(proposal.expected),
        "reference": proposal.reference,
        "answer": proposal.answer,
        "comment": proposal.comment,
        "author": proposal.author,
        "created_at": proposal.created_at.isoformat(),
    }


def evaluation_json(run: Evaluation) -> dict[str, Any]:
    return {
        "id": run.id,
        "line": run.line,
        "kind": run.kind,
        "status": run.status,
        "before": _side(run.before),
        "after": _side(run.after),
        "total": run.total,
        "done": run.done,
        "outcome": outcome_of_gate(run) if run.kind == "gate" else None,
        "summary": dict(run.summary),
        "error": run.error,
        "actor": run.actor,
        "created_at": run.created_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
    }


def _side(side: Mapping[str, Any]) -> dict[str, Any]:
    """Without the digests by which changes are noticed: they say nothing to anybody else."""
    return {name: value for name, value in side.items() if name != "state"}


def pairs_json(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    return [
        {
            "golden_id": pair.golden_id,
            "question": pair.question,
            "language": pair.language,
            "change": pair.change,
            "before": _side_json(pair.before),
            "after": _side_json(pair.after),
        }
        for pair in pairs
    ]


def _side_json(result: Any) -> dict[str, Any] | None:
    if result is None:
        return None
    return {
        "passed": result.passed,
        "failures": list(result.failures),
        "answer": result.answer,
        "mode": result.mode,
        "documents": list(result.documents),
        "milliseconds": result.milliseconds,
        "first_token": result.first_token,
        **({"judge": dict(result.judge)} if result.judge else {}),
    }
