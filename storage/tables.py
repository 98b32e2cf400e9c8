"""The tables, as the migrations leave them (a test compares the two). Knows no query.

`line` in a conversation and in a key is no foreign key: lines are archived, never deleted, and what was said
must outlive the line it was said on.

A LargeBinary column that holds what people wrote is encrypted: with the key of the conversation's owner, or with
the ring's secret `documents`.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from core.limits import LIMIT_NAMES
from core.messages import TurnStatus
from storage.columns import PlainText, UtcTime

BigRow = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite counts only a column that is INTEGER to the letter."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

line = Table(
    "line",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("names", JSON, nullable=False),
    Column("bases", JSON, nullable=False),
    Column("persona", PlainText),
    Column("greeting", JSON, nullable=False),
    Column("suggestions", JSON, nullable=False),
    Column("contact", JSON, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("languages", JSON, nullable=False, server_default="{}"),
    Column("glossary", JSON, nullable=False, server_default="[]"),
    Column("hours", JSON, nullable=False, server_default="{}"),
    Column("time_zone", PlainText, nullable=False, server_default="UTC"),
    Column("handoff", JSON, nullable=False, server_default="{}"),
    Column("generation", JSON, nullable=False, server_default="{}"),
    Column("frequent", JSON, nullable=False, server_default="{}"),
    Column("version", Integer, nullable=False, server_default="0"),
    Column("live_prompt", Integer),  # a version of prompt_version, set by publishing
    Column("earlier_prompts", JSON, nullable=False, server_default="[]"),  # live before it, the last one last
)

key_ring = Table(
    "key_ring",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("master", PlainText, primary_key=True),  # the fingerprint of the master key that wraps it
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

subject = Table(
    "subject",
    metadata,
    Column("owner", PlainText, primary_key=True),  # a pseudonym
    Column("kek_version", Integer, nullable=False, index=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

customer = Table(
    "customer",
    metadata,
    Column("owner", ForeignKey("subject.owner", ondelete="CASCADE"), primary_key=True),
    Column("hash", LargeBinary(32), primary_key=True, index=True),  # a conversation's customer_hash
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("owner", ForeignKey("subject.owner", ondelete="CASCADE"), nullable=False),
    Column("line", PlainText, nullable=False),
    Column("channel", PlainText, nullable=False),
    Column("customer", LargeBinary),
    Column("customer_hash", LargeBinary(32)),  # found by way of `customer`
    Column("title", LargeBinary, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("prompt_version", Integer),  # what it began with
    Column(
        "members", LargeBinary(32), nullable=False
    ),  # the sum of its rows' digests, and its own (seals.py)
    Column("seal", LargeBinary(32), nullable=False),
    Index(None, "owner", "updated_at"),
    Index(None, "updated_at"),
)

seal_total = Table(
    "seal_total",
    metadata,
    Column("writer", PlainText, primary_key=True),  # a process (presence.py)
    Column("amount", LargeBinary(32), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
)

turn = Table(
    "turn",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),  # from 0; never reused, so it orders also what is set aside
    Column("asked_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("channel", PlainText, nullable=False),
    Column("request_id", PlainText, nullable=False),
    Column("question", LargeBinary, nullable=False),
    Column("masked", LargeBinary),  # empty: as the question; none: not masked yet
    Column("replaces", PlainText),
    Column("set_aside", Boolean, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("answer", LargeBinary, nullable=False),  # empty: none yet
    Column("mode", PlainText),
    Column("language", PlainText, nullable=False),
    Column("engine", PlainText, nullable=False),
    Column("finish_reason", PlainText),
    Column("prompt_tokens", Integer),
    Column("completion_tokens", Integer),
    Column("usage_estimated", Boolean),
    Column("handoff_reason", PlainText),
    Column("handoff_contact", PlainText),
    Column("error", PlainText),
    Column("answer_language", PlainText),
    Column("timings", PlainText),  # what each step took (took.py); none: nothing, or rows of `timing`
    Column("sources", LargeBinary),  # what it stands on (cited.py); none: nothing, or rows of `source`
    UniqueConstraint("conversation_id", "position"),
    Index(None, "asked_at"),
)
Index(
    "ix_turn_running",
    turn.c.status,
    sqlite_where=turn.c.status == TurnStatus.RUNNING.value,
    postgresql_where=turn.c.status == TurnStatus.RUNNING.value,
)

source = Table(
    "source",
    metadata,
    Column("turn_id", ForeignKey("turn.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # document, title, location, text
    Column("score", Float, nullable=False),
    Column("document_id", PlainText, nullable=False),
    Column("passage_id", PlainText, nullable=False),
    Column("base", PlainText, nullable=False),
    Column("page", Integer),
)
"""What turns stand on that ended before migration 0010, read and erased as ever; nothing is added to it any more.

Each was a ciphertext, a digest and two places in the file: a quarter of what keeping an answer with one source took.
"""

timing = Table(
    "timing",
    metadata,
    Column("turn_id", ForeignKey("turn.id", ondelete="CASCADE"), primary_key=True),
    Column("step", PlainText, primary_key=True),
    Column("milliseconds", Integer, nullable=False),
)
"""What turns took that ended before migration 0009, read and erased as ever; nothing is added to it any more.

They were three or more for each turn, each with two places in the file: a fifth of what keeping an answer took.
"""

feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", ForeignKey("turn.id", ondelete="CASCADE"), primary_key=True),
    Column("score", Integer, nullable=False),
    Column("comment", LargeBinary, nullable=False),
    Column("rated_at", UtcTime, nullable=False),
)

vault = Table(
    "vault",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("placeholder", PlainText, primary_key=True),
    Column("kind", PlainText, nullable=False),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("content", LargeBinary, nullable=False),  # the value and how it was written
    UniqueConstraint("conversation_id", "fingerprint"),
)

document = Table(
    "document",
    metadata,
    Column("base", PlainText, primary_key=True),
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("error", PlainText),
    Column("notes", JSON, nullable=False),
    Column("columns", JSON, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index(None, "base", "sha256"),
)

document_blob = Table(
    "document_blob",
    metadata,
    Column("base", PlainText, primary_key=True),
    Column("document_id", PlainText, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    ForeignKeyConstraint(["base", "document_id"], ["document.base", "document.id"], ondelete="CASCADE"),
)

chunk = Table(
    "chunk",
    metadata,
    Column("row", BigRow, Identity(always=True), primary_key=True),  # never given twice: indexes go by it
    Column("base", PlainText, nullable=False),
    Column("document_id", PlainText, nullable=False),
    Column("id", PlainText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("document", PlainText, nullable=False),
    Column("title", PlainText, nullable=False),
    Column("location", PlainText, nullable=False),
    Column("page", Integer),
    Column("text", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("match", JSON, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("owner", PlainText, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("valid_from", Date),
    Column("valid_until", Date),
    UniqueConstraint("base", "document_id", "id"),
    ForeignKeyConstraint(["base", "document_id"], ["document.base", "document.id"], ondelete="CASCADE"),
    Index(
        "ix_chunk_findable", "base", "status", "row", "document_id"
    ),  # a million rows, and none of their texts
    sqlite_autoincrement=True,
)
Index(
    "ix_chunk_pairs",
    chunk.c.base,
    chunk.c.document_id,
    chunk.c.position,
    sqlite_where=chunk.c.kind == "faq",
    postgresql_where=chunk.c.kind == "faq",
)

queued_file = Table(
    "queued_file",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("batch", PlainText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("base", PlainText, nullable=False),
    Column("name", PlainText, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", PlainText, nullable=False),
    Column("queued_at", UtcTime, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("error", PlainText),
    Column("notes", JSON, nullable=False),
    Column("document_id", PlainText),
    Column("columns", JSON, nullable=False),
    Column("replaces", PlainText),
    Column("actor", PlainText, nullable=False),
    Column("process", PlainText),  # whose work it is while it waits (presence.py)
    Column("data", LargeBinary),
    UniqueConstraint("batch", "position"),
)
Index(
    "ix_queued_file_waiting",
    queued_file.c.queued_at,
    sqlite_where=queued_file.c.status == "waiting",
    postgresql_where=queued_file.c.status == "waiting",
)

golden = Table(
    "golden",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("line", PlainText, nullable=False),
    Column("question", PlainText, nullable=False),
    Column("base", PlainText, nullable=False),
    Column("document_id", PlainText, nullable=False),
    Column("document", PlainText, nullable=False),
    Column("location", PlainText, nullable=False),
    Column("passage_id", PlainText, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("author", PlainText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expected", JSON, nullable=False, server_default="{}"),
    Column("reference", PlainText, nullable=False, server_default=""),
    Column("origin", PlainText, nullable=False, server_default="bench"),
    Column("language", PlainText, nullable=False, server_default="und"),
    UniqueConstraint("line", "question"),
)

golden_proposal = Table(
    "golden_proposal",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("line", PlainText, nullable=False),
    Column("question", PlainText, nullable=False),
    Column("origin", PlainText, nullable=False),
    Column("turn_id", ForeignKey("turn.id", ondelete="CASCADE"), index=True),
    Column("expected", JSON, nullable=False),
    Column("reference", PlainText, nullable=False),
    Column("answer", PlainText, nullable=False),
    Column("comment", PlainText, nullable=False),
    Column("author", PlainText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    UniqueConstraint("line", "question"),
)

prompt_version = Table(
    "prompt_version",
    metadata,
    Column("line", PlainText, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),  # from 1, never given twice
    Column("texts", JSON, nullable=False),
    Column("parameters", JSON, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("note", PlainText, nullable=False),
    Column("author", PlainText, nullable=False),
    Column("parent", Integer),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("published_at", UtcTime),
    Column("follows", Integer),  # what was live before it
)

experiment = Table(
    "experiment",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("line", PlainText, nullable=False),
    Column("champion", Integer, nullable=False),
    Column("challenger", Integer, nullable=False),
    Column("share", Float, nullable=False),
    Column("minimum", Integer, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("started_by", PlainText, nullable=False),
    Column("ended_at", UtcTime),
    Column("outcome", JSON, nullable=False),
)
Index(
    "ix_experiment_running",
    experiment.c.line,
    unique=True,  # one at a time on a line
    sqlite_where=experiment.c.status == "running",
    postgresql_where=experiment.c.status == "running",
)

evaluation = Table(
    "evaluation",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("line", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("before", JSON, nullable=False),
    Column("after", JSON, nullable=False),
    Column("status", PlainText, nullable=False),
    Column("total", Integer, nullable=False),
    Column("actor", PlainText, nullable=False),
    Column("process", PlainText),  # whose work it is while it runs (presence.py)
    Column("created_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("error", PlainText),
    Column("summary", JSON, nullable=False),
    Index(None, "line", "created_at"),
)

evaluation_result = Table(
    "evaluation_result",
    metadata,
    Column("evaluation_id", ForeignKey("evaluation.id", ondelete="CASCADE"), primary_key=True),
    Column("side", PlainText, primary_key=True),
    Column("golden_id", PlainText, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("question", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("failures", JSON, nullable=False),
    Column("answer", PlainText, nullable=False),
    Column("mode", PlainText, nullable=False),
    Column("documents", JSON, nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("first_token", Integer),
    Column("judge", JSON, nullable=False),
)

refused_answer = Table(
    "refused_answer",
    metadata,
    Column("key", LargeBinary(32), primary_key=True),  # of the cache; a digest
    Column("line", PlainText, nullable=False),
    Column("turn_id", ForeignKey("turn.id", ondelete="SET NULL"), index=True),
    Column("refused_at", UtcTime, nullable=False),
)

attachment = Table(
    "attachment",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("content", LargeBinary, nullable=False),  # its name, and notes on what was left out
    Column("size", Integer, nullable=False),
    Column("added_at", UtcTime, nullable=False),
)

attachment_chunk = Table(
    "attachment_chunk",
    metadata,
    Column("attachment_id", ForeignKey("attachment.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=False),  # title, location, text, what else it is found by
    Column("page", Integer),
    Column("kind", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
)

base_version = Table(
    "base_version",
    metadata,
    Column("base", PlainText, primary_key=True),
    Column("version", Integer, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("role", PlainText, nullable=False),
    Column("line", PlainText),
    Column("digest", LargeBinary(32), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("last_used_at", UtcTime),
    Column("revoked_at", UtcTime),
    Column("expires_at", UtcTime),
    Column(
        "scopes", PlainText, nullable=False, server_default=""
    ),  # names of core.access.SCOPES with blanks between
    *(Column(name, BigInteger) for name in LIMIT_NAMES),
    Column("tokens_used", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("digest"),
)

# --- operators, words, audit -------------------------------------------------------------------------------

account = Table(
    "account",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("role", PlainText, nullable=False),
    Column("line", PlainText),
    Column("password", PlainText),  # an argon2 hash; none where sign-in is by OpenID only
    Column("oidc", PlainText),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled_at", UtcTime),
    Column("last_sign_in_at", UtcTime),
    Column("failures", Integer, nullable=False),
    Column("locked_until", UtcTime),
    UniqueConstraint("name"),
    UniqueConstraint("oidc"),
)

session = Table(
    "session",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True),
    Column("account_id", ForeignKey("account.id", ondelete="CASCADE"), index=True),
    Column("begun_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
)

word_list = Table(
    "word_list",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("line", PlainText),
    Column("name", PlainText, nullable=False),
    Column("category", PlainText, nullable=False),
    Column("action", PlainText, nullable=False),
    Column("replacement", PlainText, nullable=False),
    Column("homophones", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    Column("words", JSON, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

word_version = Table(
    "word_version",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # the one row, 1
    Column("version", Integer, nullable=False),
)

word_hit = Table(
    "word_hit",
    metadata,
    Column("row", BigRow, Identity(always=True), primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("line", PlainText, nullable=False),
    Column("turn_id", ForeignKey("turn.id", ondelete="CASCADE"), index=True),
    Column("direction", PlainText, nullable=False),
    Column("list_id", PlainText, nullable=False),  # no foreign key: what was hit outlives its list
    Column("list_name", PlainText, nullable=False),
    Column("category", PlainText, nullable=False),
    Column("action", PlainText, nullable=False),
    Column("hits", Integer, nullable=False),
    sqlite_autoincrement=True,
)

audit = Table(
    "audit",
    metadata,
    Column("number", BigRow, primary_key=True, autoincrement=False),  # from 1, without gaps
    Column("at", UtcTime, nullable=False, index=True),
    Column("actor", PlainText, nullable=False),
    Column("act", PlainText, nullable=False),
    Column("object", PlainText, nullable=False),
    Column("subject", PlainText, nullable=False),
    Column("reason", PlainText, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("digest", LargeBinary(32), nullable=False),  # HMAC over the entry and the digest before it
)
