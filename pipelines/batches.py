"""A batch of files while it is worked on: what has happened to it so far, for any number of readers.

It does not know what is done with a file.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.documents import QueuedFile

Status = Literal["reading", "ready", "failed", "unchanged"]


@dataclass(frozen=True, slots=True)
class IngestEvent:
    """Where one file stands. `reading` comes before the work on it, each of the others ends it.

    `done` of `total` files of the batch have ended; `position` is the file's place in it, from 0. `error` is the
    reason in one sentence and `code` its name for programs; `notes` say what was left out of a file that was
    read, or under which name an `unchanged` one lies here already.
    """

    name: str
    status: Status
    chunks: int = 0
    error: str | None = None
    done: int = 0
    total: int = 0
    document_id: str | None = None
    code: str | None = None
    notes: Sequence[str] = ()
    batch: str = ""
    position: int = 0


def event_of(file: QueuedFile, done: int, total: int, code: str | None = None) -> IngestEvent:
    """The event that says where this file stands; one that waits is told as being read."""
    return IngestEvent(
        name=file.name,
        status="reading" if file.status == "waiting" else file.status,
        chunks=file.chunks,
        error=file.error,
        done=done,
        total=total,
        document_id=file.document_id,
        code=code,
        notes=file.notes,
        batch=file.batch,
        position=file.position,
    )


class Batch:
    """One batch in work. `reading` is the id of the file whose turn it is."""

    def __init__(self, id: str, files: Sequence[QueuedFile]) -> None:
        self.id = id
        self.files = files
        self.reading: str | None = None
        self.stopped = False
        self._ended: dict[str, QueuedFile] = {}
        self._events: list[IngestEvent] = []
        self._over = False
        self._news = asyncio.Event()

    @property
    def ended(self) -> Mapping[str, QueuedFile]:
        """How files ended, by their id."""
        return self._ended

    @property
    def waiting(self) -> int:
        """How many files have not ended."""
        return len(self.files) - len(self._ended)

    def began(self, file: QueuedFile) -> None:
        self.reading = file.id
        self._tell(event_of(file, len(self._ended), len(self.files)))

    def end(self, file: QueuedFile, code: str | None = None) -> None:
        self.reading = None
        self._ended[file.id] = file
        self._tell(event_of(file, len(self._ended), len(self.files), code))

    def close(self) -> None:
        """Nothing more will happen; readers end."""
        self._over = True
        self._wake()

    async def events(self) -> AsyncGenerator[IngestEvent]:
        """What happened so far, then what happens, until the batch is closed. Leaving stops no work."""
        seen = 0
        while True:
            news = self._news
            while seen < len(self._events):
                seen += 1
                yield self._events[seen - 1]
            if self._over:
                return
            if seen == len(self._events):
                await news.wait()

    def _tell(self, event: IngestEvent) -> None:
        self._events.append(event)
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
