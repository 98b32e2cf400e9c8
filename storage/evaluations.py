"""Runs of golden sets and their results. Knows no check and asks no question; a process does the work.

As with the ingest queue, an unfinished run carries the mark of the process whose work it is (presence.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, insert, select, update

from core.golden import Evaluation, Result, RunStatus
from storage.database import Database
from storage.tables import evaluation as runs
from storage.tables import evaluation_result as results_table
from storage.upsert import insert_missing

_OPEN = runs.c.status.in_(("waiting", "running"))
_SHOWN = [column for column in runs.c if column.name != "process"]
_DONE = (
    select(func.count())
    .where(results_table.c.evaluation_id == runs.c.id)
    .correlate(runs)
    .scalar_subquery()
    .label("done")
)


class SqlEvaluationStore:
    """core.golden.EvaluationStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, evaluation: Evaluation, known: "Sequence[Result]" = ()) -> Evaluation:
        """See the port."""
        values = {name: value for name, value in asdict(evaluation).items() if name != "done"}

        def write(connection: Connection) -> Evaluation:
            if evaluation.kind == "gate":
                query = _runs().where(_OPEN, runs.c.line == evaluation.line, runs.c.kind == "gate")
                for other in _read(connection, query):
                    if other.after.get("prompt") == evaluation.after.get("prompt"):
                        return other
            connection.execute(insert(runs).values(**values, process=self._db.process))
            _note(connection, evaluation.id, known)
            return evaluation

        return await self._db.write(write)

    async def get(self, evaluation_id: str) -> Evaluation | None:
        query = _runs().where(runs.c.id == evaluation_id)
        return await self._db.read(lambda connection: next(iter(_read(connection, query)), None))

    async def list(self, line: str, limit: int = 50) -> "Sequence[Evaluation]":
        newest = (runs.c.created_at.desc(), runs.c.id)
        query = _runs().where(runs.c.line == line).order_by(*newest).limit(limit)
        return await self._db.read(lambda connection: _read(connection, query))

    async def note(self, evaluation_id: str, results: "Sequence[Result]") -> bool:
        """See the port."""
        mine = update(runs).where(runs.c.id == evaluation_id, _OPEN).values(status="running")

        def write(connection: Connection) -> bool:
            _note(connection, evaluation_id, results)
            return connection.execute(mine).rowcount > 0

        return await self._db.write(write)

    async def results(self, evaluation_id: str) -> "Sequence[Result]":
        table = results_table
        query = (
            select(*[column for column in table.c if column.name != "evaluation_id"])
            .where(table.c.evaluation_id == evaluation_id)
            .order_by(table.c.position, table.c.side.desc())
        )
        return await self._db.read(
            lambda connection: [_result(row) for row in connection.execute(query).mappings()]
        )

    async def end(
        self,
        evaluation_id: str,
        status: RunStatus,
        summary: Mapping[str, Any],
        error: str | None = None,
    ) -> bool:
        """See the port."""
        statement = (
            update(runs)
            .where(runs.c.id == evaluation_id, _OPEN)
            .values(
                status=status, summary=dict(summary), error=error, ended_at=datetime.now(UTC), process=None
            )
        )
        return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)

    async def unfinished(self) -> "Sequence[Evaluation]":
        """See the port. A run is given to one process only, however many ask."""
        mine = self._db.process

        def write(connection: Connection) -> list[Evaluation]:
            marks = connection.scalars(select(runs.c.process).where(_OPEN).distinct()).all()
            taken: list[str] = []
            for mark in marks:
                if mark is not None and not self._db.is_gone(connection, mark):
                    continue
                statement = (
                    update(runs)
                    .where(_OPEN, runs.c.process.is_not_distinct_from(mark))
                    .values(process=mine)
                    .returning(runs.c.id)
                )
                taken += connection.scalars(statement)
            query = _runs().where(runs.c.id.in_(taken)).order_by(runs.c.created_at, runs.c.id)
            return _read(connection, query)

        return await self._db.write(write)


def _runs() -> Select[Any]:
    return select(*_SHOWN, _DONE)


def _read(connection: Connection, query: Select[Any]) -> list[Evaluation]:
    return [Evaluation(**row) for row in connection.execute(query).mappings()]


def _result(row: RowMapping) -> Result:
    return Result(**{**row, "failures": tuple(row["failures"]), "documents": tuple(row["documents"])})


def _note(connection: Connection, evaluation_id: str, results: "Sequence[Result]") -> None:
    for result in results:
        values = {**asdict(result), "failures": list(result.failures), "documents": list(result.documents)}
        values["judge"] = dict(result.judge)
        insert_missing(connection, results_table, {"evaluation_id": evaluation_id, **values})
