"""A/B tests of the lines' prompts, and what happened in the conversations that began under them. Compares nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import Conflict
from core.experiments import ArmTurn, Experiment
from core.messages import Mode, TurnStatus
from storage import took
from storage.database import Database
from storage.lines import hold_line
from storage.tables import conversation, feedback, timing, turn
from storage.tables import experiment as experiment_table

_FAILED = (TurnStatus.FAILED.value, TurnStatus.INTERRUPTED.value)
_NAMES = tuple(field.name for field in fields(Experiment))


class SqlExperimentStore:
    """core.experiments.ExperimentStore in a database. `changed` hears of each line whose test begins or ends."""

    def __init__(self, db: Database, changed: Callable[[str], None]) -> None:
        self._db = db
        self._changed = changed

    async def start(self, experiment: Experiment) -> None:
        """See the port. Holds the line's row as whoever publishes does: what is live stays so until the test is there."""
        values = {name: getattr(experiment, name) for name in _NAMES}
        statement = insert(experiment_table).values(**{**values, "outcome": dict(experiment.outcome)})

        def write(connection: Connection) -> None:
            if hold_line(connection, experiment.line) != experiment.champion:
                raise Conflict("Another version went live meanwhile.", param="champion")
            connection.execute(statement)

        try:
            await self._db.write(write)
        except IntegrityError:
            raise Conflict("A test runs on this line already; end it before you begin another.") from None
        self._changed(experiment.line)

    async def get(self, experiment_id: str) -> Experiment | None:
        query = select(experiment_table).where(experiment_table.c.id == experiment_id)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        return None if row is None else _experiment(row)

    async def list(self, line: str) -> Sequence[Experiment]:
        query = (
            select(experiment_table)
            .where(experiment_table.c.line == line)
            .order_by(experiment_table.c.started_at.desc(), experiment_table.c.id)
        )
        return await self._db.read(lambda connection: [_experiment(row) for row in connection.execute(query)])

    async def end(
        self, experiment_id: str, status: Literal["stopped", "promoted"], outcome: Mapping[str, Any]
    ) -> None:
        """See the port. One that has ended already stays as it ended."""
        now = datetime.now(UTC)

        ending = (
            update(experiment_table)
            .where(experiment_table.c.id == experiment_id, experiment_table.c.status == "running")
            .values(status=status, ended_at=now, outcome=dict(outcome))
            .returning(experiment_table.c.line)
        )
        line: str | None = await self._db.write(lambda connection: connection.scalar(ending))
        if line is not None:
            self._changed(line)

    async def turns(self, experiment: Experiment) -> "Sequence[ArmTurn]":
        """See the port: turns that have ended, by conversation as it began.

        What an operator tried in the console is no customer's conversation and is left out.
        """
        query = _turns_of(experiment)
        return await self._db.read(lambda connection: [_arm_turn(row) for row in connection.execute(query)])


def _turns_of(experiment: Experiment) -> Select[Any]:
    total, first_token = timing.alias("total"), timing.alias("first_token")
    mine = [
        conversation.c.line == experiment.line,
        conversation.c.prompt_version.in_((experiment.champion, experiment.challenger)),
        conversation.c.started_at >= experiment.started_at,
        conversation.c.updated_at >= experiment.started_at,  # says nothing new, but there is an index
        conversation.c.channel != "console",
        turn.c.set_aside.is_(False),
        turn.c.status != TurnStatus.RUNNING.value,
    ]
    if experiment.ended_at is not None:
        mine.append(conversation.c.started_at < experiment.ended_at)
    return (
        select(
            conversation.c.id.label("conversation_id"),
            conversation.c.prompt_version.label("version"),
            (
                turn.c.handoff_reason.is_not(None) | (func.coalesce(turn.c.mode, "") == Mode.HANDOFF.value)
            ).label("handed_over"),
            turn.c.status.in_(_FAILED).label("failed"),
            feedback.c.score.label("feedback"),
            total.c.milliseconds.label("total_ms"),
            first_token.c.milliseconds.label("first_token_ms"),
            turn.c.id.label("turn_id"),
            turn.c.timings,
        )
        .select_from(
            conversation.join(turn)
            .outerjoin(feedback, feedback.c.turn_id == turn.c.id)
            .outerjoin(total, (total.c.turn_id == turn.c.id) & (total.c.step == "total"))
            .outerjoin(
                first_token, (first_token.c.turn_id == turn.c.id) & (first_token.c.step == "first_token")
            )
        )
        .where(*mine)
        .order_by(conversation.c.started_at, conversation.c.id, turn.c.position)
    )


def _arm_turn(row: Row[Any]) -> ArmTurn:
    """Its times from the turn's own row, or from `timing` where an earlier version wrote them there."""
    values = dict(row._mapping)
    turn_id, timings = values.pop("turn_id"), values.pop("timings")
    if timings is not None:
        found = took.read(turn_id, timings)
        values |= {"total_ms": found.get("total"), "first_token_ms": found.get("first_token")}
    return ArmTurn(**values)


def _experiment(row: Row[Any]) -> Experiment:
    return Experiment(**{name: getattr(row, name) for name in _NAMES})


def end_tests(connection: Connection, line: str, live: int | None) -> None:
    """End what runs on a line with another champion than the version that goes live now (None: XiaoQ's own words).

    Nobody draws any more by then, so that who comes later is on no side by chance.
    """
    running = (experiment_table.c.line == line) & (experiment_table.c.status == "running")
    if live is not None:
        running &= experiment_table.c.champion != live
    connection.execute(
        update(experiment_table).where(running).values(status="stopped", ended_at=datetime.now(UTC))
    )
