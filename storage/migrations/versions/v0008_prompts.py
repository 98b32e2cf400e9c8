"""Prompts that can be proved: versions, golden questions with checks, runs over them, A/B tests; lines with rules.

Revision ID: 0008
Revises: 0007
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _widen()
    _prompts()
    _golden()
    _evaluations()
    op.create_table(
        "refused_answer",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        _text("line"),
        sa.Column("turn_id", sa.Text(), nullable=True),
        _time("refused_at"),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turn.id"], name=op.f("fk_refused_answer_turn"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_refused_answer")),
    )
    op.create_index(op.f("ix_refused_answer_turn_id"), "refused_answer", ["turn_id"])


def _widen() -> None:
    """New columns of tables that are there. Those of sealed rows may be NULL, which adds nothing to a seal."""
    for table, column in (
        ("line", _json("languages", "{}")),
        ("line", _json("glossary", "[]")),
        ("line", _json("hours", "{}")),
        ("line", sa.Column("time_zone", sa.Text(), nullable=False, server_default="UTC")),
        ("line", _json("handoff", "{}")),
        ("line", _json("generation", "{}")),
        ("line", _json("frequent", "{}")),
        ("line", sa.Column("version", sa.Integer(), nullable=False, server_default="0")),
        ("line", sa.Column("live_prompt", sa.Integer(), nullable=True)),
        ("conversation", sa.Column("prompt_version", sa.Integer(), nullable=True)),
        ("turn", sa.Column("answer_language", sa.Text(), nullable=True)),
        ("golden", _json("expected", "{}")),
        ("golden", sa.Column("reference", sa.Text(), nullable=False, server_default="")),
        ("golden", sa.Column("origin", sa.Text(), nullable=False, server_default="bench")),
        ("golden", sa.Column("language", sa.Text(), nullable=False, server_default="und")),
    ):
        op.add_column(table, column)


def _prompts() -> None:
    op.create_table(
        "prompt_version",
        _text("line"),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        _json("texts"),
        _json("parameters"),
        _text("status"),
        _text("note"),
        _text("author"),
        sa.Column("parent", sa.Integer(), nullable=True),
        _time("created_at"),
        _time("updated_at"),
        _time("published_at", nullable=True),
        sa.Column("follows", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("line", "version", name=op.f("pk_prompt_version")),
    )
    op.create_table(
        "experiment",
        _text("id"),
        _text("line"),
        sa.Column("champion", sa.Integer(), nullable=False),
        sa.Column("challenger", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        _text("status"),
        _time("started_at"),
        _text("started_by"),
        _time("ended_at", nullable=True),
        _json("outcome"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiment")),
    )
    running = sa.text("status = 'running'")
    op.create_index(
        "ix_experiment_running",
        "experiment",
        ["line"],
        unique=True,
        sqlite_where=running,
        postgresql_where=running,
    )


def _golden() -> None:
    op.create_table(
        "golden_proposal",
        *map(_text, ("id", "line", "question", "origin")),
        sa.Column("turn_id", sa.Text(), nullable=True),
        _json("expected"),
        *map(_text, ("reference", "answer", "comment", "author")),
        _time("created_at"),
        sa.ForeignKeyConstraint(
            ["turn_id"], ["turn.id"], name=op.f("fk_golden_proposal_turn"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_golden_proposal")),
        sa.UniqueConstraint("line", "question", name=op.f("uq_golden_proposal_line_question")),
    )
    op.create_index(op.f("ix_golden_proposal_turn_id"), "golden_proposal", ["turn_id"])


def _evaluations() -> None:
    op.create_table(
        "evaluation",
        *map(_text, ("id", "line", "kind")),
        _json("before"),
        _json("after"),
        _text("status"),
        sa.Column("total", sa.Integer(), nullable=False),
        _text("actor"),
        sa.Column("process", sa.Text(), nullable=True),
        _time("created_at"),
        _time("ended_at", nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        _json("summary"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation")),
    )
    op.create_index(op.f("ix_evaluation_line_created_at"), "evaluation", ["line", "created_at"])
    op.create_table(
        "evaluation_result",
        *map(_text, ("evaluation_id", "side", "golden_id")),
        sa.Column("position", sa.Integer(), nullable=False),
        *map(_text, ("question", "language")),
        sa.Column("passed", sa.Boolean(), nullable=False),
        _json("failures"),
        *map(_text, ("answer", "mode")),
        _json("documents"),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("first_token", sa.Integer(), nullable=True),
        _json("judge"),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluation.id"],
            name=op.f("fk_evaluation_result_evaluation"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("evaluation_id", "side", "golden_id", name=op.f("pk_evaluation_result")),
    )


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=False)


def _json(name: str, default: str | None = None) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
