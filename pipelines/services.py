"""What a door is handed: every service it may call, and nothing it would have to build itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from core.custody import Backups, KeyRotation, Snapshots, Subjects
from core.experiments import ExperimentStore
from core.golden import EvaluationStore, GoldenStore, ProposalStore
from core.limits import Counters
from core.ports import (
    AttachmentStore,
    ConversationLog,
    DocumentStore,
    EngineLadder,
    IngestQueue,
    KeyStore,
    KnowledgeIndex,
    LineStore,
    Parser,
    Retriever,
    Store,
    TranscriptReader,
)
from core.prompts import PromptStore
from core.security import AccountStore, Audit, Progress, SessionStore, Verdict
from core.settings import Settings
from core.whole import WholeLineStore
from pipelines.answer import AnswerPipeline
from pipelines.attach import AttachPipeline
from pipelines.embed import EmbedPipeline
from pipelines.frequent import FrequentAnswers
from pipelines.ingest import IngestPipeline
from pipelines.inspect import Inspector
from pipelines.tokens import ModelTokens
from pipelines.warming import Warmer
from pipelines.words.desk import WordDesk

if TYPE_CHECKING:
    from pipelines.runs import Runs

TableFormat = Literal["xlsx", "csv"]


class Held(Protocol):
    """What holds threads, sockets or files until it is closed."""

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """Built once in app.py. `transcripts` sees every owner's rows: a door checks the right before it asks."""

    settings: Settings
    answer: AnswerPipeline
    frequent: FrequentAnswers
    warmer: Warmer
    inspector: Inspector
    ingest: IngestPipeline
    log: ConversationLog
    transcripts: TranscriptReader
    documents: DocumentStore
    queue: IngestQueue
    golden: GoldenStore
    proposals: ProposalStore
    evaluations: EvaluationStore
    runs: "Runs"
    parser: Parser
    attachments: AttachmentStore
    attach: AttachPipeline
    words: WordDesk
    retriever: Retriever
    index: KnowledgeIndex
    lines: LineStore
    whole_lines: WholeLineStore
    prompts: PromptStore
    tokens: ModelTokens
    experiments: ExperimentStore
    keys: KeyStore
    counters: Counters
    accounts: AccountStore
    sessions: SessionStore
    audit: Audit
    engine: EngineLadder
    embed: EmbedPipeline
    database: Store
    subjects: Subjects
    """Exports and erases customers: a door checks the right and writes the audit."""
    rotation: KeyRotation
    backups: Backups
    snapshots: Snapshots
    verify_rows: Callable[[Progress | None], Awaitable[Verdict]]
    """Whether every stored row of every conversation is as XiaoQ left it; `place` names the first that is not."""
    purge: Callable[[datetime], Awaitable[Mapping[str, int]]]
    """Deletes what is past its retention at that time (UTC); gives how many rows of which table."""
    faq_template: Callable[[TableFormat, str], bytes]
    """A table to fill in with FAQ pairs, by format and language ("zh", "en")."""
    secret: Callable[[], bytes]
    """Signs the cookies of the pages; known once the database is open."""
    held: Sequence[Held] = ()
    """What the index stands on, to be closed after it."""
