"""Sign-ins of operators: a random cookie each, remembered as an HMAC. Knows no role's meaning.

They lie in the database, so that what ends in one process has ended in all, at once.
"""

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, insert, select, update

from core.errors import StorageUnavailable
from core.security import Account, Session
from storage.database import Database
from storage.tables import account, session

log = structlog.get_logger()

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=2)
"""A session that nobody uses for so long is over; one in use is over after LONGEST all the same."""
_NOTED_EVERY = timedelta(minutes=5)
_COOKIE_LENGTH = 43


class SqlSessionStore:
    """core.security.SessionStore in a database. The ring's secret `sessions` keys the HMAC."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, account: Account | None) -> str:
        """See the port. 256 random bits."""
        cookie, now = secrets.token_urlsafe(32), datetime.now(UTC)
        begun = insert(session).values(
            digest=self._digest("session", cookie),
            account_id=account.id if account else None,
            begun_at=now,
            expires_at=now + IDLE,
        )
        outdated = delete(session).where(session.c.expires_at <= now)

        def work(connection: Any) -> None:
            connection.execute(outdated)
            connection.execute(begun)

        await self._db.write(work)
        return cookie

    async def find(self, cookie: str) -> Session | None:
        if len(cookie) != _COOKIE_LENGTH:
            return None
        digest, now = self._digest("session", cookie), datetime.now(UTC)
        query = (
            select(session, account.c.role, account.c.name, account.c.line, account.c.disabled_at)
            .join_from(session, account, isouter=True)
            .where(session.c.digest == digest, session.c.expires_at > now)
        )
        row = await self._db.read(lambda connection: connection.execute(query).first())
        if row is None or not hmac.compare_digest(bytes(row.digest), digest) or row.disabled_at is not None:
            return None
        await self._note_use(digest, row.begun_at, row.expires_at, now)
        return Session(
            account_id=row.account_id,
            role=row.role if row.account_id else "admin",
            name=row.name if row.account_id else "",
            line=row.line,
            expires_at=row.expires_at,
            csrf=self._digest("csrf", cookie).hex(),
        )

    async def end(self, cookie: str) -> None:
        statement = delete(session).where(session.c.digest == self._digest("session", cookie))
        await self._db.write(lambda connection: connection.execute(statement).rowcount)

    async def _note_use(self, digest: bytes, begun_at: datetime, expires_at: datetime, now: datetime) -> None:
        """Put the end of an idle session off, now and then."""
        until = min(begun_at + LONGEST, now + IDLE)
        if until - expires_at < _NOTED_EVERY:
            return
        statement = update(session).where(session.c.digest == digest).values(expires_at=until)
        try:
            await self._db.write(lambda connection: connection.execute(statement).rowcount)
        except StorageUnavailable:
            log.warning("session_use_not_noted")  # a full disk must not sign operators out

    def _digest(self, purpose: str, cookie: str) -> bytes:
        # The cookie is what a stranger wrote: whatever it holds, it must have bytes.
        content = f"{purpose}:{cookie}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._db.secret("sessions"), content, "sha256")
