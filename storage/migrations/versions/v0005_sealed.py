"""What people wrote is encrypted: key ring, a key per owner, the vault; owners become pseudonyms.

Revision ID: 0005
Revises: 0004
"""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from storage import places
from storage.cipher import Cipher
from storage.pseudonyms import Pseudonyms
from storage.ring import KeyRing
from storage.rows import sealed_text
from storage.subject_keys import SubjectKeys

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

_AT_ONCE = 500

Row = Any
Values = dict[str, Any]


def upgrade() -> None:
    _make_ring_and_subjects()
    ring: KeyRing = context.config.attributes["open_ring"]()
    _seal_conversations(Pseudonyms(ring), SubjectKeys(ring))
    _seal_documents(Cipher(ring.secret("documents")))
    _make_vault()


def _make_ring_and_subjects() -> None:
    op.create_table(
        "key_ring",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("master", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", "version", "master", name=op.f("pk_key_ring")),
    )
    op.create_table(
        "subject",
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("kek_version", sa.Integer(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_subject")),
    )
    op.create_index(op.f("ix_subject_kek_version"), "subject", ["kek_version"])


def _make_vault() -> None:
    op.create_table(
        "vault",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("placeholder", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(32), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_vault_conversation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "placeholder", name=op.f("pk_vault")),
        sa.UniqueConstraint(
            "conversation_id", "fingerprint", name=op.f("uq_vault_conversation_id_fingerprint")
        ),
    )


def _seal_conversations(names: Pseudonyms, keys: SubjectKeys) -> None:
    """Every text of a conversation with its owner's key."""
    owners: dict[str, str] = {}

    def cipher(row: Row) -> Cipher:
        owner = owners.setdefault(row.owner, names.owner(row.owner))
        return keys.obtain(op.get_bind(), owner, datetime.now(UTC))

    def conversation(row: Row) -> Values:
        key = cipher(row)
        named = row.customer is not None
        return {
            "owner": names.owner(row.owner),
            "customer_sealed": key.seal_text(row.customer, *places.customer(row.id)) if named else None,
            "customer_hash": names.customer(row.customer) if named else None,
            "title_sealed": key.seal_text(row.title, *places.title(row.id)),
        }

    def turn(row: Row) -> Values:
        at = (row.id, row.conversation_id)
        return {
            "question_sealed": cipher(row).seal_text(row.question, *places.question(*at)),
            "answer_sealed": sealed_text(cipher(row), row.answer, places.answer(*at)),
        }

    def source(row: Row) -> Values:
        content = places.packed(row.document, row.title, row.location, row.text)
        return {"content": cipher(row).seal(content, *places.source(row.turn_id, row.position))}

    def feedback(row: Row) -> Values:
        return {"comment_sealed": cipher(row).seal_text(row.comment, *places.comment(row.turn_id))}

    def attachment(row: Row) -> Values:
        content = places.packed(row.name, _list(row.notes))
        return {"content": cipher(row).seal(content, *places.attachment(row.id, row.conversation_id))}

    def chunk(row: Row) -> Values:
        content = places.packed(row.title, row.location, row.text, _list(row.match))
        place = places.attachment_chunk(row.attachment_id, row.position)
        return {"content": cipher(row).seal(content, *place)}

    of_turn = "JOIN turn t ON t.id = x.turn_id JOIN conversation c ON c.id = t.conversation_id"
    of_file = "JOIN attachment a ON a.id = x.attachment_id JOIN conversation c ON c.id = a.conversation_id"
    of_conversation = "JOIN conversation c ON c.id = x.conversation_id"
    # Whose a row is, is read from the conversation: that table's own owners are replaced last.
    _seal("turn", of_conversation, turn, ("question", "answer"), new=("masked",))
    _seal("source", of_turn, source, ("document", "title", "location", "text"), into="content")
    _seal("feedback", of_turn, feedback, ("comment",))
    _seal("attachment_chunk", of_file, chunk, ("title", "location", "text", "match"), into="content")
    _seal("attachment", of_conversation, attachment, ("name", "notes"), into="content")
    _seal("conversation", "", conversation, ("customer", "title"), new=("customer_hash",))
    with op.batch_alter_table("conversation") as table:
        table.create_foreign_key(
            op.f("fk_conversation_subject"), "subject", ["owner"], ["owner"], ondelete="CASCADE"
        )
    op.create_index(op.f("ix_conversation_customer_hash"), "conversation", ["customer_hash"])


def _list(stored: Any) -> list[str]:
    """A JSON column read without its type: SQLite gives its text."""
    found: list[str] = json.loads(stored) if isinstance(stored, str) else stored
    return found


def _seal_documents(cipher: Cipher) -> None:
    def blob(row: Row) -> Values:
        return {"data": cipher.seal(bytes(row.data), *places.document(row.base, row.document_id))}

    def file(row: Row) -> Values:
        return {"data": cipher.seal(bytes(row.data), *places.queued_file(row.id))}

    _rewrite("document_blob", "", blob, at_once=1)
    _rewrite("queued_file", "", file, "x.data IS NOT NULL", at_once=1)


def _seal(
    name: str,
    owned_by: str,
    work: Callable[[Row], Values],
    plain: Sequence[str],
    *,
    new: Sequence[str] = (),
    into: str | None = None,
) -> None:
    """Put encrypted columns in the place of plain ones: one each, or all `into` one."""
    optional = {"customer", "customer_hash", "masked"}
    added = [into] if into else [f"{column}_sealed" for column in plain]
    for column in (*added, *new):
        op.add_column(name, sa.Column(column, sa.LargeBinary(), nullable=True))
    _rewrite(name, owned_by, work)
    with op.batch_alter_table(name) as table:
        for column in plain:
            table.drop_column(column)
    with op.batch_alter_table(name) as table:
        for column in added:
            kept = column.removesuffix("_sealed")
            table.alter_column(
                column,
                new_column_name=kept if kept != column else None,
                existing_type=sa.LargeBinary(),
                nullable=kept in optional,
            )


def _rewrite(
    name: str,
    owned_by: str,
    work: Callable[[Row], Values],
    condition: str = "1 = 1",
    *,
    at_once: int = _AT_ONCE,
) -> None:
    """Set what `work` makes of each row, some rows at a time, by primary key."""
    connection = op.get_bind()
    table = sa.Table(name, sa.MetaData(), autoload_with=connection)
    keys = [column.name for column in table.primary_key]
    for rows in _in_parts(connection, name, keys, owned_by, condition, at_once):
        changes = [{f"key_{key}": getattr(row, key) for key in keys} | work(row) for row in rows]
        update = sa.update(table).where(*(table.c[key] == sa.bindparam(f"key_{key}") for key in keys))
        fields: dict[str, Any] = {
            field: sa.bindparam(field) for field in changes[0] if not field.startswith("key_")
        }
        connection.execute(update.values(fields), changes)


def _in_parts(
    connection: sa.Connection, name: str, keys: Sequence[str], owned_by: str, condition: str, at_once: int
) -> Iterator[Sequence[Row]]:
    order = ", ".join(f'x."{key}"' for key in keys)
    after = ", ".join(f":{key}" for key in keys)
    owner = ", c.owner AS owner" if owned_by else ""
    parts = f'SELECT x.*{owner} FROM "{name}" x {owned_by} WHERE {condition}'  # noqa: S608 - names of our own
    last: Row = None
    while True:
        beyond = f" AND ({order}) > ({after})" if last is not None else ""
        query = sa.text(f"{parts}{beyond} ORDER BY {order} LIMIT {at_once}")
        bound = {key: getattr(last, key) for key in keys} if last is not None else {}
        rows = connection.execute(query, bound).all()
        if not rows:
            return
        yield rows
        last = rows[-1]
