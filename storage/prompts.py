"""Versions of the lines' prompts, as they are drafted, published and rolled back. Knows no placeholder.

Every write holds the line's row first, so that writers of one line take turns: a number is given once.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from core.errors import Conflict, NotFound
from core.prompts import NO_PARAMETERS, Parameters, PromptStatus, PromptVersion
from storage.database import Database
from storage.experiments import end_tests
from storage.lines import PROMPT_COLUMNS, hold_line, prompt_of
from storage.shapes import written
from storage.tables import line as line_table
from storage.tables import prompt_version

_MOST_KNOWN = 1000
_versions: Select[Any] = select(*PROMPT_COLUMNS)
_STEPS: Mapping[str, Sequence[str]] = {"draft": ("candidate", "retired"), "candidate": ("retired",)}


class SqlPromptStore:
    """core.prompts.PromptStore in a database. `changed` hears of a line whose live version is another one now."""

    def __init__(self, db: Database, changed: Callable[[str], None]) -> None:
        self._db = db
        self._changed = changed
        self._frozen: dict[tuple[str, int], PromptVersion] = {}

    async def list(self, line: str) -> Sequence[PromptVersion]:
        query = _versions.where(prompt_version.c.line == line).order_by(prompt_version.c.version.desc())
        return await self._db.read(lambda connection: [prompt_of(row) for row in connection.execute(query)])

    async def get(self, line: str, version: int) -> PromptVersion | None:
        """See the port. A published version never changes, so it is read once."""
        if known := self._frozen.get((line, version)):
            return known
        found = await self._db.read(lambda connection: _found(connection, line, version))
        if found is not None and found.status == "published":
            if len(self._frozen) >= _MOST_KNOWN:
                self._frozen.clear()
            self._frozen[line, version] = found
        return found

    async def add(
        self,
        line: str,
        texts: Mapping[str, str],
        parameters: Parameters = NO_PARAMETERS,
        *,
        note: str = "",
        author: str = "",
        parent: int | None = None,
    ) -> PromptVersion:
        """See the port. Raises NotFound where there is no such line or no such parent."""
        now = datetime.now(UTC)
        values: dict[str, Any] = {
            "line": line,
            "texts": dict(texts),
            "parameters": written(parameters),
            "status": "draft",
            "note": note,
            "author": author,
            "parent": parent,
            "created_at": now,
            "updated_at": now,
        }

        def write(connection: Connection) -> PromptVersion:
            hold_line(connection, line)
            if parent is not None:
                _required(connection, line, parent)
            newest = select(func.max(prompt_version.c.version)).where(prompt_version.c.line == line)
            version = (connection.scalar(newest) or 0) + 1
            connection.execute(insert(prompt_version).values(**values, version=version))
            return _required(connection, line, version)

        return await self._db.write(write)

    async def change(
        self,
        line: str,
        version: int,
        texts: Mapping[str, str],
        parameters: Parameters,
        note: str,
        *,
        read_at: datetime | None = None,
    ) -> PromptVersion:
        def write(connection: Connection) -> PromptVersion:
            hold_line(connection, line)
            before = _required(connection, line, version)
            if before.status != "draft":
                raise Conflict(f"Version {version} is no draft any more; make a new one from it.")
            if read_at not in (None, before.updated_at):
                raise Conflict(f"Version {version} was changed meanwhile; read it again.", param="read_at")
            return _set(
                connection, line, version, texts=dict(texts), parameters=written(parameters), note=note
            )

        return await self._db.write(write)

    async def set_status(self, line: str, version: int, status: PromptStatus) -> PromptVersion:
        def write(connection: Connection) -> PromptVersion:
            hold_line(connection, line)
            before = _required(connection, line, version).status
            if status not in _STEPS.get(before, ()):
                raise Conflict(f"Version {version} is {before}; it cannot become {status}.")
            return _set(connection, line, version, status=status)

        return await self._db.write(write)

    async def publish(self, line: str, version: int, *, over: int | None = None) -> PromptVersion:
        """See the port. What is live already stays as it is."""

        def write(connection: Connection) -> PromptVersion:
            live = hold_line(connection, line)
            found = _required(connection, line, version)
            if found.status == "retired":
                raise Conflict(f"Version {version} was put out of the way; make a new draft from it.")
            if live == version:
                return found
            if over is not None and over != (live or 0):
                raise Conflict("Another version went live meanwhile.")
            _go_live(connection, line, version, [*_earlier(connection, line), live])
            now = datetime.now(UTC)
            return _set(connection, line, version, status="published", published_at=now, follows=live)

        published = await self._db.write(write)
        self._forget(line, version)
        return published

    async def roll_back(self, line: str, *, over: int | None = None) -> int | None:
        """See the port. A version that was live twice is gone back from twice, each time to what came before it then."""

        def write(connection: Connection) -> int | None:
            live = hold_line(connection, line)
            if live is None:
                raise Conflict("No version is live on this line, so there is nothing to roll back.")
            if over not in (None, live):
                raise Conflict("Another version went live meanwhile.")
            *earlier, before = _earlier(connection, line)
            _go_live(connection, line, before, earlier)
            if before is not None:
                again = update(prompt_version).where(_is(line, before)).values(follows=earlier[-1])
                connection.execute(again)
            return before

        before = await self._db.write(write)
        self._forget(line, before)
        return before

    async def live(self, line: str) -> int | None:
        query = select(line_table.c.live_prompt).where(line_table.c.id == line)
        return await self._db.read(lambda connection: connection.scalar(query))

    def _forget(self, line: str, version: int | None = None) -> None:
        if version is not None:
            self._frozen.pop((line, version), None)
        self._changed(line)


def _found(connection: Connection, line: str, version: int) -> PromptVersion | None:
    row = connection.execute(_versions.where(_is(line, version))).first()
    return None if row is None else prompt_of(row)


def _required(connection: Connection, line: str, version: int) -> PromptVersion:
    found = _found(connection, line, version)
    if found is None:
        raise NotFound(f"This line has no version {version} of its prompt.", param="version")
    return found


def _set(connection: Connection, line: str, version: int, **values: Any) -> PromptVersion:
    changed = update(prompt_version).where(_is(line, version)).values(**values, updated_at=datetime.now(UTC))
    connection.execute(changed)
    return _required(connection, line, version)


def _earlier(connection: Connection, line: str) -> Sequence[int | None]:
    """What was live before what is live now, the last one last; None stands for XiaoQ's own words."""
    query = select(line_table.c.earlier_prompts).where(line_table.c.id == line)
    found: Sequence[int | None] = connection.execute(query).scalar_one()
    return found


def _go_live(connection: Connection, line: str, version: int | None, earlier: Sequence[int | None]) -> None:
    end_tests(connection, line, version)
    values = {"live_prompt": version, "earlier_prompts": list(earlier)}
    connection.execute(update(line_table).where(line_table.c.id == line).values(**values))


def _is(line: str, version: int) -> Any:
    return (prompt_version.c.line == line) & (prompt_version.c.version == version)
