"""A batch of files through the real store, parser and index: what is kept, what is found, what is said."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from core.documents import DocumentStatus
from knowledge.index import HybridIndex
from knowledge.parsing import ChildParser
from pipelines.ingest import IngestEvent, IngestPipeline, plain_name
from storage.database import Database
from storage.documents import SqlDocumentStore

FAQ = b"question,answer\nHow do I return a parcel?,Use the label inside.\n"


class Room:
    def __init__(self, store: SqlDocumentStore, index: HybridIndex, ingest: IngestPipeline) -> None:
        self.store = store
        self.index = index
        self.ingest = ingest

    async def add(self, *files: tuple[str, bytes]) -> list[IngestEvent]:
        return [event async for event in self.ingest.add("shop", files)]

    async def best(self, question: str) -> str | None:
        passages = (await self.index.retrieve(["shop"], question)).passages
        return passages[0].text if passages else None


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Room]:
    database, parser = Database(f"sqlite:///{tmp_path / 'xiaoq.db'}"), ChildParser()
    await database.start()
    store = SqlDocumentStore(database)
    index = HybridIndex(store, tmp_path / "index", None)
    yield Room(store, index, IngestPipeline(store, parser, index))
    await parser.aclose()
    await database.aclose()


async def test_one_bad_file_does_not_stop_the_batch(room: Room) -> None:
    manual = b"# Parcels\nLockers keep parcels for three days."
    events = await room.add(("faq.csv", FAQ), ("bad.pdf", b"hello"), ("C:\\docs\\manual.md", manual))
    assert [(e.name, e.status, e.done, e.total) for e in events] == [
        ("faq.csv", "reading", 0, 3),
        ("faq.csv", "ready", 1, 3),
        ("bad.pdf", "reading", 1, 3),
        ("bad.pdf", "failed", 2, 3),
        ("manual.md", "reading", 2, 3),
        ("manual.md", "ready", 3, 3),
    ]
    assert "not a PDF" in (events[3].error or "")
    assert await room.best("how to return parcels") == "Use the label inside."
    assert await room.best("how long do lockers keep it") == "Lockers keep parcels for three days."
    stored = {document.name: document for document in await room.store.list("shop")}
    assert stored["bad.pdf"].status is DocumentStatus.FAILED
    assert stored["bad.pdf"].error == events[3].error
    assert stored["faq.csv"].chunks == 1


async def test_the_same_file_again_is_unchanged(room: Room) -> None:
    (_, first) = await room.add(("faq.csv", FAQ))
    version = await room.store.version("shop")
    (_, again) = await room.add(("faq.csv", FAQ))
    assert (again.status, again.chunks, again.document_id) == ("unchanged", 1, first.document_id)
    assert await room.store.version("shop") == version


async def test_new_content_under_the_same_name_replaces_the_old(room: Room) -> None:
    (_, first) = await room.add(("faq.csv", FAQ))
    (_, second) = await room.add(("faq.csv", FAQ.replace(b"Use the label inside.", b"Call us first.")))
    assert second.document_id == first.document_id
    assert await room.best("how do I return a parcel") == "Call us first."
    assert len(await room.store.list("shop")) == 1


async def test_a_bad_replacement_leaves_the_good_document_in_force(room: Room) -> None:
    await room.add(("faq.csv", FAQ))
    (_, event) = await room.add(("faq.csv", b"question,answer\n"))
    assert event.status == "failed"
    assert await room.best("how do I return a parcel") == "Use the label inside."


async def test_a_failed_file_can_be_mended(room: Room) -> None:
    await room.add(("faq.csv", b""))
    (_, event) = await room.add(("faq.csv", FAQ))
    assert event.status == "ready"
    assert [d.status for d in await room.store.list("shop")] == [DocumentStatus.READY]


async def test_a_reader_who_leaves_in_mid_batch_still_gets_what_was_stored(room: Room) -> None:
    batch = room.ingest.add("shop", [("faq.csv", FAQ), ("more.txt", b"more")])
    async for event in batch:
        if event.status == "ready":
            break
    await batch.aclose()
    assert await room.best("how do I return a parcel") == "Use the label inside."


async def test_what_is_removed_is_no_longer_found(room: Room) -> None:
    (_, event) = await room.add(("faq.csv", FAQ))
    assert event.document_id is not None
    assert await room.ingest.remove("shop", event.document_id)
    assert await room.best("how do I return a parcel") is None
    assert not await room.ingest.remove("shop", event.document_id)


@pytest.mark.parametrize("path", ["a.md", "folder/a.md", "C:\\folder\\a.md", "../../a.md"])
def test_folders_before_a_name_are_dropped(path: str) -> None:
    assert plain_name(path) == "a.md"
