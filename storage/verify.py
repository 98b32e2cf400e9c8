"""Does all seals anew, and names the first row that is not as XiaoQ left it. Knows no text: it decrypts none but one.

It reads one snapshot while others write, some conversations at a time.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, select

from core.errors import StorageDamaged, XiaoQError
from core.messages import TurnStatus
from core.security import Progress, Verdict
from storage import customers, places
from storage.database import Database
from storage.ring import KEK, SECRETS
from storage.seals import in_bytes
from storage.tables import (
    attachment,
    attachment_chunk,
    conversation,
    customer,
    feedback,
    seal_total,
    source,
    subject,
    timing,
    turn,
    vault,
)

_AT_ONCE = 200

_CHILDREN: tuple[tuple[Table, Any, Any], ...] = (
    (turn, None, turn.c.conversation_id),
    (vault, None, vault.c.conversation_id),
    (attachment, None, attachment.c.conversation_id),
    (source, turn, turn.c.conversation_id),
    (timing, turn, turn.c.conversation_id),
    (feedback, turn, turn.c.conversation_id),
    (attachment_chunk, attachment, attachment.c.conversation_id),
)
"""Each table whose rows are members, through which it belongs, and to which conversation."""


class _Broken(Exception):
    """Internal: where the check ends."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place)
        self.place = place
        self.reason = reason


class SqlSeals:
    """The check of every stored row of every conversation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def verify(self, progress: Progress | None = None) -> Verdict:
        """`checked` counts rows. What was changed outside XiaoQ is named; untouched, all is whole."""
        return await self._db.read(lambda connection: _Check(self._db, connection, progress).verdict())


class _Check:
    """One run over one snapshot."""

    def __init__(self, db: Database, connection: Connection, progress: Progress | None) -> None:
        self._db = db
        self._connection = connection
        self._progress = progress
        self._seen: Counter[str] = Counter()
        self._total = 0
        self._named: set[customers.Pair] = set()

    def verdict(self) -> Verdict:
        try:
            self._keys()
            for rows in self._conversations():
                self._batch(rows)
            self._strays()
            self._totals()
            self._customers()
        except _Broken as broken:
            return Verdict(False, self._seen.total(), broken.place, broken.reason)
        except (TypeError, ValueError, OverflowError, AttributeError):
            return Verdict(False, self._seen.total(), "database", "It holds a value of another kind.")
        return Verdict(True, self._seen.total())

    def _keys(self) -> None:
        """The ring and every subject's key open, and are bound to what stands beside them."""
        try:
            names = {name for name, _, _ in self._db.keys.ring(self._connection)}
        except XiaoQError:
            raise _Broken("key_ring", "A key of the ring was changed.") from None
        if not names >= {KEK, *SECRETS}:
            raise _Broken("key_ring", "A key of the ring is missing.")
        rows = self._connection.execute(select(subject), execution_options={"yield_per": 1000})
        for row in rows:
            self._seen["subject"] += 1
            try:
                self._db.keys.unwrapped(self._connection, row)
            except (XiaoQError, TypeError, ValueError, AttributeError):
                raise _Broken(f"subject {row.owner}", "The key was changed, or is another's.") from None

    def _conversations(self) -> Iterator[Sequence[Any]]:
        """All ids, some at a time; their columns are read where a value that cannot be read has a name."""
        expected = self._connection.scalar(select(func.count()).select_from(conversation)) or 0
        last = ""
        while True:
            query = select(conversation.c.id).where(conversation.c.id > last).order_by(conversation.c.id)
            ids = self._connection.scalars(query.limit(_AT_ONCE)).all()
            if not ids:
                break
            yield ids
            last = ids[-1]
            if self._progress:
                self._progress(min(self._seen["conversation"], expected), expected)

    def _batch(self, ids: Sequence[str]) -> None:
        try:
            self._check(ids)
        except (TypeError, ValueError, OverflowError, AttributeError):
            if len(ids) == 1:
                raise _Broken(f"conversation {ids[0]}", "It holds a value of another kind.") from None
            for one in ids:
                self._batch([one])

    def _check(self, ids: Sequence[str]) -> None:
        members, seen = self._members(ids)
        rows = self._connection.execute(
            select(conversation, subject.c.owner.label("keyed"))
            .select_from(conversation.outerjoin(subject))
            .where(conversation.c.id.in_(ids))
            .order_by(conversation.c.id)
        ).all()
        total = 0
        for row in rows:
            values = {column.name: row._mapping[column.name] for column in conversation.c}
            place = f"conversation {row.id}"
            if row.keyed is None:
                raise _Broken(place, "Its owner's key is missing.")
            if bytes(row.seal) != self._db.seals.conversation(values):
                raise _Broken(place, "It was changed.")
            if bytes(row.members) != in_bytes(members[row.id]):
                raise _Broken(place, "A row of it was changed, added or taken away.")
            total += int.from_bytes(row.seal)
            if row.customer_hash is not None:
                self._named.add((row.owner, bytes(row.customer_hash)))
        self._total += total
        self._seen += seen + Counter(conversation=len(rows))

    def _members(self, ids: Sequence[str]) -> tuple[dict[str, int], Counter[str]]:
        found: dict[str, int] = defaultdict(int)
        seen: Counter[str] = Counter()
        for table, through, whose in _CHILDREN:
            query = select(table, whose.label("whose")).where(whose.in_(ids))
            if through is not None:
                query = query.join(through)
            for row in self._connection.execute(query):
                values = {column.name: row._mapping[column.name] for column in table.c}
                found[row.whose] += self._db.seals.member(table, values)
                seen[table.name] += 1
                if table is turn and row.status == TurnStatus.RUNNING.value and row.answer:
                    self._growing(row)
        return found, seen

    def _growing(self, row: Any) -> None:
        """A running turn's answer is not under the seal."""
        query = select(subject).join(conversation).where(conversation.c.id == row.conversation_id)
        try:
            cipher = self._db.keys.of(self._connection, self._connection.execute(query).one())
            cipher.open(row.answer, *places.answer(row.id, row.conversation_id))
        except StorageDamaged:
            raise _Broken(f"turn {row.id}", "Its answer was changed.") from None

    def _strays(self) -> None:
        """Rows that belong to no conversation were put there by somebody else."""
        for table in (*(one for one, _, _ in _CHILDREN), conversation):
            count = self._connection.scalar(select(func.count()).select_from(table)) or 0
            if count != self._seen[table.name]:
                raise _Broken(f"table {table.name}", "It holds rows that belong to no conversation.")

    def _customers(self) -> None:
        """Whoever is left out there would not be found when they ask what is kept of them."""
        found = {(row.owner, bytes(row.hash)) for row in self._connection.execute(select(customer))}
        self._seen["customer"] += len(found)
        if found != self._named:
            raise _Broken("table customer", "It names other customers than the conversations do.")

    def _totals(self) -> None:
        total = 0
        for row in self._connection.execute(select(seal_total)):
            self._seen["seal_total"] += 1
            amount = row.amount if isinstance(row.amount, bytes) else b""
            if row.digest != self._db.seals.total(row.writer, amount):
                raise _Broken(f"seal_total {row.writer}", "It was changed.")
            total += int.from_bytes(amount)
        if in_bytes(total) != in_bytes(self._total):
            raise _Broken("table conversation", "A whole conversation was added, taken away or put back.")
