"""The files of FaissVectors: mapped, swapped in whole, damaged, killed over, merged, shared. What both keepers of
vectors do is in tests/services/test_vectors_both.py."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from knowledge.vector_files import ShelfFolder
from knowledge.vectors import FaissVectors
from tests.support.logged import logged

ROOT = Path(__file__).parents[2]
MODEL = "some/model"


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncIterator[FaissVectors]:
    opened = FaissVectors(tmp_path, large=400)
    yield opened
    await opened.aclose()


def some(count: int, dimension: int = 32, seed: int = 1) -> npt.NDArray[np.float32]:
    data = np.random.default_rng(seed).normal(size=(count, dimension))
    return (data / np.linalg.norm(data, axis=1, keepdims=True)).astype(np.float32)


async def put(vectors: FaissVectors, rows: range, data: npt.NDArray[np.float32]) -> None:
    await vectors.add("shop", MODEL, rows, data[rows.start : rows.stop])
    await vectors.commit("shop", MODEL)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def indexes(folder: Path) -> list[Path]:
    """The FAISS files, largest first."""
    return sorted(folder.rglob("*.faiss"), key=lambda path: -path.stat().st_size)


def manifest(folder: Path) -> Path:
    (path,) = folder.rglob("manifest.json")
    return path


def segments(folder: Path) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(manifest(folder).read_text())["segments"]
    return listed


def mapped(path: Path) -> bool:
    return str(path) in Path("/proc/self/maps").read_text()


def killed_after(folder: Path, lines: int) -> int:
    """Run _ENDLESS, kill it after it has said so many lines, and give the last step that it called committed."""
    with subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        return int([*said, *process.stdout.read().splitlines()][-1])


async def test_files_are_merged_as_they_come_and_stay_few(tmp_path: Path, vectors: FaissVectors) -> None:
    data = some(900)
    for start in range(0, 900, 30):
        await put(vectors, range(start, start + 30), data)
    assert len([name for name in files(tmp_path) if name.endswith(".faiss")]) <= 4
    for row in range(0, 900, 45):
        assert (await vectors.nearest("shop", MODEL, data[row], 1))[0][0] == row


async def test_removed_rows_leave_the_file_once_they_are_many(tmp_path: Path, vectors: FaissVectors) -> None:
    data = some(300)
    await put(vectors, range(300), data)
    (before,) = indexes(tmp_path)
    size = before.stat().st_size
    await vectors.remove("shop", MODEL, range(60))
    await vectors.commit("shop", MODEL)
    assert indexes(tmp_path) == [before]
    await vectors.remove("shop", MODEL, range(60, 150))
    await vectors.commit("shop", MODEL)
    (after,) = indexes(tmp_path)
    assert after.stat().st_size < 0.6 * size
    assert await vectors.rows("shop", MODEL) == list(range(150, 300))
    assert {row for row, _ in await vectors.nearest("shop", MODEL, data[3], 10)} <= set(range(150, 300))


async def test_all_removed_leaves_no_file(tmp_path: Path, vectors: FaissVectors) -> None:
    await put(vectors, range(20), some(20))
    await vectors.remove("shop", MODEL, range(20))
    await vectors.commit("shop", MODEL)
    assert files(tmp_path) == ["lock", "manifest.json"]
    assert await vectors.nearest("shop", MODEL, some(1)[0], 3) == []


@pytest.mark.parametrize("count", [300, 3000])
async def test_vectors_are_mapped_from_the_file_and_not_read(tmp_path: Path, count: int) -> None:
    """Small and large files alike: what is mapped is the system's to drop, and processes share it."""
    writer = FaissVectors(tmp_path, large=1000)
    await put(writer, range(count), some(count, 512))
    await writer.aclose()
    reader = FaissVectors(tmp_path)
    await reader.nearest("shop", MODEL, some(1, 512)[0], 3)
    (file,) = indexes(tmp_path)
    assert mapped(file)
    await reader.aclose()


async def test_a_damaged_file_is_named_and_its_rows_are_missing(tmp_path: Path) -> None:
    data = some(100)
    writer = FaissVectors(tmp_path)
    await put(writer, range(90), data)
    await put(writer, range(90, 100), data)
    await writer.aclose()
    large = indexes(tmp_path)[0]
    content = bytearray(large.read_bytes())
    content[-9] ^= 1
    large.write_bytes(content)
    reader = FaissVectors(tmp_path)
    with logged("vector-files") as logs:
        assert await reader.rows("shop", MODEL) == list(range(90, 100))
    assert [(entry["event"], entry["file"]) for entry in logs] == [("vectors_damaged", large.name)]
    await put(reader, range(90), data)
    assert await reader.rows("shop", MODEL) == list(range(100))
    assert large.name not in files(tmp_path) or large.read_bytes() != bytes(content)
    await reader.aclose()


@pytest.mark.parametrize("content", [b"", b"{", b'{"sha256": "0", "segments": []}', b"[1]", b"\xff\xfe"])
async def test_a_damaged_manifest_is_an_empty_shelf(tmp_path: Path, content: bytes) -> None:
    writer = FaissVectors(tmp_path)
    await put(writer, range(5), some(5))
    await writer.aclose()
    manifest(tmp_path).write_bytes(content)
    reader = FaissVectors(tmp_path)
    with logged("vector-files") as logs:
        assert await reader.rows("shop", MODEL) == []
    assert logs[0]["event"] == "vectors_damaged"
    await put(reader, range(5), some(5))
    assert await reader.rows("shop", MODEL) == list(range(5))
    assert len(indexes(tmp_path)) == 1
    await reader.aclose()


_ENDLESS = """
import asyncio, sys
from pathlib import Path
import numpy as np
from knowledge.vectors import FaissVectors

async def main() -> None:
    vectors = FaissVectors(Path(sys.argv[1]), large=500)
    data = np.random.default_rng(1).normal(size=(100, 32)).astype(np.float32)
    data /= np.linalg.norm(data, axis=1, keepdims=True)
    for step in range(10_000):
        await vectors.add("shop", "some/model", range(step * 100, step * 100 + 100), data)
        if step:
            await vectors.remove("shop", "some/model", [step * 100 - 1])
        await vectors.commit("shop", "some/model")
        print(step, flush=True)

asyncio.run(main())
"""


@pytest.mark.process
async def test_killed_at_any_moment_it_is_whole_after_some_commit(tmp_path: Path) -> None:
    for attempt in range(6):
        folder = tmp_path / str(attempt)
        seen = killed_after(folder, 3 + 5 * attempt)
        reader = FaissVectors(folder)
        with logged("vector-files") as logs:
            rows = await reader.rows("shop", MODEL)
        assert logs == []
        steps = max(rows) // 100
        assert steps in (seen, seen + 1)
        dead = {step * 100 - 1 for step in range(1, steps + 1)}
        assert rows == [row for row in range(steps * 100 + 100) if row not in dead]
        await reader.remove("shop", MODEL, [0])
        await reader.commit("shop", MODEL)
        assert {path.name for path in indexes(folder)} == {entry["file"] for entry in segments(folder)}
        await reader.aclose()


async def test_two_processes_worth_of_writers_keep_each_others_rows(tmp_path: Path) -> None:
    data = some(200)
    writers = [FaissVectors(tmp_path), FaissVectors(tmp_path)]
    for number, writer in enumerate(writers):
        await writer.add("shop", MODEL, range(number * 100, number * 100 + 100), data[number * 100 :][:100])
        await writer.add("shop", MODEL, range(50, 60), data[50:60])
    await asyncio.gather(*(writer.commit("shop", MODEL) for writer in writers))
    for writer in writers:
        assert await writer.rows("shop", MODEL) == list(range(200))
        await writer.aclose()
    assert sum(int(str(entry["count"])) for entry in segments(tmp_path)) == 200


async def test_a_file_merged_away_by_another_process_is_searched_on(tmp_path: Path) -> None:
    data = some(100)
    mine, theirs = FaissVectors(tmp_path), FaissVectors(tmp_path)
    await put(mine, range(10), data)
    shelf = ShelfFolder(manifest(tmp_path).parent, 400).open()
    await put(theirs, range(10, 100), data)
    assert shelf.nearest(data[4], 1)[0][0] == 4
    assert (await mine.nearest("shop", MODEL, data[40], 1))[0][0] == 40
    for one in (mine, theirs):
        await one.aclose()


async def test_another_dimension_under_the_same_name_is_refused(vectors: FaissVectors) -> None:
    await put(vectors, range(3), some(3))
    with pytest.raises(ValueError, match="shape"):
        await vectors.nearest("shop", MODEL, some(1, 9)[0], 3)
    await vectors.add("shop", MODEL, [9], some(1, 9))
    with pytest.raises(ValueError, match="one dimension"):
        await vectors.commit("shop", MODEL)
    assert await vectors.rows("shop", MODEL) == [0, 1, 2]
