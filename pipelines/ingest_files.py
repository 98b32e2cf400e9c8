"""What `python app.py ingest` does: files and folders into a line's knowledge, told file by file.

Works beside a running app, which finds what was stored a moment later; builds no index itself.
"""

import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path

from core.documents import SHARED_BASE
from core.errors import InvalidRequest, NotFound
from pipelines.bases import owned
from pipelines.columns import checked_columns
from pipelines.incoming import files_at
from pipelines.ingest import IngestEvent, IngestPipeline
from pipelines.redact import contacts_of
from pipelines.services import Services


async def ingest_files(
    services: Services, actor: str, paths: Sequence[Path], line_id: str, columns: Mapping[str, str] | None
) -> list[IngestEvent]:
    """Take in the files one after another, whatever their number and size; gives those that failed.

    What an earlier run had accepted when it was killed is worked off first. Raises NotFound for the line.
    """
    base = await _base(services, line_id)
    contacts = contacts_of(services.lines, services.settings)
    ingest = IngestPipeline(
        services.documents, services.parser, None, services.queue, contacts, services.audit
    )
    failed: list[IngestEvent] = []
    try:
        with _teller(sys.stdout.isatty()) as tell:
            if resumed := await ingest.resume():
                tell(None, f"{resumed} files of an earlier run go on.")
            events = ingest.add(base, files_at(paths), actor=actor, columns=columns)
            async with aclosing(events):
                async for event in events:
                    tell(event, _line(event))
                    failed += [event] if event.status == "failed" else []
            await ingest.settled()
    finally:
        await ingest.aclose()
    return failed


def columns_of(text: str | None) -> dict[str, str] | None:
    """`question=问题,answer=答案` as a mapping; None where nothing is said. Raises InvalidRequest."""
    if text is None:
        return None
    chosen: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        field, equals, column = part.partition("=")
        if not equals:
            raise InvalidRequest(
                "Write the columns as field=column, such as question=问题,answer=答案.", param="columns"
            )
        chosen[field] = column
    return checked_columns(chosen)


async def _base(services: Services, line_id: str) -> str:
    if line_id == SHARED_BASE:
        return SHARED_BASE
    line = await services.lines.get(line_id)
    if line is None:
        raise NotFound(f"There is no business line {line_id!r}.")
    return owned(line)


def _line(event: IngestEvent) -> str:
    if event.status == "reading":
        return f"reading {event.name}"
    what = event.error or f"{event.chunks} passage{'' if event.chunks == 1 else 's'}"
    return " ".join(
        [f"[{event.done}/{event.total}] {event.name}: {event.status}, {what}", *map(_aside, event.notes)]
    )


def _aside(note: str) -> str:
    return f"({note.rstrip('.。')})"


@contextmanager
def _teller(terminal: bool) -> Generator[Callable[[IngestEvent | None, str], None]]:
    """A line a file; on a terminal also a bar that moves."""
    if not terminal:

        def plain(event: IngestEvent | None, text: str) -> None:
            if event is None or event.status != "reading":
                sys.stdout.write(f"{text}\n")
                sys.stdout.flush()

        yield plain
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = TextColumn("{task.description}", markup=False)
    with Progress(BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), shown) as bar:
        task = bar.add_task("accepting the files", total=None)

        def moving(event: IngestEvent | None, text: str) -> None:
            if event is not None:
                bar.update(task, completed=event.done, total=event.total)
            if event is not None and event.status == "reading":
                bar.update(task, description=text)
            else:
                bar.console.print(text, markup=False, highlight=False)

        yield moving
