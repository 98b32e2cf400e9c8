"""Business lines, as the manager keeps them. Knows no starter line; those are put here like any other."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from core.errors import NotFound
from core.messages import BusinessLine, FrequentRules, HandoffRules, LanguageRules
from core.prompts import Parameters, PromptVersion, Trial
from storage.database import Database
from storage.shapes import read, written
from storage.tables import experiment, prompt_version
from storage.tables import line as line_table
from storage.upsert import upsert

KNOWN_SECONDS = 1.0
"""How long a line that was read is taken to be as it was: another process may change it. Half-way it is read again beside
the questions, or once a second all that come at that moment would wait."""
_MOST_KNOWN = 1000


class SqlLineStore:
    """core.ports.LineStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, BusinessLine]] = {}
        self._changes = 0
        self._reading: dict[str, asyncio.Task[BusinessLine | None]] = {}

    async def all(self) -> Sequence[BusinessLine]:
        """Every line, archived ones too, in the order in which they were made."""
        query = _whole.order_by(line_table.c.created_at, line_table.c.id)
        return await self._db.read(lambda connection: [_line(row) for row in connection.execute(query)])

    async def get(self, line: str) -> BusinessLine | None:
        """See the port. What this process puts is seen at once, what another puts within KNOWN_SECONDS."""
        if (at_hand := self.at_hand(line)) is not None:
            return at_hand
        return await self._read(line)

    async def _read(self, line: str) -> BusinessLine | None:
        _, known = self._known.get(line, (0.0, None))
        read_at, changes = time.monotonic(), self._changes
        if known is not None:
            self._known[line] = (read_at, known)  # whoever asks meanwhile is content with what was known
        query = _whole.where(line_table.c.id == line)
        row = await self._db.read(lambda connection: connection.execute(query).first())
        if row is None:
            return None
        found = _line(row)
        if known is not None and known == found and known.version == found.version:
            found = known
        if changes == self._changes:  # else it was read before a change that is done by now
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[line] = (read_at, found)
        return found

    def at_hand(self, line: str) -> BusinessLine | None:
        read_at, known = self._known.get(line, (0.0, None))
        age = time.monotonic() - read_at
        if known is None or age >= KNOWN_SECONDS:
            return None
        if age > KNOWN_SECONDS / 2 and line not in self._reading:
            self._reading[line] = task = asyncio.create_task(self._read(line))
            task.add_done_callback(partial(self._was_read, line))
        return known

    def _was_read(self, line: str, task: "asyncio.Task[BusinessLine | None]") -> None:
        """A reading beside the questions may fail unseen: who asks after KNOWN_SECONDS reads again and is told."""
        del self._reading[line]
        if not task.cancelled():
            task.exception()

    async def put(self, line: BusinessLine) -> None:
        await self._db.write(lambda connection: put_line(connection, line))
        self.forget(line.id)

    def forget(self, line: str) -> None:
        """What hangs on the line was changed in the database: its prompt, its test."""
        self._changes += 1
        self._known.pop(line, None)


def put_line(connection: Connection, line: BusinessLine) -> None:
    """Insert or replace, with a version more; its live prompt stays."""
    now = datetime.now(UTC)
    before = select(line_table.c.version).where(line_table.c.id == line.id)
    values: dict[str, Any] = {
        "id": line.id,
        "names": dict(line.names),
        "bases": list(line.bases),
        "persona": line.persona,
        "greeting": dict(line.greeting),
        "suggestions": {key: list(some) for key, some in line.suggestions.items()},
        "contact": dict(line.contact),
        "archived": line.archived,
        "languages": written(line.languages),
        "glossary": list(line.glossary),
        "hours": {day: list(spans) for day, spans in line.hours.items()},
        "time_zone": line.time_zone,
        "handoff": written(line.handoff),
        "generation": written(line.generation),
        "frequent": written(line.frequent),
        "created_at": now,
        "updated_at": now,
        "version": (connection.scalar(before) or 0) + 1,
    }
    upsert(connection, line_table, values, keep=("created_at",))


def _line(row: Row[Any]) -> BusinessLine:
    """The line with its live prompt and the test that runs on it."""
    trial = (
        Trial(row.experiment_id, row.challenger, row.share)
        if row.experiment_id is not None and row.live_prompt == row.champion
        else None
    )
    return BusinessLine(
        id=row.id,
        names=row.names,
        bases=tuple(row.bases),
        persona=row.persona,
        greeting=row.greeting,
        suggestions={key: tuple(some) for key, some in row.suggestions.items()},
        contact=row.contact,
        archived=row.archived,
        languages=read(LanguageRules, row.languages),
        glossary=tuple(row.glossary),
        hours={day: tuple(spans) for day, spans in row.hours.items()},
        time_zone=row.time_zone,
        handoff=read(HandoffRules, row.handoff),
        generation=read(Parameters, row.generation),
        frequent=read(FrequentRules, row.frequent),
        version=row.version,
        prompt=prompt_of(row) if row.live_prompt is not None and row.prompt_line is not None else None,
        trial=trial,
    )


def prompt_of(row: Row[Any]) -> PromptVersion:
    """A version from a row that holds its columns, `line` as `prompt_line` and `version` as `prompt_number`."""
    return PromptVersion(
        line=row.prompt_line,
        version=row.prompt_number,
        texts=row.texts,
        status=row.status,
        created_at=row.prompt_created_at,
        updated_at=row.prompt_updated_at,
        parameters=read(Parameters, row.parameters),
        note=row.note,
        author=row.author,
        parent=row.parent,
        published_at=row.published_at,
        follows=row.follows,
    )


PROMPT_COLUMNS = (
    prompt_version.c.line.label("prompt_line"),
    prompt_version.c.version.label("prompt_number"),
    prompt_version.c.texts,
    prompt_version.c.status,
    prompt_version.c.parameters,
    prompt_version.c.note,
    prompt_version.c.author,
    prompt_version.c.parent,
    prompt_version.c.created_at.label("prompt_created_at"),
    prompt_version.c.updated_at.label("prompt_updated_at"),
    prompt_version.c.published_at,
    prompt_version.c.follows,
)
_whole = select(
    line_table,
    *PROMPT_COLUMNS,
    experiment.c.id.label("experiment_id"),
    experiment.c.champion,
    experiment.c.challenger,
    experiment.c.share,
).select_from(
    line_table.outerjoin(
        prompt_version,
        (prompt_version.c.line == line_table.c.id) & (prompt_version.c.version == line_table.c.live_prompt),
    ).outerjoin(experiment, (experiment.c.line == line_table.c.id) & (experiment.c.status == "running"))
)


def hold_line(connection: Connection, line: str) -> int | None:
    """Lock the line against other writers; gives its live version. SQLite's writer is alone as it is."""
    query = select(line_table.c.id, line_table.c.live_prompt).where(line_table.c.id == line)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise NotFound("There is no such business line.", param="line")
    live: int | None = row.live_prompt
    return live
