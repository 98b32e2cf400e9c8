"""The index on disk: what a later process finds of it, and what it does about what is not as it was left."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from knowledge.index import HybridIndex
from knowledge.index_folder import IndexFolder
from knowledge.segments import counted
from knowledge.snapshot import Part, Snapshot
from tests.knowledge.chunks import SHOP, MemoryStore, chunk

SUBJECTS = [
    f"{adjective} {noun}" for adjective in ("red", "green", "blue", "old") for noun in ("lamp", "chair")
]


def _shelf(folder: Path) -> Path:
    return folder / "lexical" / "shop"


def _only(folder: Path, pattern: str) -> Path:
    (path,) = _shelf(folder).glob(pattern)
    return path


async def _first(index: HybridIndex, question: str) -> str | None:
    passages = (await index.retrieve(["shop"], question)).passages
    return passages[0].id if passages else None


async def _left_behind(folder: Path, store: MemoryStore) -> None:
    index = HybridIndex(store, folder)
    await index.refresh()
    await index.aclose()


async def test_a_later_process_reads_what_an_earlier_one_has_indexed(tmp_path: Path) -> None:
    store = MemoryStore(
        shop=[chunk(n, f"Passage {n} tells of the {name}.") for n, name in enumerate(SUBJECTS * 100)]
    )
    await _left_behind(tmp_path, store)
    store.reads = 0
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    assert store.reads <= 128
    assert await _first(index, "What does passage 413 tell of?") == "c413"


@pytest.mark.parametrize("where", [0.0, 0.3, 0.999])
async def test_a_file_that_was_changed_is_indexed_again(tmp_path: Path, where: float) -> None:
    store = MemoryStore(shop=SHOP)
    await _left_behind(tmp_path, store)
    path = _only(tmp_path, "*.segment")
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= 0x55
    path.write_bytes(data)
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    assert await _first(index, "do gift cards expire") == "c4"
    assert (await index.health()).ready


@pytest.mark.parametrize("name", ["manifest", "*.segment"])
@pytest.mark.parametrize("left", [0, 10, None])
async def test_what_is_cut_short_or_gone_is_indexed_again(
    tmp_path: Path, name: str, left: int | None
) -> None:
    store = MemoryStore(shop=SHOP)
    await _left_behind(tmp_path, store)
    path = _only(tmp_path, name)
    if left is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:left])
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    assert await _first(index, "do gift cards expire") == "c4"


async def test_a_large_file_serves_at_once_and_is_checked_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.index_folder._CHECKED_AT_ONCE", 0)
    store = MemoryStore(shop=SHOP)
    await _left_behind(tmp_path, store)
    path = _only(tmp_path, "*.segment")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    async with asyncio.timeout(60):
        while _only(tmp_path, "*.segment").read_bytes() != data:
            await asyncio.sleep(0.01)
            await index.refresh()
    assert await _first(index, "do gift cards expire") == "c4"


async def test_an_older_database_put_back_is_noticed(tmp_path: Path) -> None:
    await _left_behind(tmp_path, MemoryStore(shop=SHOP))
    store = MemoryStore(shop=[chunk(n, f"The {name} is in the hall.") for n, name in enumerate(SUBJECTS[:6])])
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    assert await _first(index, "Where is the blue lamp?") == "c4"
    assert await _first(index, "do gift cards expire") is None


async def test_while_another_process_writes_the_old_index_serves_and_what_it_wrote_is_taken_over(
    tmp_path: Path,
) -> None:
    store = MemoryStore(shop=SHOP)
    index, other = HybridIndex(store, tmp_path), HybridIndex(store, tmp_path)
    await index.refresh()
    await other.refresh()
    assert store.reads == 2 * len(SHOP)
    store.put_chunks("shop", [*SHOP, chunk(9, "The red lamp is in the hall.")])
    held = IndexFolder(_shelf(tmp_path)).take()
    assert held is not None
    await index.refresh()
    assert await _first(index, "do gift cards expire") == "c4"
    assert await _first(index, "red lamp") is None
    waiting = asyncio.create_task(index.refresh(["shop"]))
    IndexFolder.give(held)
    await waiting
    assert await _first(index, "red lamp") == "c9"
    before = store.reads
    await other.refresh()
    assert store.reads == before
    assert await _first(other, "red lamp") == "c9"


async def test_where_nothing_can_be_written_the_index_serves_from_memory(tmp_path: Path) -> None:
    (tmp_path / "lexical").write_text("in the way")
    index = HybridIndex(MemoryStore(shop=SHOP), tmp_path)
    await index.refresh()
    assert await _first(index, "do gift cards expire") == "c4"


async def test_what_an_earlier_layout_left_is_cleared_away(tmp_path: Path) -> None:
    old = tmp_path / "shop"
    old.mkdir()
    for name in ("manifest.json", "0123456789abcdef.faiss"):
        (old / name).write_text("{}")
    await _left_behind(tmp_path, MemoryStore(shop=SHOP))
    assert list(old.iterdir()) == []


async def test_many_small_changes_leave_few_files(tmp_path: Path) -> None:
    store = MemoryStore(shop=())
    index = HybridIndex(store, tmp_path)
    held = [chunk(n, f"Passage {n} tells of the {name}.") for n, name in enumerate(SUBJECTS * 6)]
    for end in range(1, len(held)):
        store.put_chunks("shop", held[end // 2 : end])
        await index.refresh()
    assert len(list(_shelf(tmp_path).glob("*.segment"))) <= 8
    assert await _first(index, "What does passage 40 tell of?") == "c40"
    assert await _first(index, "What does passage 3 tell of?") != "c3"
    assert (await index.health()).detail.startswith(f"{len(held[end // 2 : end])} chunks")


async def test_many_chunks_are_indexed_by_a_process_of_their_own(tmp_path: Path) -> None:
    store = MemoryStore(shop=[chunk(n, f"Passage {n} tells.", "How?" * (n % 2)) for n in range(2500)])
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    assert await _first(index, "What does passage 1234 tell?") == "c1234"
    assert not list(_shelf(tmp_path).glob("*.new"))


async def test_where_that_process_fails_this_one_does_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.bulk.sys.executable", "/bin/false")
    store = MemoryStore(shop=[chunk(n, f"Passage {n} tells.") for n in range(2500)])
    index = HybridIndex(store, tmp_path)
    await index.refresh()
    assert await _first(index, "What does passage 1234 tell?") == "c1234"


def _rows_of(version: int) -> list[int]:
    return list(range(version, version + 3 + version % 5))


def write_versions(folder: Path, first: int) -> None:
    """What the process below does until it is killed."""
    shelf = IndexFolder(folder)
    assert shelf.take() is not None
    shelf.load()
    for version in range(first, first + 100_000):
        segment = counted([chunk(row, f"Passage {row}.", row=row) for row in _rows_of(version)])
        shelf.sweep(shelf.save(Snapshot.of(version, [Part(segment)])))


@pytest.mark.process
@pytest.mark.timeout(300)
def test_a_process_killed_at_any_moment_leaves_the_old_index_or_the_new_one(tmp_path: Path) -> None:
    imports = "import sys; from pathlib import Path; from tests.knowledge import test_index_folder as here"
    reached = 1
    for number in range(5):
        script = f"{imports}; here.write_versions(Path(sys.argv[1]), {reached})"
        writer = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[2]
        )
        before = IndexFolder(tmp_path).load().version
        while writer.poll() is None and IndexFolder(tmp_path).load().version in (-1, before):
            pass
        for _ in range(random.Random(number).randint(0, 40)):
            (tmp_path / "manifest").stat()
        os.kill(writer.pid, signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL
        left = IndexFolder(tmp_path).load()
        assert left.version >= reached
        assert left.rows().tolist() == _rows_of(left.version)
        assert np.array_equal(left.lexical.frequencies(["passage"]), [left.lexical.count])
        reached = left.version + 1
