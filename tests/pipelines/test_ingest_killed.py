"""A process is killed in mid-batch, at every kind of moment; the next one on the same folder goes on."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from core.documents import DocumentStatus
from tests.pipelines.ingest_room import Room

ROOT = Path(__file__).parents[2]
SECTIONS = 300
OLD = b"# Lockers\n\nLockers keep parcels for three days.\n"

pytestmark = pytest.mark.process


def manual(number: int, sections: int = SECTIONS) -> str:
    """A file that takes a moment to read, with a word of its own in every section."""
    parts = (
        f"## Section {n}\n\nThe part zq{number}x{n} weighs {n} grams and costs {n + number} euros.\n"
        for n in range(sections)
    )
    return f"# Manual {number}\n\n" + "\n".join(parts)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Four manuals, a broken file, and a new version of what is known already."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(4):
        (folder / f"m{number}.md").write_text(manual(number))
    (folder / "broken.pdf").write_bytes(b"no pdf")
    (folder / "lockers.md").write_bytes(OLD.replace(b"three", b"five"))
    return folder


def ingest_until_half_stored(data: Path, files: Path) -> str:
    """Run the process and kill it once some passages of its only file are stored; gives the batch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipelines.ingest_room", str(data), str(files), "half"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdout is not None
        batch = next(line for line in process.stdout if line.startswith("accepted")).split()[1]
        assert "half\n" in process.stdout, "it ended before"
        with closing(sqlite3.connect(data / "xiaoq.db")) as database:
            assert database.execute("SELECT count(*) FROM chunk").fetchone() != (0,)
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    return batch


def ingest_until(data: Path, files: Path, moment: str) -> str:
    """Run the process and kill it when it says a line that begins so; gives the batch."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.pipelines.ingest_room", str(data), str(files)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    said: list[str] = []
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            said += (
                [line.strip()] if line.startswith(("accepted", "reading", "ready", "failed", "ended")) else []
            )
            if said and said[-1].startswith(moment):
                process.kill()
                break
            process.stdin.write("\n")
            process.stdin.flush()
        assert process.wait(30) == -signal.SIGKILL, said
    return next(line for line in said if line.startswith("accepted")).split()[1]


@pytest.mark.parametrize(
    "moment", ["accepted", "reading broken.pdf", "reading m1.md", "failed", "ready m0.md", "ready m2.md"]
)
async def test_the_next_start_serves_goes_on_and_doubles_nothing(
    tmp_path: Path, files: Path, moment: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    before = Room(data)
    await before.start()
    await before.add(("lockers.md", OLD))
    await before.close()

    batch = await asyncio.to_thread(ingest_until, data, files, moment)

    room = Room(data)
    await room.start()
    try:
        served = await room.best("how long do lockers keep parcels")
        assert served is not None
        assert served.startswith("Lockers keep parcels for")
        waiting = [file for file in await room.queue.batch(batch) if file.status == "waiting"]
        assert await room.ingest.resume() == len(waiting) > 0
        async with asyncio.timeout(60):
            await room.ingest.settled()
        ended = {file.name: file.status for file in await room.queue.batch(batch)}
        assert ended == dict.fromkeys((f"m{n}.md" for n in range(4)), "ready") | {
            "broken.pdf": "failed",
            "lockers.md": "ready",
        }
        assert await room.names() == ["broken.pdf", "lockers.md", "m0.md", "m1.md", "m2.md", "m3.md"]
        for document in await room.store.list("shop"):
            chunks = await room.store.chunks("shop", document.id)
            assert len({chunk.text for chunk in chunks}) == len(chunks) == document.chunks
        assert await room.best("how long do lockers keep parcels") == "Lockers keep parcels for five days."
        assert "zq3x7 " in (await room.best("zq3x7") or "")
        assert await room.ingest.resume() == 0
    finally:
        await room.close()


async def test_a_document_half_stored_is_not_found_and_the_next_start_finishes_it(tmp_path: Path) -> None:
    data, files = tmp_path / "data", tmp_path / "files"
    data.mkdir()
    files.mkdir()
    (files / "m1.md").write_text(manual(1, sections=6000))
    batch = await asyncio.to_thread(ingest_until_half_stored, data, files)

    room = Room(data)
    await room.start()
    try:
        (half,) = await room.store.list("shop")
        assert half.status is DocumentStatus.PENDING
        assert 0 < len(await room.store.chunks("shop", half.id)) < 6000
        assert await room.best("zq1x7") is None
        assert await room.ingest.resume() == 1
        async with asyncio.timeout(60):
            await room.ingest.settled()
        assert [file.status for file in await room.queue.batch(batch)] == ["ready"]
        chunks = await room.store.chunks("shop", half.id)
        assert len({chunk.text for chunk in chunks}) == len(chunks) == 6000
        assert "zq1x7 " in (await room.best("zq1x7") or "")
    finally:
        await room.close()


async def test_what_nobody_will_finish_goes_with_the_batch(tmp_path: Path) -> None:
    """A person stops the batch that a killed process left, before its half-stored file has its turn."""
    data, files = tmp_path / "data", tmp_path / "files"
    data.mkdir()
    files.mkdir()
    (files / "m1.md").write_text(manual(1, sections=6000))
    batch = await asyncio.to_thread(ingest_until_half_stored, data, files)

    room = Room(data)
    await room.start()
    try:
        await room.ingest.resume()
        assert await room.ingest.stop(batch)
        await room.ingest.settled()
        assert [file.status for file in await room.queue.batch(batch)] == ["failed"]
        assert await room.names() == []
    finally:
        await room.close()


async def test_killed_again_and_again_it_still_ends(tmp_path: Path, files: Path) -> None:
    """Each life takes up what the last one left, with a batch of its own on top."""
    data = tmp_path / "data"
    data.mkdir()
    batches = [
        await asyncio.to_thread(ingest_until, data, files, moment)
        for moment in ("reading m0.md", "accepted", "ready m1.md")
    ]
    room = Room(data)
    await room.start()
    try:
        await room.ingest.resume()
        async with asyncio.timeout(60):
            await room.ingest.settled()
        for batch in batches:
            assert "waiting" not in {file.status for file in await room.queue.batch(batch)}
        assert await room.names() == ["broken.pdf", "lockers.md", "m0.md", "m1.md", "m2.md", "m3.md"]
        assert all(
            document.chunks == SECTIONS
            for document in await room.store.list("shop")
            if document.name.startswith("m")
        )
    finally:
        await room.close()
