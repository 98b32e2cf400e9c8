"""One link of the audit's chain: an entry as it is stored, as it is digested and as it is read back. Knows no query.

Rows are read as the bytes that lie there, so that whatever somebody made of one, it is compared and never trips
the reading.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, Row, Select, Text, cast, select

from core.security import AuditEntry
from storage.columns import plain
from storage.tables import audit

BEFORE_THE_FIRST = bytes(32)
"""Stands for the digest before entry 1."""

_STAMP = "%Y-%m-%d %H:%M:%S.%f"  # as SQLite keeps a moment
_UNREADABLE = datetime(1, 1, 1, tzinfo=UTC)
_TEXTS = ("actor", "act", "object", "subject", "reason")


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's texts as stored; `at` and `detail` too."""

    number: int
    at: str
    actor: str
    act: str
    object: str
    subject: str
    reason: str
    detail: str
    digest: bytes = b""

    def sealed(self, secret: bytes, before: bytes) -> bytes:
        """What the digest must be, after an entry with the digest `before`."""
        # A list of JSON strings has one reading, so no text can pass into its neighbour's place.
        content = [
            self.number, self.at, self.actor, self.act, self.object, self.subject, self.reason, self.detail
        ]  # fmt: skip
        return hmac.digest(secret, before + json.dumps(content).encode(), "sha256")

    def follows(self, secret: bytes, before: bytes) -> bool:
        return hmac.compare_digest(self.digest, self.sealed(secret, before))

    def entry(self) -> AuditEntry:
        """For reading; what cannot be read is left empty, since verification is what names it."""
        texts = {name: _shown(getattr(self, name)) for name in _TEXTS}
        return AuditEntry(self.number, _moment(self.at), detail=_detail(_shown(self.detail)), **texts)


def link_of(entry: AuditEntry) -> Link:
    """The link of a new entry, without its digest."""
    texts = {name: plain(str(getattr(entry, name))) for name in _TEXTS}
    detail = {plain(key): plain(one) if isinstance(one, str) else one for key, one in entry.detail.items()}
    return Link(number=entry.number, at=_stamp(entry.at), detail=json.dumps(detail), digest=b"", **texts)


def row_of(link: Link, digest: bytes) -> dict[str, Any]:
    """The row to insert."""
    texts = {name: getattr(link, name) for name in _TEXTS}
    moment, detail = _moment(link.at), json.loads(link.detail)
    return {"number": link.number, "at": moment, "detail": detail, "digest": digest, **texts}


def select_links(connection: Connection) -> "Select[*tuple[Any, ...]]":
    """Every column as it lies there; the caller adds the condition, the order and the limit."""
    if connection.dialect.name == "sqlite":
        names = ("at", *_TEXTS, "detail", "digest")
        return select(audit.c.number, *(cast(audit.c[name], LargeBinary).label(name) for name in names))
    texts = [audit.c[name] for name in ("at", *_TEXTS)]
    return select(audit.c.number, *texts, cast(audit.c.detail, Text).label("detail"), audit.c.digest)


def stored_link(row: Row[Any]) -> Link:
    """A row of `select_links`."""
    texts = {name: _text(getattr(row, name)) for name in ("at", *_TEXTS, "detail")}
    return Link(row.number, digest=bytes(row.digest or b""), **texts)


def _text(stored: object) -> str:
    if isinstance(stored, bytes):
        return stored.decode("utf-8", "surrogateescape")
    return _stamp(stored) if isinstance(stored, datetime) else str(stored)


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime(_STAMP)


def _moment(stamp: str) -> datetime:
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return _UNREADABLE


def _detail(stored: str) -> dict[str, str | int]:
    try:
        found = json.loads(stored)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
