"""A shelf of vectors on disk: FAISS files that are never changed, and a manifest that names those in force.

It does not know which base or model the vectors belong to, nor who waits for them.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog

from knowledge.vector_index import Vectors32, build, matrix_of, opened, rows_of, search

log = structlog.get_logger()

_MANIFEST = "manifest.json"
_LOCK = "lock"
_DEAD = 0.25
"""The share of removed vectors from which a file is written anew without them."""
_TIER = 2
"""A file is merged with the next younger one that is at least 1/_TIER of its size: few files, few rewrites."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One file: `rows` says whose each vector is, `gone` (sorted, distinct) whose no longer count."""

    file: str
    sha256: str
    index: Any
    rows: npt.NDArray[np.int64]
    gone: npt.NDArray[np.int64]

    @property
    def live(self) -> npt.NDArray[np.bool_]:
        return ~np.isin(self.rows, self.gone)

    @property
    def dead_share(self) -> float:
        return 1.0 - float(np.count_nonzero(self.live)) / max(1, len(self.rows))


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one manifest names, opened. Immutable: a commit makes another."""

    segments: Sequence[Segment] = ()
    stamp: tuple[int, int] | None = None
    """The manifest file's inode and time of change."""
    rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """The live rows, ascending, each once."""

    def nearest(self, vector: Vectors32, k: int) -> list[tuple[int, float]]:
        """The `k` nearest live rows with the cosine of their nearest vector, best first."""
        if not len(self.rows) or k < 1:
            return []
        best: dict[int, float] = {}
        for segment in self.segments:
            for row, cosine in _nearest(segment, vector, k):
                best[row] = max(cosine, best.get(row, -2.0))
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))[:k]


def _nearest(segment: Segment, vector: Vectors32, k: int) -> list[tuple[int, float]]:
    """Asks for more vectors until `k` distinct live rows are among them: a row may own hundreds."""
    if vector.shape != (segment.index.d,):
        raise ValueError(f"The vector has shape {vector.shape}, those of the model have {segment.index.d}.")
    total, wanted, gone = len(segment.rows), k + min(k, len(segment.gone)), set(segment.gone.tolist())
    while True:
        cosines, rows = search(segment.index, vector, min(wanted, total))
        found: dict[int, float] = {}
        for row, cosine in zip(rows.tolist(), cosines.tolist(), strict=True):
            if row >= 0 and row not in gone:
                found.setdefault(row, cosine)
        if len(found) >= k or wanted >= total:
            return list(found.items())[:k]
        wanted *= 4


class ShelfFolder:
    """The folder of one shelf. Several processes may write to it: each commit goes by the newest manifest."""

    def __init__(self, folder: Path, large: int) -> None:
        self._folder = folder
        self._large = large

    def stamp(self) -> tuple[int, int] | None:
        try:
            status = (self._folder / _MANIFEST).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def open(self) -> Shelf:
        """What the manifest names. A damaged file is left out, named in the log: its rows are simply missing."""
        for _ in range(3):
            stamp = self.stamp()
            segments = [self._open(entry) for entry in self._entries()]
            if stamp == self.stamp():
                break  # else another process has merged files meanwhile
        return _shelf([segment for segment in segments if segment is not None], stamp)

    def _entries(self) -> list[dict[str, Any]]:
        try:
            manifest = json.loads((self._folder / _MANIFEST).read_bytes())
            if _digest(_canonical(manifest["segments"])) == manifest["sha256"]:
                return list(manifest["segments"])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError):
            pass  # said below, as for a wrong checksum
        log.error("vectors_damaged", folder=self._folder.name, file=_MANIFEST, lost="all")
        return []

    def _open(self, entry: dict[str, Any]) -> Segment | None:
        path = self._folder / Path(str(entry["file"])).name
        try:
            if _file_digest(path) == entry["sha256"]:
                index = opened(path)
                gone = np.asarray(entry["gone"], np.int64)
                return Segment(path.name, str(entry["sha256"]), index, rows_of(index), gone)
        except (OSError, RuntimeError):
            pass  # faiss raises RuntimeError for what it cannot read; said below, as for a wrong checksum
        log.error("vectors_damaged", folder=self._folder.name, file=path.name, lost=entry.get("count"))
        return None

    def commit(
        self, current: Shelf, removed: Sequence[int], rows: npt.NDArray[np.int64], vectors: Vectors32
    ) -> Shelf:
        """Take `removed` away, then add `vectors`; one that its row has already (two processes that embed the same)
        is not added again. Raises ValueError for vectors of another dimension."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if self.stamp() != current.stamp:
                current = self.open()
            segments = [_without(segment, removed) for segment in current.segments]
            if len(rows) and any(segment.index.d != vectors.shape[1] for segment in segments):
                raise ValueError("Vectors of one model have one dimension.")
            fresh = _new(segments, rows, vectors)
            if fresh.any():
                segments.append(self._write(rows[fresh], vectors[fresh]))
            return self._publish(self._compact(segments))

    def clear(self) -> None:
        """Forget everything; the folder goes, too."""
        if not self._folder.is_dir():
            return
        with self._locked():
            for path in self._folder.iterdir():
                path.unlink()
        self._folder.rmdir()

    def _compact(self, segments: Sequence[Segment]) -> list[Segment]:
        """Rewrite what is mostly dead and merge what is of like size, youngest first."""
        kept: list[Segment] = []
        for segment in segments:
            pending, rewrite = [segment], segment.dead_share > _DEAD
            while kept and len(kept[-1].rows) <= _TIER * sum(len(one.rows) for one in pending):
                pending.insert(0, kept.pop())
                rewrite = True
            kept += [merged] if rewrite and (merged := self._merged(pending)) else [] if rewrite else pending
        return kept

    def _merged(self, segments: Sequence[Segment]) -> Segment | None:
        parts = [(segment.rows[live], matrix_of(segment.index)[live]) for segment in segments
                 if (live := segment.live).any()]  # fmt: skip
        if not parts:
            return None
        return self._write(np.concatenate([r for r, _ in parts]), np.concatenate([v for _, v in parts]))

    def _write(self, rows: npt.NDArray[np.int64], vectors: Vectors32) -> Segment:
        """A new file, whole and on the disk before it has its name."""
        import faiss

        beside = self._folder / "segment.new"
        faiss.write_index(build(rows, vectors, self._large), str(beside))
        _sync(beside)
        digest = _file_digest(beside)
        path = self._folder / f"{digest[:24]}.faiss"
        beside.replace(path)
        return Segment(path.name, digest, opened(path), rows, np.empty(0, np.int64))

    def _publish(self, segments: Sequence[Segment]) -> Shelf:
        entries = [
            {"file": s.file, "sha256": s.sha256, "count": len(s.rows), "gone": s.gone.tolist()}
            for s in segments
        ]
        beside = self._folder / f"{_MANIFEST}.new"
        beside.write_text(json.dumps({"sha256": _digest(_canonical(entries)), "segments": entries}))
        _sync(beside)
        beside.replace(self._folder / _MANIFEST)
        _sync(self._folder)
        named = {segment.file for segment in segments}
        for path in self._folder.glob("*.faiss"):
            if path.name not in named:
                path.unlink()  # whoever still searches it keeps his mapping
        return _shelf(segments, self.stamp())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self._folder / _LOCK).open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _shelf(segments: Sequence[Segment], stamp: tuple[int, int] | None) -> Shelf:
    live = [segment.rows[segment.live] for segment in segments]
    return Shelf(tuple(segments), stamp, np.unique(np.concatenate(live)) if live else np.empty(0, np.int64))


def _new(
    segments: Sequence[Segment], rows: npt.NDArray[np.int64], vectors: Vectors32
) -> npt.NDArray[np.bool_]:
    """Which vectors their rows do not have yet, those given twice once."""
    given: set[tuple[int, bytes]] = set()
    fresh = np.asarray(
        [_first(given, (r, v.tobytes())) for r, v in zip(rows.tolist(), vectors, strict=True)], bool
    )
    for segment in segments:
        again = segment.live & np.isin(segment.rows, rows)
        if again.any():
            known = zip(segment.rows[again].tolist(), matrix_of(segment.index)[again], strict=True)
            held = {(row, vector.tobytes()) for row, vector in known}
            fresh &= [(r, v.tobytes()) not in held for r, v in zip(rows.tolist(), vectors, strict=True)]
    return fresh


def _first(given: set[tuple[int, bytes]], one: tuple[int, bytes]) -> bool:
    if one in given:
        return False
    given.add(one)
    return True


def _without(segment: Segment, removed: Sequence[int]) -> Segment:
    gone = np.union1d(segment.gone, np.intersect1d(segment.rows, np.asarray(removed, np.int64)))
    return Segment(segment.file, segment.sha256, segment.index, segment.rows, gone)


def _canonical(entries: Any) -> bytes:
    return json.dumps(entries, sort_keys=True).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
