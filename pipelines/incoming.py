"""A file on its way in: its name, and how to get at its bytes when its turn comes.

It does not know where the bytes lie: in memory, in a form's temporary copy, in a folder.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath, PureWindowsPath

from core.errors import DocumentRejected, FileTooLarge
from core.reasons import sentence

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; what the parser takes at most."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """`read` gives the bytes, once, off the event loop; it may raise DocumentRejected with the reason.

    One at a time is read, so that a folder of files never lies in memory whole.
    """

    name: str
    read: Callable[[], bytes]

    async def content(self) -> bytes:
        """What `read` gives, without holding up the event loop."""
        return await asyncio.to_thread(self.read)

    @classmethod
    def of(cls, name: str, data: bytes) -> "IncomingFile":
        """A file whose bytes are at hand."""
        return cls(name, lambda: data)

    @classmethod
    def at(cls, path: Path, name: str | None = None) -> "IncomingFile":
        """A file in a folder, under its own name unless another is given."""
        return cls(name or path.name, lambda: _bytes_at(path))

    @classmethod
    def refused(cls, name: str, reason: str) -> "IncomingFile":
        """A file too large to come in, with the reason in one sentence; it is listed as failed."""

        def read() -> bytes:
            raise FileTooLarge(reason)

        return cls(name, read)


def too_large(name: str) -> str:
    """The reason for refusing a file over the limit."""
    return sentence("too_large", name=name, size=LARGEST_FILE // 2**20)


def plain_name(path: str) -> str:
    """The file's own name, whatever folders a browser or a zip put before it."""
    name = PureWindowsPath(PurePosixPath(path).name).name
    return name if name.strip(". ") else "unnamed"


def with_distinct_names(files: Sequence[IncomingFile | tuple[str, bytes]]) -> list[IncomingFile]:
    """The files under the names their documents shall have: their own, without folders.

    Where files of different folders have one name, the folders go into it (`2024/price.xlsx` becomes
    `price (2024).xlsx`): else the second would take the first one's place.
    """
    incoming = [file if isinstance(file, IncomingFile) else IncomingFile.of(*file) for file in files]
    folders: dict[str, set[str]] = {}
    for file in incoming:
        folders.setdefault(plain_name(file.name), set()).add(_folder(file.name))
    return [
        replace(file, name=_name(file.name, len(folders[plain_name(file.name)]) > 1)) for file in incoming
    ]


def files_at(paths: Sequence[Path]) -> list[IncomingFile]:
    """The files, and those in the folders, by name; hidden ones are left out of a folder."""
    found: list[IncomingFile] = []
    for path in paths:
        if not path.is_dir():
            found.append(IncomingFile.at(path))
            continue
        inside = ((file, file.relative_to(path)) for file in sorted(path.rglob("*")) if file.is_file())
        found += [
            IncomingFile.at(file, name.as_posix())
            for file, name in inside
            if not any(part.startswith(".") for part in name.parts)
        ]
    return found


def _folder(path: str) -> str:
    return "/".join(PureWindowsPath(path).parts[:-1])


def _name(path: str, with_folder: bool) -> str:
    name, folder = PurePosixPath(plain_name(path)), PureWindowsPath(path).parts[:-1]
    if not with_folder or not folder:
        return name.name
    return f"{name.stem} ({' - '.join(part.strip(':/') for part in folder)}){name.suffix}"


def _bytes_at(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DocumentRejected.because("too_large", name=path.name, size=LARGEST_FILE // 2**20)
        return path.read_bytes()
    except OSError:
        raise DocumentRejected(
            f"{path.name} cannot be opened; check that it is there and readable."
        ) from None
