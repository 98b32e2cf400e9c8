"""One key per owner, wrapped in the table `subject`: with it every text of theirs is readable, without it none.

Knows no text. A key is unwrapped from the row that was read together with what it opens, so a subject erased by
any process is unreadable in all of them from the next read on.
"""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, delete, event, select

from storage.cipher import KEY_BYTES, Cipher, damaged_row
from storage.driver import held_alone
from storage.ring import KeyRing, moment
from storage.tables import conversation, subject
from storage.upsert import insert_missing

REMEMBERED = 10_000
"""Unwrapped keys kept in memory, the longest unused forgotten first."""

_HELD, _MADE = "xiaoq_subjects", "xiaoq_subjects_made"
"""What a connection carries: the owners it found stored, and whether its transaction added one."""


class SubjectKeys:
    """Unwraps and makes subjects' keys. Safe in many threads."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._known: OrderedDict[tuple[str, bytes], Cipher] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, connection: Connection, row: Any) -> Cipher:
        """The key of a row that carries the columns of `subject` (ownership.KEY).

        Raises StorageDamaged where the owner has none, or it was changed.
        """
        if row.wrapped is None:
            raise damaged_row()
        known = (row.owner, bytes(row.wrapped))
        with self._lock:
            cipher = self._known.get(known)
            if cipher is not None:
                self._known.move_to_end(known)
                return cipher
        cipher = Cipher(self.unwrapped(connection, row))
        self._remember(known, cipher)
        return cipher

    def obtain(self, connection: Connection, owner: str, now: datetime) -> Cipher:
        """In a write: the owner's key, made where there is none. No erasure of it commits before this write does."""
        return self.obtain_all(connection, {owner}, now)[owner]

    def obtain_all(self, connection: Connection, owners: Collection[str], now: datetime) -> dict[str, Cipher]:
        """`obtain` for several."""
        held = _held(connection)
        ciphers = {owner: held[owner] for owner in owners if owner in held}
        if len(ciphers) == len(owners):
            return ciphers
        rows = _rows(connection, [owner for owner in owners if owner not in held])
        if missing := [owner for owner in owners if owner not in rows and owner not in held]:
            connection.info[_MADE] = True
            version, kek = self._ring.current(connection)
            for owner in missing:
                wrapped = kek.seal(secrets.token_bytes(KEY_BYTES), "subject", owner, moment(now))
                made = {"owner": owner, "kek_version": version, "wrapped": wrapped, "created_at": now}
                insert_missing(connection, subject, made)
            rows |= _rows(connection, missing)
        read = {owner: self.of(connection, row) for owner, row in rows.items()}
        if not connection.info.get(_MADE, True):
            held |= read
        return ciphers | read

    def drop_unused(self, connection: Connection, owners: Sequence[str]) -> int:
        """In a write: destroy the keys of those of these owners who have no conversation left."""
        if not owners:
            return 0
        # Locked first, so that the next statement sees what a write that held them has added.
        locked = connection.scalars(
            select(subject.c.owner)
            .where(subject.c.owner.in_(owners))
            .order_by(subject.c.owner)
            .with_for_update()
        ).all()
        used = select(conversation.c.id).where(conversation.c.owner == subject.c.owner).exists()
        gone = connection.execute(delete(subject).where(subject.c.owner.in_(locked), ~used)).rowcount
        for owner in locked:
            _held(connection).pop(owner, None)
        self.forget(locked)
        return gone

    def forget(self, owners: Iterable[str]) -> None:
        """Take these owners' keys out of memory."""
        unwanted = set(owners)
        with self._lock:
            for known in [one for one in self._known if one[0] in unwanted]:
                del self._known[known]

    def ring(self, connection: Connection) -> "list[tuple[str, int, bytes]]":
        """What lies in the ring now. Raises StorageDamaged, ConfigurationError."""
        return self._ring.read(connection)

    def kek(self, connection: Connection, version: int) -> Cipher:
        """The key of this version that subjects' keys are wrapped with."""
        return self._ring.kek(connection, version)

    def rewrapped(self, connection: Connection, row: Any, kek: Cipher) -> bytes:
        """The row's key wrapped by another key."""
        return kek.seal(self.unwrapped(connection, row), "subject", row.owner, moment(row.created_at))

    def unwrapped(self, connection: Connection, row: Any) -> bytes:
        """The row's key itself. Raises StorageDamaged."""
        kek = self._ring.kek(connection, row.kek_version)
        return kek.open(row.wrapped, "subject", row.owner, moment(row.created_at))

    def _remember(self, known: tuple[str, bytes], cipher: Cipher) -> None:
        with self._lock:
            self._known[known] = cipher
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)


def watch(engine: Engine) -> None:
    """Let the engine's connections remember which owners are stored: reading that again is a third of a batch of writes."""

    def begin(connection: Connection) -> None:
        connection.info[_MADE] = False  # what a transaction adds may be undone: nothing is remembered of it

    event.listen(engine, "begin", begin)


def _held(connection: Connection) -> dict[str, Cipher]:
    """The keys of owners who are stored for sure: no other connection wrote anything since this one read them.

    SQLite tells that, for a write that has the lock. Elsewhere nothing is held: a row is locked by being read.
    """
    return held_alone(connection, _HELD, dict[str, Cipher], REMEMBERED)


_wanted = (
    select(subject)
    .where(subject.c.owner.in_(bindparam("owners", expanding=True)))
    .order_by(subject.c.owner)  # the order in which several writes lock them
    .with_for_update(read=True, key_share=True)
)


def _rows(connection: Connection, owners: Collection[str]) -> dict[str, Any]:
    if not owners:
        return {}
    return {row.owner: row for row in connection.execute(_wanted, {"owners": list(owners)})}
