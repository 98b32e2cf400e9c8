"""Counts that the processes of one machine share, in a small file of fixed size under a lock.

No page of it is mapped: a full disk is then an error to be caught, and not the end of the process. Knows nobody whom
it counts.
"""

import asyncio
import contextlib
import fcntl
import os
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

from core.errors import StorageUnavailable
from core.limits import Back, Counted, Outcome, Take
from core.ports import Health
from storage.counters.memory import first_refused

SLOT = struct.Struct("<16s8sqd")
"""What is counted, by whom it is held (nobody: a window), how much, and until when."""
SLOTS, BUCKETS = 16, 8192
"""131,072 counts. In a bucket that is full the one that ends first is forgotten."""
BUCKET_BYTES = SLOT.size * SLOTS
FILE_BYTES = BUCKET_BYTES * BUCKETS
HELD_SECONDS = 30.0
"""How long what a process holds stays held after it died."""
RENEWED_SECONDS = 10.0
WINDOW = bytes(8)


class FileCounters:
    """core.limits.Counters for several processes. `now` is one clock for all of them that never goes back.

    Every method raises StorageUnavailable where the file cannot be used. Opens the file in `start`, so that a
    process that was forked has a lock of its own; it may be called again.
    """

    def __init__(
        self, file: Path, now: Callable[[], float] = time.monotonic, held_seconds: float = HELD_SECONDS
    ) -> None:
        self._file, self._now, self._held_seconds = file, now, held_seconds
        self._me = os.urandom(8)
        self._handle = -1
        self._mine: Counter[str] = Counter()
        self._renewing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._let_go()
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.posix_fallocate(self._handle, 0, FILE_BYTES)
        except OSError:
            raise _unavailable() from None
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._renew())

    async def take(self, wanted: Sequence[Take]) -> Outcome:
        with self._locked():
            now = self._now()
            buckets = [_Bucket(self._handle, each.key) for each in wanted]
            standing = [bucket.standing(each, now) for bucket, each in zip(buckets, wanted, strict=True)]
            refused = first_refused(wanted, standing)
            if refused is not None:
                return Outcome(standing, refused)
            for each, count in zip(wanted, standing, strict=True):
                if each.amount and each.seconds:
                    # Read again: another of these may have its place in the same bucket.
                    _Bucket(self._handle, each.key).put(WINDOW, count.used, count.mark, now)
                elif each.amount:
                    self._hold(each.key, each.amount, now)
        return Outcome(standing)

    def give(self, back: Sequence[Back]) -> None:
        with self._locked():
            now = self._now()
            for each in back:
                if not each.seconds:
                    self._hold(each.key, -each.amount, now)
                    continue
                bucket = _Bucket(self._handle, each.key)
                used, ends = bucket.window(now)
                if ends == each.mark:
                    bucket.put(WINDOW, max(0, used - each.amount), ends, now)

    async def health(self) -> Health:
        return Health(ready=True, detail="counted by the processes of this machine together")

    async def aclose(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        with contextlib.suppress(StorageUnavailable), self._locked():
            for key in list(self._mine):
                self._hold(key, -self._mine[key], self._now())
        self._let_go()

    def _let_go(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _hold(self, key: str, amount: int, now: float) -> None:
        self._mine[key] = max(0, self._mine[key] + amount)
        held = self._mine[key]
        _Bucket(self._handle, key).put(self._me, held, now + self._held_seconds if held else 0.0, now)
        if not held:
            del self._mine[key]

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._held_seconds * RENEWED_SECONDS / HELD_SECONDS)
            # Nothing is lost by one time that fails: what is held is held for three of them.
            with contextlib.suppress(StorageUnavailable), self._locked():
                for key in self._mine:
                    self._hold(key, 0, self._now())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._handle, fcntl.LOCK_UN)
        except (OSError, ValueError):  # a handle of -1 is a ValueError
            raise _unavailable() from None


class _Bucket:
    """The few slots in which a name may stand."""

    def __init__(self, handle: int, key: str) -> None:
        self._handle = handle
        self._tag = blake2b(key.encode(), digest_size=16).digest()
        self._at = int.from_bytes(self._tag[:4], "little") % BUCKETS * BUCKET_BYTES
        self._bytes = os.pread(handle, BUCKET_BYTES, self._at)

    def window(self, now: float) -> tuple[int, float]:
        at = self._find(self._tag + WINDOW)
        if at < 0:
            return 0, 0.0
        _, _, used, ends = SLOT.unpack_from(self._bytes, at)
        return (used, ends) if ends > now else (0, 0.0)

    def standing(self, wanted: Take, now: float) -> Counted:
        """How it would stand with this taken."""
        amount, seconds = wanted.amount, wanted.seconds
        if not seconds:
            return Counted(self._held(now) + amount, 0.0, 1.0)
        used, ends = self.window(now)
        if not now < ends <= now + seconds:  # one that ends later is of before the machine was started anew
            return Counted(amount, float(seconds) if amount else 0.0, now + seconds)
        return Counted(used + amount, ends - now, ends)

    def put(self, holder: bytes, amount: int, ends: float, now: float) -> None:
        at = self._find(self._tag + holder)
        if at < 0:
            at = self._room(now)
        os.pwrite(self._handle, SLOT.pack(self._tag, holder, amount, ends), self._at + at)

    def _find(self, start: bytes) -> int:
        """Where the slot stands that begins so; -1 where none does."""
        at = self._bytes.find(start)
        while at > 0 and at % SLOT.size:
            at = self._bytes.find(start, at + 1)
        return at

    def _held(self, now: float) -> int:
        return sum(
            held
            for tag, holder, held, ends in SLOT.iter_unpack(self._bytes)
            if tag == self._tag and holder != WINDOW and now < ends <= now + HELD_SECONDS
        )

    def _room(self, now: float) -> int:
        """A slot that is free, else that of what ends first."""
        ends = [each[3] if each[3] > now else 0.0 for each in SLOT.iter_unpack(self._bytes)]
        return ends.index(min(ends)) * SLOT.size


def _unavailable() -> StorageUnavailable:
    return StorageUnavailable(
        "The file of the limits cannot be used; check that the data folder is writable."
    )
