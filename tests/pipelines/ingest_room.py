"""The ingest pipeline with the real store, queue, parser and index on one folder.

Usage: python -m tests.pipelines.ingest_room FOLDER FILES [half], which takes the files in, tells each event in a line and
waits for one after it; its test kills it. With `half` it gets no further than the first passages of a document.
"""

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import storage.documents
from knowledge.index import HybridIndex
from knowledge.parsing import ChildParser
from pipelines.incoming import files_at
from pipelines.ingest import IncomingFile, IngestEvent, IngestPipeline
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.queue import SqlIngestQueue
from tests.support.keys import MASTER


class CountingIndex(HybridIndex):
    """The real index, which also counts how often it is asked to catch up."""

    refreshes = 0

    async def refresh(self, bases: Sequence[str] | None = None) -> None:
        self.refreshes += 1
        await super().refresh(bases)


class Room:
    """Real parts on one database; what `start` finds there, another Room may have left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(f"sqlite:///{folder / 'xiaoq.db'}", MASTER)
        self.parser = ChildParser()
        self.store = SqlDocumentStore(self.database)
        self.queue = SqlIngestQueue(self.database)
        self.index = CountingIndex(self.store, folder / "index")
        self.ingest = IngestPipeline(self.store, self.parser, self.index, self.queue)

    async def start(self) -> None:
        await self.database.start()
        await self.index.refresh()

    async def add(
        self,
        *files: tuple[str, bytes] | IncomingFile,
        columns: Mapping[str, str] | None = None,
        replaces: str | None = None,
    ) -> list[IngestEvent]:
        """The events that end a file."""
        events = self.ingest.add("shop", files, columns=columns, replaces=replaces)
        return [event async for event in events if event.status != "reading"]

    async def best(self, question: str) -> str | None:
        passages = (await self.index.retrieve(["shop"], question)).passages
        return passages[0].text if passages else None

    async def names(self) -> list[str]:
        return [document.name for document in await self.store.list("shop")]

    async def close(self) -> None:
        await self.ingest.aclose()
        await self.index.aclose()
        await self.parser.aclose()
        await self.database.aclose()


def say(*words: str) -> None:
    """Go on only when whoever listens says so: they may want to kill this process right here."""
    print(*words, flush=True)
    sys.stdin.readline()


def stop_at_half() -> None:
    """The store says so and waits for its end when two slices of a document are stored and a third is under way."""
    calls = count(1)
    add = storage.documents.add

    def add_and_stop(*given: Any, **named: Any) -> bool:
        added = add(*given, **named)
        if next(calls) == 3:
            print("half", flush=True)
            time.sleep(600)
        return added

    storage.documents.add = add_and_stop


async def main(folder: Path, files: Path) -> None:
    room = Room(folder)
    await room.database.start()
    batch = await room.ingest.accept("shop", files_at([files]))
    say("accepted", batch)
    async for event in room.ingest.follow(batch):
        say(event.status, event.name)
    await room.close()
    say("ended")


if __name__ == "__main__":
    if "half" in sys.argv[3:]:
        stop_at_half()
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
