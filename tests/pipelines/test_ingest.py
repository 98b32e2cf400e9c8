"""A batch of files through the real store, queue, parser and index: what is kept, what is found, what is said."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from core.documents import DocumentStatus
from core.errors import InvalidRequest, NotFound
from pipelines.ingest import IncomingFile, IngestEvent
from tests.pipelines.ingest_room import Room

FAQ = b"question,answer\nHow do I return a parcel?,Use the label inside.\n"
MANUAL = (
    b"# Parcels\n\n## Lockers\n\nLockers keep parcels for three days.\n\n## Fees\n\nA locker costs nothing.\n"
)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Room]:
    room = Room(tmp_path)
    await room.start()
    yield room
    await room.close()


async def test_one_bad_file_does_not_stop_the_batch(room: Room) -> None:
    files = [("faq.csv", FAQ), ("bad.pdf", b"hello"), ("C:\\docs\\manual.md", MANUAL)]
    events = [event async for event in room.ingest.add("shop", files)]
    assert [(e.name, e.status, e.done, e.total) for e in events] == [
        ("faq.csv", "reading", 0, 3),
        ("faq.csv", "ready", 1, 3),
        ("bad.pdf", "reading", 1, 3),
        ("bad.pdf", "failed", 2, 3),
        ("manual.md", "reading", 2, 3),
        ("manual.md", "ready", 3, 3),
    ]
    assert [(e.position, e.code) for e in events if e.status != "reading"] == [
        (0, None),
        (1, "document_rejected"),
        (2, None),
    ]
    assert "not a PDF" in (events[3].error or "")
    assert await room.best("how to return parcels") == "Use the label inside."
    assert await room.best("how long do lockers keep it") == "Lockers keep parcels for three days."
    stored = {document.name: document for document in await room.store.list("shop")}
    assert stored["bad.pdf"].status is DocumentStatus.FAILED
    assert stored["bad.pdf"].error == events[3].error
    assert stored["faq.csv"].chunks == 1


async def test_the_same_file_again_is_unchanged(room: Room) -> None:
    (first,) = await room.add(("faq.csv", FAQ))
    version = await room.store.version("shop")
    (again,) = await room.add(("faq.csv", FAQ))
    assert (again.status, again.chunks, again.document_id) == ("unchanged", 1, first.document_id)
    assert await room.store.version("shop") == version


async def test_the_same_bytes_under_another_name_name_the_document_that_holds_them(room: Room) -> None:
    (first,) = await room.add(("faq.csv", FAQ))
    (twin,) = await room.add(("copy of faq.csv", FAQ))
    assert (twin.status, twin.document_id) == ("unchanged", first.document_id)
    assert "faq.csv" in twin.notes[0]
    assert await room.names() == ["faq.csv"]


async def test_new_content_under_the_same_name_replaces_the_old_and_keeps_what_is_the_same(
    room: Room,
) -> None:
    (first,) = await room.add(("manual.md", MANUAL))
    before = {chunk.text: chunk.row for chunk in await room.store.chunks("shop", first.document_id or "")}
    (second,) = await room.add(("manual.md", MANUAL.replace(b"three days", b"five days")))
    assert second.document_id == first.document_id
    after = {chunk.text: chunk.row for chunk in await room.store.chunks("shop", first.document_id or "")}
    kept = before.keys() & after.keys()
    assert [before[text] for text in kept] == [after[text] for text in kept] != []
    assert await room.best("how long do lockers keep parcels") == "Lockers keep parcels for five days."
    assert await room.names() == ["manual.md"]


async def test_a_document_is_replaced_by_a_file_of_another_name(room: Room) -> None:
    (old,) = await room.add(("prices 2025.md", b"# Prices\n\nA kettle costs 20 euros.\n"))
    new = ("prices 2026.md", b"# Prices\n\nA kettle costs 25 euros.\n")
    (event,) = await room.add(new, replaces=old.document_id)
    assert (event.status, event.document_id) == ("ready", old.document_id)
    assert await room.names() == ["prices 2026.md"]
    assert await room.best("what does a kettle cost") == "A kettle costs 25 euros."
    # The old name is free again and makes a document of its own.
    (third,) = await room.add(("prices 2025.md", b"# Prices\n\nIt cost 20 euros then.\n"))
    assert third.document_id != old.document_id
    (clash,) = await room.add(("prices 2025.md", b"# Prices\n\nOther.\n"), replaces=old.document_id)
    assert (clash.status, clash.code) == ("failed", "conflict")
    assert await room.names() == ["prices 2025.md", "prices 2026.md"]


async def test_a_wrong_replacement_is_refused_before_anything_is_stored(room: Room) -> None:
    with pytest.raises(NotFound):
        await room.add(("faq.csv", FAQ), replaces="nothing")
    (event,) = await room.add(("faq.csv", FAQ))
    with pytest.raises(InvalidRequest):
        await room.add(("a.md", b"a"), ("b.md", b"b"), replaces=event.document_id)
    assert await room.names() == ["faq.csv"]


async def test_a_bad_replacement_leaves_the_good_document_in_force(room: Room) -> None:
    (good,) = await room.add(("faq.csv", FAQ))
    (event,) = await room.add(("faq.csv", b"question,answer\n"))
    assert (event.status, event.document_id) == ("failed", good.document_id)
    (event,) = await room.add(("faq.pdf", b"hello"), replaces=good.document_id)
    assert event.status == "failed"
    assert await room.best("how do I return a parcel") == "Use the label inside."
    assert await room.names() == ["faq.csv"]


async def test_a_failed_file_can_be_mended(room: Room) -> None:
    await room.add(("faq.csv", b""))
    (event,) = await room.add(("faq.csv", FAQ))
    assert event.status == "ready"
    assert [d.status for d in await room.store.list("shop")] == [DocumentStatus.READY]


async def test_columns_chosen_by_a_person_stay_with_the_document(room: Room) -> None:
    table = "编号,客户问,我们答\n1,怎么退货,用随附的标签。\n".encode()
    columns = {"question": "客户问", "answer": "我们答"}
    (event,) = await room.add(("faq.csv", table), columns=columns)
    assert (event.status, event.chunks) == ("ready", 1)
    grown = table + "2,怎么换货,联系我们。\n".encode()
    (event,) = await room.add(("faq.csv", grown))
    assert (event.status, event.chunks) == ("ready", 2)
    document = await room.store.get("shop", event.document_id or "")
    assert document is not None
    assert document.columns == columns
    assert {pair.match[0] for pair in await room.store.pairs("shop")} == {"怎么退货", "怎么换货"}
    (other,) = await room.add(("faq.csv", grown), columns={**columns, "title": "编号"})
    assert other.status == "ready", "the same bytes read in another way are not unchanged"


async def test_a_file_that_did_not_come_in_is_listed_with_its_reason(room: Room) -> None:
    refused = IncomingFile.refused("film.mp4", "film.mp4 is larger than 64 MB.")
    gone = IncomingFile.at(room.folder / "none.md")
    first, second, third = await room.add(refused, gone, ("faq.csv", FAQ))
    assert (first.status, first.error) == ("failed", "film.mp4 is larger than 64 MB.")
    assert "cannot be opened" in (second.error or "")
    assert third.status == "ready"


async def test_files_of_one_name_in_two_folders_are_two_documents(room: Room) -> None:
    files = [("2024/price.md", b"A kettle: 20."), ("2025/price.md", b"A kettle: 25."), ("docs/a.md", MANUAL)]
    assert [event.status for event in await room.add(*files)] == ["ready"] * 3
    assert await room.names() == ["a.md", "price (2024).md", "price (2025).md"]


async def test_a_reader_who_leaves_stops_nothing(room: Room) -> None:
    batch = room.ingest.add("shop", [("faq.csv", FAQ), ("more.md", MANUAL)])
    async for _ in batch:
        break
    await batch.aclose()
    async with asyncio.timeout(30):
        await room.ingest.settled()
    assert await room.best("how do I return a parcel") == "Use the label inside."
    assert await room.names() == ["faq.csv", "more.md"]


async def test_two_readers_see_the_same_and_a_late_one_sees_the_end(room: Room) -> None:
    batch = await room.ingest.accept("shop", [("faq.csv", FAQ), ("bad.pdf", b"hello")])

    async def read() -> list[IngestEvent]:
        return [event async for event in room.ingest.follow(batch)]

    one, other = await asyncio.gather(read(), read())
    assert one == other
    late = await read()
    assert [(e.name, e.status, e.done, e.total) for e in late] == [
        ("faq.csv", "ready", 1, 2),
        ("bad.pdf", "failed", 2, 2),
    ]
    assert [event async for event in room.ingest.follow("unknown")] == []


async def test_a_stopped_batch_ends_and_keeps_what_was_read(room: Room) -> None:
    statuses: list[str] = []
    files = [(f"{number}.md", MANUAL + str(number).encode()) for number in range(4)]
    async for event in room.ingest.add("shop", files):
        if event.status == "ready" and not statuses:
            assert await room.ingest.stop(event.batch)
        if event.status != "reading":
            statuses.append(event.code or event.status)
    assert statuses[0] == "ready"
    assert statuses[-1] == "stopped"
    assert len(statuses) == 4
    assert await room.ingest.resume() == 0


async def test_a_batch_is_found_before_it_has_ended_and_not_indexed_once_a_file(room: Room) -> None:
    files = [(f"{n}.md", f"# Part {n}\n\nThe part zq{n} weighs {n} grams.\n".encode()) for n in range(40)]
    found_at = None
    async for event in room.ingest.add("shop", files):
        if found_at is None and await room.best("zq0") is not None:
            found_at = event.done
    assert found_at is not None
    assert found_at < 40
    assert room.index.refreshes < 20
    assert await room.best("how much does zq39 weigh") is not None


async def test_a_small_batch_does_not_wait_for_a_large_one(room: Room) -> None:
    large = await room.ingest.accept("shop", [(f"{n}.md", b"page %d" % n) for n in range(30)])
    await room.add(("faq.csv", FAQ))
    working = room.ingest.working(large)
    assert working is not None
    assert working.waiting > 0
    async for _ in room.ingest.follow(large):
        pass
    assert room.ingest.waiting == 0
    assert room.ingest.outcomes == {"ready": 31}


async def test_what_a_gone_process_had_accepted_is_worked_off_once(room: Room, tmp_path: Path) -> None:
    """The other half of the promise, with a process that is killed, stands in test_ingest_killed.py."""
    before = Room(tmp_path)
    await before.start()
    batch = await before.ingest.accept("shop", [("faq.csv", FAQ), ("manual.md", MANUAL)])
    await before.ingest.aclose()
    assert await room.ingest.resume() == 0, "its process still has the database open"
    await before.close()
    assert await room.ingest.resume() > 0
    async with asyncio.timeout(30):
        await room.ingest.settled()
    assert {file.status for file in await room.queue.batch(batch)} == {"ready"}
    assert await room.names() == ["faq.csv", "manual.md"]
    assert await room.best("how do I return a parcel") == "Use the label inside."
    assert await room.ingest.resume() == 0


async def test_what_is_removed_is_no_longer_found(room: Room) -> None:
    (event,) = await room.add(("faq.csv", FAQ))
    assert event.document_id is not None
    assert await room.ingest.remove("shop", event.document_id)
    assert await room.best("how do I return a parcel") is None
    assert not await room.ingest.remove("shop", event.document_id)


async def test_a_draft_is_found_once_it_is_approved(room: Room) -> None:
    await room.add(("faq.csv", b"question,answer,status\nDo you ship to Venus?,Soon.,draft\n"))
    assert await room.best("Do you ship to Venus?") is None
    (pair,) = await room.store.pairs("shop")
    changed = await room.ingest.change_pair(
        "shop", pair.id, status="approved", owner="Lin", valid_from=None, valid_until=None
    )
    assert changed is not None
    assert (changed.status, changed.owner) == ("approved", "Lin")
    assert await room.best("Do you ship to Venus?") == "Soon."
