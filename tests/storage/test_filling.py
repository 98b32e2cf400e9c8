"""A new document of many chunks: stored in steps, found whole, and never left half for good."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.documents import Chunk, Document, DocumentStatus, QueuedFile
from core.errors import Conflict
from storage import filling
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.queue import SqlIngestQueue
from tests.storage.rooms import writer_held
from tests.support.keys import MASTER

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MANY = 1500
MANUAL = Document("d1", "shop", "手册.md", 3, "ab", DocumentStatus.READY, MANY, NOW)
CHUNKS = [
    Chunk(f"c{n}", "shop", "d1", "手册.md", n, "退货", "Returns", f"text of passage {n}") for n in range(MANY)
]


async def half_stored(db: Database, document: Document, chunks: Sequence[Chunk]) -> None:
    """What a process leaves that is killed between two steps."""
    assert await db.write(lambda connection: filling.begin(connection, document, b"abc"))
    assert await db.write(lambda connection: filling.add(connection, document, chunks))


def queued(**more: object) -> QueuedFile:
    file = QueuedFile("f1", "b1", "shop", 0, MANUAL.name, 3, "ab", NOW)
    return replace(file, **more)  # type: ignore[arg-type]


async def test_it_is_found_whole_or_not_at_all(db: Database) -> None:
    store = SqlDocumentStore(db)
    seen: set[tuple[int, int]] = set()
    storing = asyncio.create_task(store.put(MANUAL, CHUNKS, b"abc"))
    halves = 0
    while not storing.done():
        async with writer_held(db):
            seen.add((await store.version("shop"), len(await store.rows("shop"))))
            halves += 0 < len(await store.chunks("shop", "d1")) < MANY
    await storing
    assert seen <= {(0, 0), (1, MANY)}
    assert halves > 0
    assert await store.get("shop", "d1") == MANUAL
    assert await store.raw("shop", "d1") == b"abc"
    assert [one.id for one in await store.chunks("shop", "d1")] == [one.id for one in CHUNKS]
    assert (len(await store.rows("shop")), await store.version("shop")) == (MANY, 1)


async def test_other_writes_pass_between_its_steps(db: Database) -> None:
    store = SqlDocumentStore(db)
    storing = asyncio.create_task(store.put(MANUAL, CHUNKS, b"abc"))
    passed = 0
    while not storing.done():
        await db.write(lambda _: None)
        passed += 1
    await storing
    assert passed > MANY / filling.SLICE


async def test_what_a_killed_process_left_is_not_found_and_is_finished(db: Database) -> None:
    store = SqlDocumentStore(db)
    old = replace(CHUNKS[0], id="old", text="what an earlier version of the file said")
    await half_stored(db, replace(MANUAL, sha256="cd"), [old, *CHUNKS[:50]])
    assert (await store.rows("shop"), await store.version("shop")) == ([], 0)
    half = await store.get("shop", "d1")
    assert half is not None
    assert half.status is DocumentStatus.PENDING
    await store.put(MANUAL, CHUNKS, b"abc")
    assert [one.id for one in await store.chunks("shop", "d1")] == [one.id for one in CHUNKS]
    assert len(await store.rows("shop")) == MANY


@pytest.mark.parametrize(
    ("file", "kept"),
    [
        (None, False),
        (queued(), True),
        (queued(status="failed"), False),
        (queued(base="bank"), False),
        (queued(name="other.md"), False),
    ],
)
async def test_only_what_a_file_will_finish_stays_half_stored(
    db: Database, file: QueuedFile | None, kept: bool
) -> None:
    store = SqlDocumentStore(db)
    await half_stored(db, MANUAL, CHUNKS[:50])
    await store.put(replace(MANUAL, id="whole", name="whole.md"), CHUNKS[:1], None)
    if file is not None:
        await SqlIngestQueue(db).put(file, b"abc" if file.status == "waiting" else None)
    assert await store.drop_unfinished("bank") == 0
    assert await store.drop_unfinished("shop") == (0 if kept else 1)
    assert {one.id for one in await store.list("shop")} == {"whole", *([MANUAL.id] if kept else [])}
    assert len(await store.chunks("shop", "d1")) == (50 if kept else 0)


async def test_what_is_being_stored_is_not_taken_for_left_over(db: Database) -> None:
    store = SqlDocumentStore(db)
    storing = asyncio.create_task(store.put(MANUAL, CHUNKS, b"abc"))
    while not storing.done():
        assert await store.drop_unfinished("shop") == 0
    await storing
    assert len(await store.rows("shop")) == MANY


async def test_who_removes_it_meanwhile_is_heeded(db: Database) -> None:
    store = SqlDocumentStore(db)
    storing = asyncio.create_task(store.put(MANUAL, CHUNKS, b"abc"))
    removed = False
    while not removed:
        removed = await store.delete("shop", "d1")
    with pytest.raises(Conflict, match=r"手册\.md was removed"):
        await storing
    assert (await store.list("shop"), await store.rows("shop")) == ([], [])


async def test_two_processes_storing_the_same_document_leave_one_whole(db: Database, url: str) -> None:
    beside = Database(url, MASTER)
    await beside.start()
    try:
        later = replace(MANUAL, updated_at=datetime(2026, 11, 23, 13, tzinfo=UTC))
        stores = SqlDocumentStore(db), SqlDocumentStore(beside)
        await asyncio.gather(stores[0].put(MANUAL, CHUNKS, b"abc"), stores[1].put(later, CHUNKS, b"abc"))
        found = await stores[0].get("shop", "d1")
        assert found in (MANUAL, later)
        assert len(await stores[1].rows("shop")) == len(await stores[0].chunks("shop", "d1")) == MANY
    finally:
        await beside.aclose()


async def test_a_readable_version_serves_until_the_new_one_is_whole(db: Database) -> None:
    store = SqlDocumentStore(db)
    await store.put(MANUAL, CHUNKS[:2], b"abc")
    other = [replace(one, id=f"new{one.position}", text=f"new {one.position}") for one in CHUNKS]
    storing = asyncio.create_task(store.put(replace(MANUAL, sha256="cd"), other, b"abcd"))
    counts = set()
    while not storing.done():
        counts.add(len(await store.rows("shop")))
    await storing
    assert counts <= {2, MANY}
    assert [one.id for one in await store.chunks("shop", "d1")] == [one.id for one in other]
    assert await store.raw("shop", "d1") == b"abcd"


async def test_what_can_wait_lets_others_go_first_and_is_done_under_any_load(db: Database) -> None:
    order: list[str] = []
    async with writer_held(db):
        waiting = [
            asyncio.create_task(db.write(lambda _, name=name: order.append(name), later=name == "step"))
            for name in ("step", "question", "question")
        ]
        await asyncio.sleep(0.01)  # each is queued
    await asyncio.gather(*waiting)
    assert order == ["question", "question", "step"]

    step = asyncio.create_task(db.write(lambda _: order.append("step"), later=True))
    pressing: set[asyncio.Task[None]] = set()
    async with asyncio.timeout(20):
        while not step.done():
            while len(pressing) < 4:
                task = asyncio.create_task(db.write(lambda _: time.sleep(0.02)))
                pressing.add(task)
                task.add_done_callback(pressing.discard)
            await asyncio.sleep(0.005)
    await asyncio.gather(*pressing)
