"""Which conversations were removed since the snapshots beside a SQLite file were made. Knows no row and no snapshot's inside.

A line a conversation, written before its removal is committed: a snapshot that is put back leaves them out.
"""

import fcntl
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import StorageUnavailable

FOLDER = "snapshots"
SUFFIX = ".xqb"

_FILE = "removed"
_LOCK = ".removed-lock"


class Removed:
    """The journal beside `database`; None where snapshots are a server's own business."""

    def __init__(self, database: Path | None) -> None:
        self.folder = None if database is None else database.parent / FOLDER
        stem = "" if database is None else database.stem
        self._name = re.compile(rf"{re.escape(stem)}-\d{{6}}-\d{{8}}-\d{{6}}{re.escape(SUFFIX)}")

    def snapshots(self) -> list[Path]:
        """Those of this database, the newest first."""
        if self.folder is None:
            return []
        found = (path for path in self.folder.glob(f"*{SUFFIX}") if self._name.fullmatch(path.name))
        return sorted(found, reverse=True)

    def has_snapshots(self) -> bool:
        return bool(self.snapshots())

    def note(self, conversations: Sequence[str]) -> None:
        """Within the write that removes them; nothing to do where no snapshot holds them. Raises StorageUnavailable."""
        if self.folder is None or not conversations or not self.has_snapshots():
            return
        try:
            with (
                _alone(self.folder),
                open(
                    os.open(self.folder / _FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab"
                ) as out,
            ):
                out.write("".join(f"{one}\n" for one in conversations).encode())
                out.flush()
                os.fsync(out.fileno())
        except OSError:
            raise StorageUnavailable(
                "Nothing was removed: the list beside the snapshots cannot be written; free space and try again.",
                retry_after=30,
            ) from None

    def read(self) -> list[str]:
        """All that are noted, oldest first."""
        if self.folder is None:
            return []
        try:
            return (self.folder / _FILE).read_text(encoding="ascii", errors="replace").split()
        except FileNotFoundError:
            return []

    def forget(self, conversations: Sequence[str]) -> None:
        """No snapshot holds these any more, which were the first when `read` was called. Raises OSError."""
        if self.folder is None or not conversations:
            return
        with _alone(self.folder):
            rest = self.read()[len(conversations) :]
            draft = self.folder / f"{_FILE}.part"
            draft.write_text("".join(f"{one}\n" for one in rest), encoding="ascii")
            draft.chmod(0o600)
            draft.replace(self.folder / _FILE)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
