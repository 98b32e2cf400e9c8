"""Chunks by rows, the ingest queue, golden questions, files in conversations, and where a source opens.

Chunks keep their content and get new ids, which follow from it.
"""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_AT_ONCE = 1000


def upgrade() -> None:
    _widen_documents_and_sources()
    _number_the_chunks()
    _make_queue_and_golden()
    _make_attachments()


def _widen_documents_and_sources() -> None:
    op.add_column("document", sa.Column("notes", sa.JSON(), nullable=True))
    op.add_column("document", sa.Column("columns", sa.JSON(), nullable=True))
    op.add_column("source", sa.Column("base", sa.Text(), nullable=True))
    op.add_column("source", sa.Column("page", sa.Integer(), nullable=True))
    op.execute("UPDATE document SET notes = '[]', columns = '{}'")
    # A document's id is random: it names the base, too.
    op.execute(
        "UPDATE source SET base = coalesce("
        "(SELECT min(document.base) FROM document WHERE document.id = source.document_id), '')"
    )
    with op.batch_alter_table("document") as document:
        document.alter_column("notes", existing_type=sa.JSON(), nullable=False)
        document.alter_column("columns", existing_type=sa.JSON(), nullable=False)
    with op.batch_alter_table("source") as source:
        source.alter_column("base", existing_type=sa.Text(), nullable=False)


def _number_the_chunks() -> None:
    op.rename_table("chunk", "chunk_before")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_chunk", "chunk_before")  # its index has the name that the new one needs
    _make_chunk()
    old = sa.table("chunk_before", *_columns())
    new = sa.table("chunk", *_columns(), sa.column("owner"), sa.column("status"))
    connection = op.get_bind()
    found = connection.execute(
        sa.select(old).order_by(old.c.base, old.c.document_id, old.c.position, old.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    rows = _with_ids(found.mappings())
    while some := list(islice(rows, _AT_ONCE)):
        connection.execute(sa.insert(new), some)
    op.drop_table("chunk_before")
    op.execute("UPDATE base_version SET version = version + 1")


def _make_chunk() -> None:
    op.create_table(
        "chunk",
        sa.Column(
            "row",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.Identity(always=True),
            nullable=False,
        ),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("match", sa.JSON(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["base", "document_id"],
            ["document.base", "document.id"],
            name=op.f("fk_chunk_document"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_chunk")),
        sa.UniqueConstraint("base", "document_id", "id", name=op.f("uq_chunk_base_document_id_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_chunk_findable", "chunk", ["base", "status", "row", "document_id"])
    faq = sa.text("kind = 'faq'")
    op.create_index(
        "ix_chunk_pairs", "chunk", ["base", "document_id", "position"], sqlite_where=faq, postgresql_where=faq
    )


def _columns() -> list[sa.ColumnClause[Any]]:
    """What both tables of chunks have."""
    texts = ("base", "document_id", "id", "document", "title", "location", "text", "kind", "language")
    return [
        *(sa.column(name, sa.Text()) for name in texts),
        sa.column("position", sa.Integer()),
        sa.column("match", sa.JSON()),
        sa.column("valid_from", sa.Date()),
        sa.column("valid_until", sa.Date()),
    ]


def _with_ids(rows: Any) -> Iterator[dict[str, Any]]:
    """The rows with ids that follow from their content, `-2` and so on for repeats in one document."""
    here, seen = None, dict[str, int]()
    for row in rows:
        if here != (row["base"], row["document_id"]):
            here, seen = (row["base"], row["document_id"]), {}
        said = [row["kind"], row["title"], row["text"], "\x1e".join(row["match"]), row["language"]]
        content = hashlib.sha256("\x1f".join(said).encode()).hexdigest()[:16]
        seen[content] = seen.get(content, 0) + 1
        new_id = content if seen[content] == 1 else f"{content}-{seen[content]}"
        yield {**row, "id": new_id, "owner": "", "status": "approved"}


def _make_queue_and_golden() -> None:
    op.create_table(
        "queued_file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=True),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("replaces", sa.Text(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queued_file")),
        sa.UniqueConstraint("batch", "position", name=op.f("uq_queued_file_batch_position")),
    )
    waiting = sa.text("status = 'waiting'")
    op.create_index(
        "ix_queued_file_waiting", "queued_file", ["queued_at"], sqlite_where=waiting, postgresql_where=waiting
    )
    op.create_table(
        "golden",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("passage_id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_golden")),
        sa.UniqueConstraint("line", "question", name=op.f("uq_golden_line_question")),
    )


def _make_attachments() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_attachment_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_conversation_id"), "attachment", ["conversation_id"])
    op.create_table(
        "attachment_chunk",
        sa.Column("attachment_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("match", sa.JSON(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.id"],
            name=op.f("fk_attachment_chunk_attachment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("attachment_id", "position", name=op.f("pk_attachment_chunk")),
    )
