"""A file on its way in: its name, and how to get at its bytes when its turn comes.

It does not know where the bytes lie: in memory, in a form's temporary copy, in a folder.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from core.errors import DocumentRejected

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes; what the parser takes at most."""


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """`read` gives the bytes, once, off the event loop; it may raise DocumentRejected with the reason.

    One at a time is read, so that a folder of files never lies in memory whole.
    """

    name: str
    read: Callable[[], bytes]

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
        """A file that did not come in, with the reason in one sentence; it is listed as failed."""

        def read() -> bytes:
            raise DocumentRejected(reason)

        return cls(name, read)


def too_large(name: str) -> str:
    """The reason for refusing a file over the limit."""
    return f"{name} is larger than {LARGEST_FILE // 2**20} MB; split it and upload the parts."


def plain_name(path: str) -> str:
    """The file's own name, whatever folders a browser or a zip put before it."""
    return PureWindowsPath(PurePosixPath(path).name).name or "unnamed"


def _bytes_at(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise DocumentRejected(too_large(path.name))
        return path.read_bytes()
    except OSError:
        raise DocumentRejected(
            f"{path.name} cannot be opened; check that it is there and readable."
        ) from None
