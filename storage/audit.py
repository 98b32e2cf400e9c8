"""The audit: who did what, with whose data, why and when, each entry chained to the one before. Knows no act's meaning.

An entry's digest is an HMAC over the digest before it and over the whole entry, its number and time included.
Nothing here changes or deletes an entry.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select

from core.security import Act, Anchor, AuditEntry, AuditFilter, Progress, Verdict
from storage.audit_links import BEFORE_THE_FIRST, Link, link_of, row_of, select_links, stored_link
from storage.database import Database
from storage.tables import audit

_AT_ONCE = 2000
"""Entries verified on one snapshot: a long chain must not hold one open."""
_CHAIN = 0x7871_0003  # an advisory lock number, beside those of presence.py


class SqlAudit:
    """core.security.Audit in a database.

    `secret` keys the chain: with another one nothing holds. `clean` is run over what people wrote.
    """

    def __init__(self, db: Database, secret: Callable[[], bytes], clean: Callable[[str], str] = str) -> None:
        self._db = db
        self._secret = secret
        self._clean = clean

    async def note(
        self,
        actor: str,
        act: Act,
        *,
        object: str = "",
        subject: str = "",
        reason: str = "",
        detail: Mapping[str, str | int] | None = None,
    ) -> None:
        """See the port."""
        reason = self._clean(reason)
        told = {key: self._clean(one) if isinstance(one, str) else one for key, one in (detail or {}).items()}

        def write(connection: Connection) -> None:
            _alone(connection)
            last = connection.execute(_last()).first()
            number, before = (last.number + 1, bytes(last.digest)) if last else (1, BEFORE_THE_FIRST)
            entry = AuditEntry(number, datetime.now(UTC), actor, act.value, object, subject, reason, told)
            link = link_of(entry)
            connection.execute(insert(audit).values(row_of(link, link.sealed(self._secret(), before))))

        await self._db.write(write)

    async def entries(self, where: AuditFilter) -> Sequence[AuditEntry]:
        def read(connection: Connection) -> list[AuditEntry]:
            query = select_links(connection).where(*_conditions(where)).order_by(audit.c.number.desc())
            return [stored_link(row).entry() for row in connection.execute(query.limit(where.limit))]

        return await self._db.read(read)

    async def anchor(self) -> Anchor | None:
        last = await self._db.read(lambda connection: connection.execute(_last()).first())
        return Anchor(last.number, bytes(last.digest).hex()) if last else None

    async def verify(self, anchors: Sequence[Anchor] = (), progress: Progress | None = None) -> Verdict:
        """See the port. Entries that are written meanwhile are left for the next time."""
        until = await self._db.read(lambda connection: connection.scalar(select(func.max(audit.c.number))))
        chain = _Chain(self._secret(), until or 0)
        for anchor in anchors:
            chain.anchors.setdefault(anchor.number, set()).add(anchor.digest.lower())
        while not chain.ended:
            verdict = await self._db.read(chain.walk)
            if verdict is not None:
                return verdict
            if progress is not None:
                progress(chain.checked, chain.until)
        return chain.verdict()


@dataclass(slots=True)
class _Chain:
    """Links taken one after another, each checked against the one before and against the anchors."""

    secret: bytes = field(repr=False)
    until: int
    anchors: dict[int, set[str]] = field(default_factory=dict)
    checked: int = 0
    before: bytes = BEFORE_THE_FIRST
    reached: int | None = None
    ended: bool = False

    def walk(self, connection: Connection) -> Verdict | None:
        """Take the next links of the database; the verdict where the chain breaks at one of them."""
        query = select_links(connection).where(audit.c.number <= self.until).order_by(audit.c.number)
        if self.reached is not None:
            query = query.where(audit.c.number > self.reached)
        links = [stored_link(row) for row in connection.execute(query.limit(_AT_ONCE))]
        self.ended = len(links) < _AT_ONCE
        for link in links:
            self.reached = link.number
            if (verdict := self.take(link)) is not None:
                return verdict
        return None

    def take(self, link: Link) -> Verdict | None:
        """The verdict where the chain breaks at this link."""
        number = self.checked + 1
        if link.number < number:
            return self.broken(link.number, "This entry was put in: entries are counted from 1.")
        if link.number > number:
            return self.broken(number, "This entry is missing.")
        if not link.follows(self.secret, self.before):
            return self.broken(number, "This entry was changed, put in, or put in another one's place.")
        if not self.anchors.get(number, {link.digest.hex()}) <= {link.digest.hex()}:
            return self.broken(number, "This entry is not the one whose digest was kept elsewhere.")
        self.checked, self.before = number, link.digest
        return None

    def verdict(self) -> Verdict:
        """Once every link was taken: an anchor beyond the last of them tells that some were cut off."""
        if any(number > self.checked for number in self.anchors):
            reason = f"Entries up to {max(self.anchors)} were cut off: their digests were kept elsewhere."
            return self.broken(self.checked + 1, reason)
        anchor = Anchor(self.checked, self.before.hex()) if self.checked else None
        return Verdict(True, self.checked, anchor=anchor)

    def broken(self, number: int, reason: str) -> Verdict:
        return Verdict(False, self.checked, f"audit {number}", reason)


def _alone(connection: Connection) -> None:
    """No other process takes a number until this transaction ends; SQLite's write lock sees to it there."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_CHAIN)))


def _last() -> Any:
    return select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)


def _conditions(where: AuditFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.since is not None:
        conditions.append(audit.c.at >= where.since)
    if where.until is not None:
        conditions.append(audit.c.at < where.until)
    if where.before is not None:
        conditions.append(audit.c.number < where.before)
    for column, value in (
        (audit.c.actor, where.actor),
        (audit.c.act, where.act),
        (audit.c.subject, where.subject),
    ):
        if value is not None:
            conditions.append(column == value)
    return conditions
