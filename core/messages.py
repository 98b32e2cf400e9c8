"""The nouns of a conversation: messages, passages, questions, answers. Plain frozen data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, TypeVar

from core.prompts import NO_PARAMETERS, Parameters, PromptVersion, Trial
from core.vault import VaultEntry

T = TypeVar("T")

Role = Literal["system", "user", "assistant", "tool"]
Channel = Literal["api", "chat", "console"]
"""Through which door a question came: the HTTP API, the customer's page, the console's Chat tab."""


class Mode(StrEnum):
    """Where an answer came from. Every answer carries one."""

    APPROVED = "approved"
    CACHED = "cached"
    GENERATED = "generated"
    QUOTED = "quoted"
    HANDOFF = "handoff"
    HUMAN = "human"
    REFUSED = "refused"


class TurnStatus(StrEnum):
    """How far a turn came. `RUNNING` rows found at start were cut off and become `INTERRUPTED`."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    `extra` holds OpenAI's other fields of a message (`tool_calls`, `tool_call_id`, `name`), passed on as
    they are.
    """

    role: Role
    content: str
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the engine picks tokens; None leaves the engine's own default. `max_tokens` counts one answer, `n` how many
    are asked for."""

    temperature: float | None = 0.7
    top_p: float | None = 0.9
    max_tokens: int = 512
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further OpenAI fields the gateway allows through: stop, seed, penalties, logprobs, tools, …"""
    n: int = 1
    model: str | None = None
    """Another model of the engine's, such as a LoRA adapter; None is the engine's own."""
    unsaid: frozenset[str] = frozenset()
    """Which of core.prompts.Parameters the caller left open: their values here are XiaoQ's own defaults, which give way
    to the line's."""


OPEN_PARAMETERS = frozenset(("temperature", "top_p", "max_tokens", "model"))
UNSAID = Sampling(unsaid=OPEN_PARAMETERS)
"""Of who says nothing on how tokens are picked."""


@dataclass(frozen=True, slots=True)
class LanguageRules:
    """In which languages a line answers. `pinned`: always in this one; `allowed`, where any are named, are all it
    answers in; `forbidden` ones it does not."""

    pinned: str | None = None
    allowed: Sequence[str] = ()
    forbidden: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class HandoffRules:
    """When a line hands over to a person besides the cases that hold for all. Words are compared after folding.

    `words`: a message with one of them goes to a person. `after_unanswered`: so many answers in a row that found
    nothing. `keep_open`: outside the line's hours a customer is told them instead of being promised a person.
    """

    words: Sequence[str] = ()
    after_unanswered: int | None = None
    keep_open: bool = False


@dataclass(frozen=True, slots=True)
class FrequentRules:
    """Which answers of a line may come without a model. `semantic` needs an embedding model and a `threshold` that
    was calibrated on the line's own golden set."""

    approved: bool = True
    cache: bool = True
    cache_seconds: int = 86_400
    semantic: bool = False
    threshold: float | None = None
    embedding: str = ""
    """The embedding model that the threshold was chosen for."""


@dataclass(frozen=True, slots=True)
class BusinessLine:
    """One business line (an online shop, a bank's cards, a SaaS product): its voice and its knowledge.

    `names` and the other localised maps are keyed by language ("zh", "en"); use `in_language`.
    `bases` are the knowledge bases it searches; its own has the line's id.
    `contact` is a sentence that names the way to a person. `glossary` are names that are not translated.
    `hours` are by weekday ("mon" … "sun"), spans such as "09:00-21:00" in `time_zone`; none named: always.
    `generation` are the line's defaults of the engine's parameters, as `core.prompts.Parameters` has them.
    """

    id: str
    names: Mapping[str, str]
    bases: Sequence[str]
    persona: str | None = None
    greeting: Mapping[str, str] = field(default_factory=dict)
    suggestions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    contact: Mapping[str, str] = field(default_factory=dict)
    archived: bool = False
    languages: LanguageRules = field(default_factory=LanguageRules)
    glossary: Sequence[str] = ()
    hours: Mapping[str, Sequence[str]] = field(default_factory=dict)
    time_zone: str = "UTC"
    handoff: HandoffRules = field(default_factory=HandoffRules)
    generation: Parameters = NO_PARAMETERS
    frequent: FrequentRules = field(default_factory=FrequentRules)
    version: int = field(default=0, compare=False)
    """Grows with every change to the line."""
    prompt: PromptVersion | None = None
    """The published version that new conversations begin with; None: XiaoQ's own words. Set by publishing alone."""
    trial: Trial | None = None
    """The A/B test that runs. Set by starting and ending it alone."""


def without_calibration(line: BusinessLine) -> BusinessLine:
    """The line as it is before anybody calibrated it: what is similar was chosen on its own questions, by one model."""
    rules = replace(line.frequent, semantic=False, threshold=None, embedding="")
    return replace(line, frequent=rules)


def in_language(localised: Mapping[str, T], language: str, default: T) -> T:
    """The entry for `language` ("zh-Hant" falls back to "zh"), else English, else any, else `default`."""
    for key in (language, language.split("-")[0], "en"):
        if key in localised:
            return localised[key]
    return next(iter(localised.values()), default)


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document that may answer a question.

    `text` is what is shown and what the model reads; for an FAQ pair it is the answer and `question` holds
    the question. `location` says where in the document it stands, for a person ("第 3 页", "Returns > Fees",
    "row 12"). `score` is in [0, 1], higher is better, comparable across bases and languages.
    """

    id: str
    base: str
    document_id: str
    document: str
    title: str
    location: str
    text: str
    score: float
    kind: Literal["faq", "text", "table"] = "text"
    question: str | None = None
    language: str = "und"
    parts: Mapping[str, float] = field(default_factory=dict)
    """What the score is made of (`bm25`, `coverage`, `vector` …), each in [0, 1], for the test bench."""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Retrieval:
    """What was found for a question, best first.

    `answerable` says whether the best score reaches `threshold`: whether the knowledge base knows this.
    """

    passages: Sequence[Passage]
    answerable: bool
    threshold: float


@dataclass(frozen=True, slots=True)
class Source:
    """A passage an answer stands on, as the customer sees it."""

    document: str
    title: str
    location: str
    score: float
    text: str
    document_id: str = ""
    passage_id: str = ""
    base: str = ""
    page: int | None = None

    @classmethod
    def of(cls, passage: Passage) -> "Source":
        return cls(
            document=passage.document,
            title=passage.title,
            location=passage.location,
            score=round(passage.score, 4),
            text=passage.text,
            document_id=passage.document_id,
            passage_id=passage.id,
            base=passage.base,
            page=passage.page,
        )


@dataclass(frozen=True, slots=True)
class Question:
    """One question as a door hands it to the pipeline.

    `owner` names whose conversation it is and comes from the door's sign-in, never from the body alone:
    `chat:<cookie>`, `key:<key id>/<user>`, `console:<operator>`.
    `messages`, where the caller sent the whole dialogue (OpenAI's way), replaces the stored history; its last
    user message is `text`. `system` replaces the line's persona for this call.
    `replaces` is the turn this one is a retry or an edit of. `in_one_piece`: its reader waits for the whole answer.
    """

    text: str
    owner: str
    channel: Channel
    request_id: str
    line: str | None = None
    conversation_id: str | None = None
    messages: Sequence[Message] = ()
    system: str | None = None
    sampling: Sampling = UNSAID
    replaces: str | None = None
    customer: str | None = None
    """Who asks, in the caller's own words (OpenAI's `user`)."""
    in_one_piece: bool = False
    fresh: bool = False
    """The caller wants no answer from the cache, and none kept there."""
    continues: bool = False
    """`text` is to be gone on from, not to be answered: nothing is searched, nobody speaks."""

    @property
    def wants_json(self) -> bool:
        """Whether the answer is to be JSON, so that nothing may be put into it that breaks it."""
        wanted = self.sampling.extra.get("response_format") or {}
        return str(wanted.get("type", "")).startswith("json")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the engine counted them; `estimated` where it did not say."""

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class HandoffNote:
    """Why a person should take over, and how the customer reaches one (in the customer's language).

    `reason` is `asked` (the customer wants a person), `rule` (a word that the line sends to one), `nothing_found`,
    `unanswered` (that too often in a row), `engine_down` or `sensitive` (a word calls for a person).
    """

    reason: str
    contact: str


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """What is kept of an answer when its turn ends. Times are whole milliseconds."""

    answer: str
    mode: Mode | None
    status: TurnStatus
    language: str
    engine: str
    sources: Sequence[Source] = ()
    timings: Mapping[str, int] = field(default_factory=dict)
    usage: Usage | None = None
    finish_reason: str | None = None
    handoff: HandoffNote | None = None
    error: str | None = None
    answer_language: str | None = None
    """What the answer turned out to be written in, where that was looked at and is plain."""


DAMAGED = "⚠ 这段内容已损坏，无法读取。 · This text is damaged and cannot be read."
"""Stands in a list where a row does not pass its check, so that the others can be read."""


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """One turn as it is read back. Times are UTC.

    `damaged`: the stored row does not pass its check; its texts are DAMAGED.
    """

    id: str
    conversation_id: str
    asked_at: datetime
    question: str
    record: TurnRecord
    channel: Channel
    line: str
    request_id: str
    feedback_score: int | None = None
    feedback_comment: str | None = None
    damaged: bool = False
    prompt_version: int | None = None
    """The version its conversation began with; None: XiaoQ's own words."""
    known: Sequence[VaultEntry] = field(default=(), compare=False, repr=False)
    """What its conversation's vault held when the turn began; read by `begin` alone."""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One conversation in a list, newest first. Times are UTC."""

    id: str
    line: str
    channel: Channel
    owner: str
    """A pseudonym where it names a customer: the same one for the same customer, and no way back."""
    started_at: datetime
    updated_at: datetime
    turns: int
    title: str
    language: str
    handoff: bool
