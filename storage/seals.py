"""Tells whether anybody but XiaoQ changed, moved, added or removed a row of a conversation. Knows no key's origin.

Every row that hangs on a conversation has a digest under a key; their sum stands in the conversation, whose own digest
covers it (`members`, `seal`). The sum of all conversations' seals stands in `seal_total`, a part for each process that
writes. Sums can be kept up row by row: what is taken out is subtracted. verify.py does them anew.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, Table, Update, bindparam, event, select, update

from storage.canonical import canonical, canonical_all
from storage.fresh import apart
from storage.prepared import fetch_for, run_for_each
from storage.ring import KeyRing
from storage.secrets import derive
from storage.tables import conversation, seal_total
from storage.upsert import upserting

log = structlog.get_logger()

DIGEST_BYTES = 32
_PIECE = 2047
"""Bytes that are hashed at a time: from 2,048 on, Python's lock is let go meanwhile, and has to be waited for again."""

_COLUMNS = tuple(column.name for column in conversation.c)


@lru_cache(16)  # there are as many as callers
def _changing(names: tuple[str, ...]) -> Update:
    changed: dict[str, Any] = {name: bindparam(name) for name in names}
    return update(conversation).where(conversation.c.id == bindparam("the_id")).values(changed)


_reseal = _changing(("members", "seal", "updated_at"))
_mine = select(seal_total.c.amount).where(seal_total.c.writer == bindparam("writer"))

_ALL = 1 << (8 * DIGEST_BYTES)
_PENDING = "xiaoq_seals"

Values = Mapping[Any, Any]
Change = tuple[Values, int, datetime]
"""A conversation as it was, what is added to its members, and when."""


class Seals:
    """Digests under a key of the ring, and the sums of them."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._secret = b""
        self._states = _states(b"")

    def member(self, table: Table | str, values: Values) -> int:
        """What a row that hangs on a conversation adds to its members."""
        return int.from_bytes(self.digest(str(getattr(table, "name", table)), values))

    def conversation(self, values: Values) -> bytes:
        """The seal of a conversation with these columns, `members` among them."""
        return self.digest("conversation", {name: one for name, one in values.items() if name != "seal"})

    def total(self, writer: str, amount: bytes) -> bytes:
        """What vouches for one process's part of the total."""
        return self.digest("seal_total", {"writer": writer, "amount": amount})

    def digest(self, table: str, values: Values) -> bytes:
        return self._digest(canonical(table, values))

    def members(self, table: Table, rows: Sequence[Values]) -> list[int]:
        """`member` of each of several rows that name the same columns."""
        return self.members_of(canonical_all(table.name, rows))

    def members_of(self, rows: Sequence[bytes]) -> list[int]:
        """`member` of each of several rows, given what is canonical of them."""
        return list(map(int.from_bytes, self._digests(rows)))

    def _digest(self, data: bytes) -> bytes:
        return _digest(self._keyed(), data)

    def _digests(self, rows: Sequence[bytes]) -> list[bytes]:
        states = self._keyed()
        return [_digest(states, data) for data in rows]

    def _keyed(self) -> tuple[Any, Any]:
        secret = self._ring.secret("audit")
        if self._secret != secret:
            self._secret, self._states = secret, _states(derive(secret, "rows"))
        return self._states

    # --- keeping the sums --------------------------------------------------------------------------------

    def sealed(self, connection: Connection, values: Values, members: int) -> dict[str, Any]:
        """The columns of a conversation about to be inserted, with its seal."""
        whole = {**values, "members": in_bytes(members)}
        whole["seal"] = self.conversation(whole)
        _add(connection, int.from_bytes(whole["seal"]))
        return whole

    def sealed_all(
        self, connection: Connection, rows: Sequence[dict[str, Any]], members: Sequence[int]
    ) -> None:
        """Seal several conversations about to be inserted, of the same columns, where they are."""
        for row, amount in zip(rows, members, strict=True):
            row["members"] = in_bytes(amount)
        for row, seal in zip(
            rows, self.sealed_as(connection, canonical_all("conversation", rows)), strict=True
        ):
            row["seal"] = seal

    def sealed_as(self, connection: Connection, rows: Sequence[bytes]) -> list[bytes]:
        """The seals of several conversations about to be inserted, given what is canonical of them."""
        seals = self._digests(rows)
        _add(connection, sum(map(int.from_bytes, seals)))
        return seals

    def change(self, connection: Connection, before: Any, delta: int, **values: Any) -> None:
        """Update a conversation, read whole and locked before, whose members changed by `delta`.

        One that was changed by others keeps its seal, which does not fit it: no write of ours covers that up.
        """
        become = {**values, **self._resealed(connection, before, delta, values)}
        run_for_each(connection, _changing(tuple(become)), [{"the_id": before.id, **become}])

    def change_all(self, connection: Connection, changes: Sequence[Change]) -> None:
        """`change` for several conversations, each named once."""
        were = [{column: before[column] for column in _COLUMNS} for before, _, _ in changes]
        become = [
            {**was, "updated_at": at, "members": in_bytes(int.from_bytes(was["members"]) + delta)}
            for was, (_, delta, at) in zip(were, changes, strict=True)
        ]
        seals = zip(were, self._seals(were), self._seals(become), strict=True)
        for row, (was, fitting, seal) in zip(become, seals, strict=True):
            row["the_id"] = row["id"]
            row["seal"] = self._next_seal(connection, was, fitting, seal)
        run_for_each(connection, _reseal, become)

    def _seals(self, rows: Sequence[Values]) -> list[bytes]:
        """`conversation` of each."""
        bare = [{name: one for name, one in row.items() if name != "seal"} for row in rows]
        return self._digests(canonical_all("conversation", bare))

    def _next_seal(self, connection: Connection, before: Values, fitting: bytes, seal: bytes) -> bytes:
        """This seal, or where the one it had was not the fitting one, that again."""
        if fitting != before["seal"]:
            log.error("row_damaged", table="conversation", id=before["id"])
            seal = before["seal"]
        _add(connection, int.from_bytes(seal) - int.from_bytes(before["seal"]))
        return seal

    def _resealed(self, connection: Connection, before: Any, delta: int, values: Values) -> dict[str, bytes]:
        """The members and the seal of a conversation that becomes another by these values."""
        was = {column: before._mapping[column] for column in _COLUMNS}
        members = in_bytes(int.from_bytes(was["members"]) + delta)
        fitting, seal = self.conversation(was), self.conversation({**was, **values, "members": members})
        return {"members": members, "seal": self._next_seal(connection, was, fitting, seal)}

    def dropped(self, connection: Connection, seals: Iterable[bytes]) -> None:
        """Conversations with these seals are deleted."""
        _add(connection, -sum(int.from_bytes(bytes(one)) for one in seals))

    def watch(self, engine: Engine, writer: Callable[[], str]) -> None:
        """Write this process's part of the total with every commit on the engine; what is undone is not counted."""

        def begin(connection: Connection) -> None:
            connection.info[_PENDING] = [0]

        def savepoint(connection: Connection, name: str) -> None:
            connection.info[_PENDING].append(0)

        def undo(connection: Connection, name: str, context: Any) -> None:
            connection.info[_PENDING].pop()

        def release(connection: Connection, name: str, context: Any) -> None:
            last = connection.info[_PENDING].pop()
            connection.info[_PENDING][-1] += last

        def commit(connection: Connection) -> None:
            amount = sum(connection.info.get(_PENDING, [0])) % _ALL
            connection.info[_PENDING] = [0]
            if amount:
                self._keep(connection, writer(), amount)

        for name, listener in (
            ("begin", begin),
            ("savepoint", savepoint),
            ("rollback_savepoint", undo),
            ("release_savepoint", release),
            ("commit", commit),
        ):
            event.listen(engine, name, listener)

    def _keep(self, connection: Connection, writer: str, delta: int) -> None:
        with apart(connection):
            before = sum(
                int.from_bytes(amount) for (amount,) in fetch_for(connection, _mine, {"writer": writer})
            )
            amount = in_bytes(before + delta)
            row = {"writer": writer, "amount": amount, "digest": self.total(writer, amount)}
            run_for_each(connection, upserting(connection.dialect.name, seal_total, tuple(row)), [row])

    def gather(self, connection: Connection, writer: str) -> None:
        """Make the parts of processes that are gone one; a part that nobody vouches for stays to be found."""
        rows = connection.execute(select(seal_total)).all()
        whole = [row for row in rows if bytes(row.digest) == self.total(row.writer, bytes(row.amount))]
        if len(whole) < 2:
            return
        connection.execute(seal_total.delete().where(seal_total.c.writer.in_([row.writer for row in whole])))
        self._keep(connection, writer, sum(int.from_bytes(row.amount) for row in whole))


def in_bytes(amount: int) -> bytes:
    return (amount % _ALL).to_bytes(DIGEST_BYTES)


def _states(key: bytes) -> tuple[Any, Any]:
    """SHA-256 with the key taken in for the inside and the outside of an HMAC; the key is no longer than a block."""
    block = key.ljust(64, b"\0")
    return sha256(bytes(one ^ 0x36 for one in block)), sha256(bytes(one ^ 0x5C for one in block))


def _digest(states: tuple[Any, Any], data: bytes) -> bytes:
    """HMAC-SHA256 from two states that hold the key: half of what a one-shot costs that has to take the key in."""
    inner, outer = states[0].copy(), states[1].copy()
    for at in range(0, len(data), _PIECE):
        inner.update(data[at : at + _PIECE])
    outer.update(inner.digest())
    digest: bytes = outer.digest()
    return digest


def _add(connection: Connection, amount: int) -> None:
    connection.info[_PENDING][-1] += amount
