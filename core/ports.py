"""The seams between the rooms: what the pipelines ask of engines, storage and knowledge.

The rooms implement these Protocols; app.py hands the implementations down.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from core.custody import Recovered
from core.documents import Attachment, Chunk, Document, PairStatus, QueuedFile
from core.limits import NO_LIMITS, Limits
from core.messages import (
    BusinessLine,
    Channel,
    ConversationSummary,
    Message,
    Passage,
    Question,
    Retrieval,
    Sampling,
    StoredTurn,
    TurnRecord,
    Usage,
)
from core.vault import Masking, MaskWith, VaultEntry

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# --- engines -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """What an engine is asked to continue.

    `messages` begin with the system message. `passages` are the retrieved passages the prompt already
    contains, for the engine that quotes; `answerable` says whether the best of them reaches the threshold.
    `share` says who asks: where engines are busy, whoever waits takes turns by it.
    """

    messages: Sequence[Message]
    question: str
    sampling: Sampling
    passages: Sequence[Passage] = ()
    answerable: bool = False
    language: str = "und"
    request_id: str = ""
    share: str = ""
    waited: float = 0.0
    """Seconds it has stood in a queue; they count against the wait for the first token."""
    in_one_piece: bool = False
    """Nobody reads the answer before its end, so it may come as one chunk."""
    prompt: str | None = None
    """A text to go on from as it is, in place of `messages`; an engine that cannot raises NotSupported."""


EngineKind = Literal["model", "quoted"]


# not frozen: there is one for each token, and a frozen one takes four times as long to make
@dataclass(slots=True)
class EngineChunk:
    """A piece of what an engine says; nobody changes it. The last one carries `finish_reason`; `usage` may come with or after it.

    `extra` and `logprobs` are OpenAI's, passed on unread. `index` is the choice it belongs to, below the `n` asked
    for; each choice has a `finish_reason`. An engine that knows one answer only gives it as choice 0.
    """

    text: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    logprobs: Any = None
    finish_reason: str | None = None
    usage: Usage | None = None
    engine: str = ""
    """The rung of the ladder that speaks; on the first chunk at least."""
    kind: EngineKind | None = None
    """The rung's kind, wherever `engine` is set."""
    passages: Sequence[Passage] | None = None
    """The passages this answer really stands on, where the engine knows (the quoting one does)."""
    index: int = 0
    more: bool = field(default=False, compare=False)
    """Whether another one is here at once, so that both may go on together."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a part is. `detail` is one line for the operator, without secrets; `models` are those that an engine's server
    lists, none where it does not say."""

    ready: bool
    detail: str = ""
    models: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class EngineLoad:
    """What one rung of the ladder counts, since the start unless it says otherwise. Times are in seconds."""

    engine: str
    breaker: Literal["closed", "open", "half_open"]
    opened: int
    """How often its breaker opened."""
    failures: Mapping[str, int]
    """By the error's code."""
    retries: int
    running: int
    """Now; so is `waiting`."""
    waiting: int
    waits: int
    """How many questions had to wait before they were passed to it, and how long in sum."""
    waited_seconds: float
    rejected: int
    """How many found the queue full or left it because their time was up."""


class Store(Protocol):
    """The database as the composition root and the health check see it."""

    @property
    def recovered(self) -> Recovered | None:
        """What took a damaged database's place when this process started."""
        ...

    async def start(self) -> None: ...

    async def health(self) -> Health: ...

    async def aclose(self) -> None: ...


class Engine(Protocol):
    """A model backend.

    `stream` raises EngineError: before its first chunk if nothing was said, EngineBroken after. Closing the
    generator cancels the work upstream within a second.
    """

    @property
    def name(self) -> str:
        """For people and charts: `openai`, `vllm`, `quoted`."""
        ...

    @property
    def kind(self) -> EngineKind: ...

    @property
    def context_tokens(self) -> int:
        """The window in tokens: prompt and answer together."""
        ...

    async def start(self) -> None:
        """Begin to become ready; returns at once, `health` tells when it is."""
        ...

    async def health(self) -> Health: ...

    def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]: ...

    async def aclose(self) -> None: ...


class TokenCounter(Protocol):
    """How many tokens of the model's a text takes. Cheap enough for the path of a question."""

    @property
    def exact(self) -> bool:
        """Whether the model's own tokenizer counts; else it is an estimate that rounds up."""
        ...

    @property
    def per_message(self) -> int:
        """Tokens that the chat template puts around a message, and about as many open the answer."""
        ...

    def count(self, text: str) -> int: ...


class EngineLadder(Engine, Protocol):
    """Several engines as one. `aclose` ends what still streams or waits with ServerStopping."""

    def loads(self) -> Sequence[EngineLoad]:
        """What each rung counts, the first first. Cheap: plain numbers."""
        ...


# --- knowledge ---------------------------------------------------------------------------------------------


class Retriever(Protocol):
    async def retrieve(self, bases: Sequence[str], question: str, k: int = 5) -> Retrieval:
        """The `k` best passages of these bases for a question. Runs its work off the event loop."""
        ...

    async def among(self, chunks: Sequence[Chunk], question: str, k: int = 5) -> Retrieval:
        """The same over chunks that are in no base, such as the files of one conversation."""
        ...


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """What a file gave: chunks in order, and what was left out of it, a sentence each."""

    chunks: Sequence[Chunk]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class TablePreview:
    """The head of a table, for a person who says which column is which field of an FAQ pair.

    `guessed` maps the fields that the header's names give away; `rows` are the first few below the header.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    guessed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TableRows:
    """A whole table: what its header names, and each row below it with its number in the file. `notes` say what of it
    could not be read, a sentence each; `further` are the sheets behind it, which are not read, with their columns."""

    columns: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]
    notes: Sequence[str] = ()
    further: Sequence[tuple[str, Sequence[str]]] = ()


class Parser(Protocol):
    async def parse(
        self, base: str, document_id: str, name: str, data: bytes, columns: Mapping[str, str] | None = None
    ) -> ParsedDocument:
        """Turn a file into chunks, in a child process with limits. Raises DocumentRejected with the reason.

        `columns` makes a table's rows FAQ pairs: field of FaqPair → name of the column.
        """
        ...

    async def preview(self, name: str, data: bytes) -> TablePreview:
        """The head of a csv, tsv, xlsx or jsonl file. Raises DocumentRejected for what is no table."""
        ...

    async def table(self, name: str, data: bytes) -> TableRows:
        """All of such a file, its first sheet that holds anything. Raises DocumentRejected."""
        ...


class KnowledgeIndex(Protocol):
    def version(self, base: str) -> int:
        """The store's version of the base that searches stand on now; 0 where nothing of it is indexed."""
        ...

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        """Bring the index of these bases (default: all) up to date with the store; the old one serves on."""
        ...

    async def health(self) -> Health: ...

    async def aclose(self) -> None: ...


class Vectors(Protocol):
    """Vectors of chunks under one embedding model, by the chunks' rows; a row may own several (an FAQ's phrasings).

    Matrices have shape (n, dimension), float32, rows of length 1, so that inner products are cosines. What was
    added or removed holds for `nearest` after `commit`, and then also after a crash; before it the old state
    serves. Models do not mix: each (base, model) stands alone.
    """

    async def rows(self, base: str, model: str) -> Sequence[int]:
        """The distinct rows that have vectors, ascending."""
        ...

    async def add(
        self, base: str, model: str, rows: Sequence[int], vectors: "npt.NDArray[np.float32]"
    ) -> None: ...

    async def remove(self, base: str, model: str, rows: Sequence[int]) -> None: ...

    async def commit(self, base: str, model: str) -> None: ...

    async def nearest(
        self, base: str, model: str, vector: "npt.NDArray[np.float32]", k: int
    ) -> Sequence[tuple[int, float]]:
        """The `k` nearest rows, each once, with the cosine of its nearest vector, best first."""
        ...

    async def forget(self, base: str, *, keep: str | None = None) -> None:
        """Drop the base's vectors of every model but `keep`."""
        ...


# --- storage -----------------------------------------------------------------------------------------------


class DocumentStore(Protocol):
    async def bases(self) -> Sequence[str]: ...

    async def version(self, base: str) -> int:
        """Grows by one with every change to the base."""
        ...

    def changes(self, base: str) -> int:
        """Differs from what it was before, as soon as a change that this process has made to the base holds."""
        ...

    async def put(self, document: Document, chunks: Sequence[Chunk], data: bytes | None) -> None:
        """Store a document, its chunks and its raw bytes, replacing one of the same id: found whole or as before.

        A chunk of the same content as before keeps its row (its place may move); others get new rows. A process
        that dies meanwhile may leave a new document `pending`, not to be found; storing it again finishes it.
        Raises Conflict where it was deleted meanwhile.
        """
        ...

    async def drop_unfinished(self, base: str) -> int:
        """Remove what was left `pending` and no queued file will finish; gives how many documents."""
        ...

    async def list(self, base: str) -> Sequence[Document]: ...

    async def get(self, base: str, document_id: str) -> Document | None: ...

    async def raw(self, base: str, document_id: str) -> bytes | None: ...

    async def find_by_hash(self, base: str, sha256: str) -> Document | None: ...

    async def delete(self, base: str, document_id: str) -> bool: ...

    async def rows(self, base: str) -> Sequence[int]:
        """The rows of every chunk that may be found (of ready documents, no drafts), ascending."""
        ...

    async def read(self, base: str, rows: Sequence[int]) -> Sequence[Chunk]:
        """The chunks under these rows, in the order asked for; rows that are gone are left out."""
        ...

    async def chunks(self, base: str, document_id: str) -> Sequence[Chunk]:
        """All chunks of one document by position, drafts too: for reading and for lists."""
        ...

    async def pairs(self, base: str) -> Sequence[Chunk]:
        """Every FAQ pair of the base, drafts too, by document and position."""
        ...

    async def change_pair(
        self,
        base: str,
        chunk_id: str,
        *,
        status: PairStatus,
        owner: str,
        valid_from: date | None,
        valid_until: date | None,
    ) -> Chunk | None:
        """Set what a person may change of a pair without its file; None where there is no such pair."""
        ...


class IngestQueue(Protocol):
    """Batches of files on their way into a base. What is put is there after a crash, too."""

    async def put(self, file: QueuedFile, data: bytes | None) -> None:
        """Store one file, committed when this returns; without `data` it is one that ended before any work."""
        ...

    async def data(self, file_id: str) -> bytes | None: ...

    async def finish(self, file: QueuedFile) -> None:
        """Store how a file ended, and drop its bytes."""
        ...

    async def batch(self, batch: str) -> Sequence[QueuedFile]:
        """The files of a batch by position; none for an unknown one."""
        ...

    async def abandoned(self) -> Sequence[QueuedFile]:
        """Waiting files whose process is gone, now claimed by this one: by queueing time, batch and position."""
        ...


class AttachmentStore(Protocol):
    """Files laid into conversations. Each call names the owner, and raises NotFound where the conversation is not
    the owner's."""

    async def put(
        self,
        owner: str,
        attachment: Attachment,
        chunks: Sequence[Chunk],
        new: Sequence[VaultEntry] = (),
    ) -> None:
        """Store a file with placeholders in its texts, and the `new` values behind them, in one transaction.

        Masking a file takes long, so it is done before, on what `ConversationLog.vault` gave; raises VaultChanged
        where the vault has come to hold one of the placeholders or values since: read it and mask again.
        """
        ...

    async def list(self, conversation_id: str, owner: str) -> Sequence[Attachment]:
        """Oldest first."""
        ...

    async def chunks(self, conversation_id: str, owner: str) -> Sequence[Chunk]:
        """Of all its files, oldest file first, by position; placeholders stay. Raises StorageDamaged."""
        ...

    async def delete(self, conversation_id: str, owner: str, attachment_id: str) -> bool: ...


class LineStore(Protocol):
    async def all(self) -> Sequence[BusinessLine]: ...

    async def get(self, line: str) -> BusinessLine | None: ...

    def at_hand(self, line: str) -> BusinessLine | None:
        """The very object that `get` would give, where it would not wait; it is another one once the line has changed."""
        ...

    async def put(self, line: BusinessLine) -> None: ...


class ConversationLog(Protocol):
    """Every conversation. Each call names the owner whose rows it touches, plainly or by its pseudonym.

    Texts are stored encrypted with the owner's own key, owners as pseudonyms.
    """

    async def begin(
        self,
        question: Question,
        line: str,
        masking: Masking | None = None,
        prompt_version: int | None = None,
    ) -> StoredTurn:
        """Store the question before anything else can fail: committed when this returns.

        `masking` is what masking made of a question that begins a conversation, kept with it as `mask` would;
        `prompt_version` is the version that such a conversation is pinned to. The turn says which one holds.

        Starts a conversation where `question.conversation_id` is None; raises NotFound where that
        conversation is not the owner's. A turn named by `question.replaces` and all after it are set aside
        (kept, no longer part of the history). The turn's `known` is what the vault holds.
        """
        ...

    async def mask(self, turn_id: str, owner: str, work: MaskWith) -> Sequence[VaultEntry]:
        """Store what masking makes of the turn's question, and what is new, with numbers that nobody else gives.

        `work` is given what the vault holds, inside the transaction that stores what it returns. Returns all the
        vault holds then. Needed wherever the masked text differs from the question: a turn that is answered
        without it counts as one with nothing to mask. Raises NotFound, StorageDamaged.
        """
        ...

    async def vault(self, conversation_id: str, owner: str) -> Sequence[VaultEntry]:
        """What stands behind the conversation's placeholders. Raises NotFound, StorageDamaged."""
        ...

    async def open(
        self,
        owner: str,
        line: str,
        channel: Channel,
        customer: str | None = None,
        prompt_version: int | None = None,
    ) -> str:
        """Start a conversation in which nothing was asked yet, and give its id: a file may come first."""
        ...

    def partial(self, turn_id: str, owner: str, answer: str) -> Awaitable[None]:
        """Keep what has been said so far, in case the process dies: begun at once, whether anybody waits for it or not.

        An answer goes on being said where this is slow or cannot be stored: the next piece or its end will be.
        """
        ...

    async def finish(self, turn_id: str, owner: str, record: TurnRecord) -> None: ...

    def finish_soon(self, turn_id: str, owner: str, record: TurnRecord) -> None:
        """`finish` without waiting for the disk: done before anything is read from here later, and at a stop.

        What cannot be stored is logged; the answer has been given by then.
        """
        ...

    def keep_soon(
        self, question: Question, line: str, record: TurnRecord, prompt_version: int | None = None
    ) -> tuple[str, str] | None:
        """Store a question that began a conversation, and needed no masking, with its finished answer; the ids of the
        conversation and the turn.

        It does not wait for the disk, like `finish_soon`. None where that cannot be answered for now, since earlier
        writes still wait: `room` tells when to come again, or `begin` why there is no use in it.
        """
        ...

    def room(self) -> "asyncio.Future[bool] | None":
        """Where `keep_soon` does not take more for now: what tells in a moment whether it does again. It is shared: not
        to be cancelled. None where waiting is not needed, or would not help.
        """
        ...

    async def history(self, conversation_id: str, owner: str, before: str | None) -> Sequence[Message]:
        """The messages of the conversation before the turn `before` (None: all), oldest first, set-aside turns left
        out.

        For the model: with placeholders, on both sides.
        """
        ...

    async def language(self, conversation_id: str, owner: str) -> str | None:
        """The language of the conversation's latest turn that has one."""
        ...

    async def unanswered(self, conversation_id: str, owner: str, before: str) -> int:
        """How many answers in a row, up to the turn `before`, found nothing; 20 at most."""
        ...

    async def turns(self, conversation_id: str, owner: str) -> Sequence[StoredTurn]:
        """All live turns, oldest first, in the customer's own words: nothing is a placeholder.

        Raises NotFound where the conversation is not the owner's.
        """
        ...

    async def conversations(self, owner: str, limit: int = 50) -> Sequence[ConversationSummary]: ...

    async def forget(self, conversation_id: str, owner: str) -> bool:
        """Delete one conversation and all its rows."""
        ...

    async def rate(self, turn_id: str, owner: str, score: int, comment: str = "") -> None:
        """Thumbs: 1 or -1, 0 takes it back; the last one stands. Raises NotFound for a foreign turn."""
        ...


@dataclass(frozen=True, slots=True)
class TranscriptFilter:
    """Which turns an operator looks at. Times are UTC, `since` inclusive, `until` exclusive.

    `text` stands in the masked question or answer, whatever its case.
    """

    since: datetime | None = None
    until: datetime | None = None
    line: str | None = None
    channel: str | None = None
    mode: str | None = None
    language: str | None = None
    text: str | None = None
    limit: int = 100_000


class TranscriptReader(Protocol):
    """The operator's view across all owners, masked; only doors that have checked a right may hold one.

    A damaged row reads as DAMAGED and leaves the others readable.
    """

    async def turns(self, where: TranscriptFilter) -> Sequence[StoredTurn]:
        """Newest first."""
        ...

    async def conversations(
        self, where: TranscriptFilter, limit: int = 200
    ) -> Sequence[ConversationSummary]: ...

    async def conversation(self, conversation_id: str, *, plain: bool = False) -> Sequence[StoredTurn]:
        """All turns, oldest first, set-aside ones too. `plain`: in the customer's own words; a door that asks for
        it has checked the right to and written the audit. Raises NotFound.
        """
        ...

    async def turn(self, turn_id: str) -> StoredTurn | None:
        """One turn, masked."""
        ...

    async def owner(self, turn_id: str) -> str | None:
        """Whose conversation the turn belongs to, as a pseudonym: for a door whose callers have several owners."""
        ...


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What a key may be used for: until when (UTC), for which of core.access.SCOPES (none named: all), how much."""

    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    limits: Limits = NO_LIMITS


NO_TERMS = KeyTerms()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key as it is remembered: never the key itself. `tokens_used` may be a second late."""

    id: str
    name: str
    role: str
    line: str | None
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    terms: KeyTerms = NO_TERMS
    tokens_used: int = 0


class KeyStore(Protocol):
    """What another process does to a key holds here within five seconds, a new one within one."""

    async def create(
        self, name: str, role: str, line: str | None = None, terms: KeyTerms = NO_TERMS
    ) -> tuple[ApiKey, str]:
        """A new key and, this once, its text."""
        ...

    async def find(self, text: str) -> ApiKey | None:
        """The key with this text, compared in constant time; one that was revoked is none, an expired one is."""
        ...

    def at_hand(self, text: str) -> Callable[[], ApiKey | None]:
        """What `find` would give, where it would not wait; None says nothing. The same object while nothing changes.

        Whoever bears the text asks again and again, without a digest of it each time; it holds in this process alone.
        """
        ...

    async def any(self) -> bool:
        """Whether a key was ever made."""
        ...

    async def list(self) -> Sequence[ApiKey]: ...

    async def change(self, key_id: str, terms: KeyTerms) -> bool:
        """Give a live key other terms; False where there is no such key."""
        ...

    async def revoke(self, key_id: str) -> bool: ...

    def spend(self, key_id: str, tokens: int) -> None:
        """Add to what the key has used. Returns at once; stored within a second or two, and at `aclose`."""
        ...

    def spent(self, key_id: str) -> int:
        """The tokens used by a key that was found a moment ago, those just spent among them."""
        ...

    async def aclose(self) -> None:
        """Store what is not stored yet."""
        ...
