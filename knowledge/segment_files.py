"""Segments as files: a header that says where each array lies, then the arrays, mapped into memory when read.

A file is named by the beginning of its SHA-256 and never changed. It does not know which files are in force.
"""

import dataclasses
import hashlib
import json
import mmap
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge.postings import Postings
from knowledge.segments import Segment

SUFFIX = ".segment"
_MAGIC = b"XQINDEX1"
_ALIGN = 64
_FACTS = {
    "rows": np.int64,
    "prints": np.uint64,
    "checks": np.uint32,
    "lengths": np.uint32,
    "kinds": np.uint8,
    "language": np.uint16,
    "since": np.int32,
    "until": np.int32,
    "owners": np.uint16,
}
_POSTINGS = {
    "vocabulary": np.uint64,
    "starts": np.uint32,
    "rows": np.uint16,
    "counts": np.uint8,
    "lengths": np.uint32,
}
_PIECE = 1 << 22


class DamagedFile(Exception):
    """Not what was written."""


@dataclasses.dataclass(frozen=True, slots=True)
class SegmentFile:
    """A written file: its name in the folder, its size and its SHA-256 in hexadecimal."""

    name: str
    size: int
    sha256: str


def write_segment(segment: Segment, folder: Path) -> SegmentFile:
    """Written beside and renamed when it is whole and on the disk."""
    arrays = dict(_arrays(segment))
    header = json.dumps(
        {"languages": list(segment.languages), "sizes": {name: len(array) for name, array in arrays.items()}}
    ).encode()
    beside = folder / f"{os.getpid()}-{time.monotonic_ns()}.new"
    digest, size = hashlib.sha256(), 0
    with beside.open("wb") as out:
        os.fchmod(out.fileno(), 0o600)
        for piece in _pieces(header, arrays):
            digest.update(piece)
            out.write(piece)
            size += len(piece)
        out.flush()
        os.fsync(out.fileno())
    name = f"{digest.hexdigest()[:32]}{SUFFIX}"
    beside.replace(folder / name)
    return SegmentFile(name, size, digest.hexdigest())


def open_segment(path: Path, size: int) -> Segment:
    """Map a file into memory. Raises DamagedFile where size or header are not those of a segment, OSError
    where there is no such file; what the arrays hold is `digest_of`'s to tell."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size != size or size < len(_MAGIC) + 8:
            raise DamagedFile(path.name)
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    header, at = _header(mapped, path.name)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, kind in _kinds():
        count = header["sizes"][name]
        if not isinstance(count, int) or count < 0 or at + count * np.dtype(kind).itemsize > size:
            raise DamagedFile(path.name)
        arrays[name] = np.frombuffer(mapped, kind, count, at)
        at = _aligned(at + arrays[name].nbytes)
    return _segment(arrays, [str(name) for name in header["languages"]])


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _kinds() -> Iterator[tuple[str, Any]]:
    yield from _FACTS.items()
    for part in ("bodies", "phrasings"):
        for name, kind in _POSTINGS.items():
            yield f"{part}.{name}", kind


def _arrays(segment: Segment) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    for name, kind in _kinds():
        part, _, field = name.rpartition(".")
        array = getattr(getattr(segment, part) if part else segment, field)
        yield name, np.ascontiguousarray(array, kind)


def _segment(arrays: dict[str, npt.NDArray[Any]], languages: list[str]) -> Segment:
    bodies, phrasings = (
        Postings(**{name: arrays[f"{part}.{name}"] for name in _POSTINGS}) for part in ("bodies", "phrasings")
    )
    return Segment(
        **{name: arrays[name] for name in _FACTS}, bodies=bodies, phrasings=phrasings, languages=languages
    )


def _pieces(header: bytes, arrays: dict[str, npt.NDArray[Any]]) -> Iterator[bytes | memoryview]:
    head = _MAGIC + struct.pack("<Q", len(header)) + header
    yield head + b"\0" * (_aligned(len(head)) - len(head))
    for array in arrays.values():
        data = array.data.cast("B") if array.size else memoryview(b"")
        for at in range(0, len(data), _PIECE):
            yield data[at : at + _PIECE]
        yield b"\0" * (_aligned(len(data)) - len(data))


def _header(mapped: mmap.mmap, name: str) -> tuple[dict[str, Any], int]:
    begin = len(_MAGIC) + 8
    length = struct.unpack("<Q", mapped[len(_MAGIC) : begin])[0]
    if mapped[: len(_MAGIC)] != _MAGIC or begin + length > len(mapped):
        raise DamagedFile(name)
    try:
        header = json.loads(mapped[begin : begin + length])
        known = set(header["sizes"]) == {name for name, _ in _kinds()} and isinstance(
            header["languages"], list
        )
    except (ValueError, KeyError, TypeError):
        raise DamagedFile(name) from None
    if not known:
        raise DamagedFile(name)
    return header, _aligned(begin + length)


def _aligned(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN
