"""One base's index on disk: segment files and a manifest that names those in force, swapped in whole.

A process that dies at any moment leaves the old manifest or the new one. It does not know the store.
"""

import asyncio
import base64
import fcntl
import hashlib
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from knowledge.live import Mask
from knowledge.segment_files import SUFFIX, DamagedFile, SegmentFile, digest_of, open_segment, write_segment
from knowledge.snapshot import Part, Snapshot

log = structlog.get_logger()

_MANIFEST = "manifest"
_LOCK = "lock"
_FORMAT = 1
_CHECKED_AT_ONCE = 256 << 20
"""Bytes whose SHA-256 is checked before they serve, about half a second; the rest is checked while it
serves."""
_CHECKED_PER_SECOND = 128 << 20
_PIECE = 1 << 22


class IndexFolder:
    """`load` and `save` belong to whoever holds the folder; reading what was loaded needs no hold."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._stamp: tuple[int, int] | None = None
        self._files: dict[str, SegmentFile] = {}
        self._unchecked: list[str] = []

    def take(self) -> int | None:
        """The right to write, as a descriptor for `give`; None while another process has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor

    @staticmethod
    def give(descriptor: int) -> None:
        os.close(descriptor)

    def changed(self) -> bool:
        """Whether another process has written a manifest since the last `load` or `save`."""
        return self._stamp_now() != self._stamp

    def load(self, known: Sequence[Part] = ()) -> Snapshot:
        """What the manifest names, less what is missing or damaged; such a snapshot has version -1, so that
        the rest is indexed again. Parts that are `known` are not opened anew."""
        stamp = self._stamp_now()
        manifest = self._manifest()
        opened = {part.file: part for part in known if part.file}
        parts, whole, room = [], manifest is not None, _CHECKED_AT_ONCE
        for entry in reversed(manifest["parts"] if manifest else []):
            file = SegmentFile(str(entry["file"]), int(entry["size"]), str(entry["sha256"]))
            try:
                part = opened.get(file.name) or self._open(file, check=file.size <= room)
            except (OSError, DamagedFile):
                log.warning("index_file_damaged", file=file.name)
                whole = False
                continue
            room -= 0 if file.name in opened else file.size
            self._files[file.name] = file
            parts.append(replace(part, alive=_unpacked(entry["alive"], part.segment.size)))
        self._stamp = stamp
        return Snapshot.of(int(manifest["version"]) if manifest and whole else -1, parts[::-1])

    def save(self, snapshot: Snapshot) -> Snapshot:
        """Bring a snapshot to the disk; the same one, out of the files, comes back. Raises OSError."""
        parts = [part if part.file else self._written(part) for part in snapshot.parts]
        entries = [
            {
                "file": part.file,
                "size": self._files[part.file].size,
                "sha256": self._files[part.file].sha256,
                "alive": _packed(part.alive),
            }
            for part in parts
        ]
        body = json.dumps({"format": _FORMAT, "version": snapshot.version, "parts": entries}).encode()
        beside = self.folder / f"{_MANIFEST}.new"
        with beside.open("wb") as out:
            out.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            out.flush()
            os.fsync(out.fileno())
        _settle(self.folder)
        beside.replace(self.folder / _MANIFEST)
        _settle(self.folder)
        self._stamp = self._stamp_now()
        return Snapshot.of(snapshot.version, parts)

    def adopt(self, file: SegmentFile) -> Part:
        """A file that was just written into this folder, as a part. Raises DamagedFile, OSError."""
        part = self._open(file, check=False)
        self._files[file.name] = file
        return part

    def sweep(self, snapshot: Snapshot) -> None:
        """Delete the files that this snapshot does not need; whoever still reads one keeps it until then."""
        needed = {part.file for part in snapshot.parts}
        for path in [*self.folder.glob(f"*{SUFFIX}"), *self.folder.glob("*.new")]:
            if path.name not in needed:
                path.unlink(missing_ok=True)
        self._files = {name: file for name, file in self._files.items() if name in needed}

    async def damaged(self) -> AsyncIterator[str]:
        """The names of files that serve and are not what was written, found by reading those that `load` did
        not check, at a rate that leaves the disk to others."""
        while self._unchecked:
            name = self._unchecked.pop()
            digest, path = hashlib.sha256(), self.folder / name
            try:
                with await asyncio.to_thread(path.open, "rb") as file:
                    while piece := await asyncio.to_thread(file.read, _PIECE):
                        await asyncio.to_thread(digest.update, piece)
                        await asyncio.sleep(len(piece) / _CHECKED_PER_SECOND)
            except OSError:
                digest = hashlib.sha256()
            if name in self._files and digest.hexdigest() != self._files[name].sha256:
                log.warning("index_file_damaged", file=name)
                yield name

    def _open(self, file: SegmentFile, *, check: bool) -> Part:
        path = self.folder / Path(file.name).name
        segment = open_segment(path, file.size)
        if check and digest_of(path) != file.sha256:
            raise DamagedFile(file.name)
        if not check:
            self._unchecked.append(file.name)
        return Part(segment, None, file.name)

    def _written(self, part: Part) -> Part:
        self.folder.mkdir(parents=True, exist_ok=True)
        file = write_segment(part.segment, self.folder)
        self._files[file.name] = file
        return Part(open_segment(self.folder / file.name, file.size), part.alive, file.name)

    def _manifest(self) -> Mapping[str, Any] | None:
        try:
            digest, _, body = (self.folder / _MANIFEST).read_bytes().partition(b"\n")
            if hashlib.sha256(body).hexdigest().encode() != digest:
                raise DamagedFile(_MANIFEST)
            manifest: Mapping[str, Any] = json.loads(body)
        except FileNotFoundError:
            return None
        except (OSError, DamagedFile, ValueError):
            log.warning("index_manifest_damaged")
            return None
        return manifest if manifest.get("format") == _FORMAT else None

    def _stamp_now(self) -> tuple[int, int] | None:
        try:
            status = (self.folder / _MANIFEST).stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


def clear_old_layout(folder: Path) -> None:
    """Drop the FAISS files that an earlier layout kept in here, a folder a base."""
    for manifest in folder.glob("*/manifest.json"):
        for path in [*manifest.parent.glob("*.faiss"), manifest]:
            path.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Names in a folder are on the disk only when the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _packed(alive: Mask | None) -> str | None:
    return None if alive is None else base64.b64encode(np.packbits(alive).tobytes()).decode()


def _unpacked(text: str | None, size: int) -> Mask | None:
    if text is None:
        return None
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=size).astype(bool)
