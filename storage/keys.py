"""API keys: made once, remembered as an HMAC, found by it. Knows no role's meaning."""

import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Row, insert, select, update

from core.errors import StorageUnavailable
from core.ports import ApiKey
from storage.database import Database
from storage.tables import api_key

log = structlog.get_logger()

PREFIX = "xq-"

_USE_NOTED_EVERY = timedelta(minutes=1)


class SqlKeyStore:
    """core.ports.KeyStore in a database. The ring's secret `api-keys` keys the HMAC."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, name: str, role: str, line: str | None = None) -> tuple[ApiKey, str]:
        """See the port. The text is `xq-` and 43 URL-safe characters (256 random bits)."""
        text = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(f"key-{uuid4().hex}", name, role, line, datetime.now(UTC), None, None)
        statement = insert(api_key).values(
            id=key.id,
            name=name,
            role=role,
            line=line,
            digest=self._digest(text),
            created_at=key.created_at,
        )
        await self._db.write(lambda connection: connection.execute(statement).rowcount)
        return key, text

    async def find(self, text: str) -> ApiKey | None:
        digest = self._digest(text)
        query = select(api_key).where(api_key.c.digest == digest, api_key.c.revoked_at.is_(None))
        row = await self._db.read(lambda connection: connection.execute(query).first())
        if row is None or not hmac.compare_digest(bytes(row.digest), digest):
            return None
        await self._note_use(row.id, row.last_used_at)
        return _key(row)

    async def any(self) -> bool:
        query = select(api_key.c.id).limit(1)
        return await self._db.read(lambda connection: connection.scalar(query)) is not None

    async def list(self) -> "Sequence[ApiKey]":
        """Oldest first, revoked ones too."""
        query = select(api_key).order_by(api_key.c.created_at, api_key.c.id)
        return await self._db.read(lambda connection: [_key(row) for row in connection.execute(query)])

    async def revoke(self, key_id: str) -> bool:
        """Whether a live key was revoked by this."""
        statement = (
            update(api_key)
            .where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
            .values(revoked_at=datetime.now(UTC))
        )
        return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)

    def _digest(self, text: str) -> bytes:
        # The text is a header a stranger wrote: whatever it holds, it must have bytes.
        return hmac.digest(self._db.secret("api-keys"), text.encode("utf-8", "surrogatepass"), "sha256")

    async def _note_use(self, key_id: str, last_used_at: datetime | None) -> None:
        now = datetime.now(UTC)
        if last_used_at is not None and abs(now - last_used_at) < _USE_NOTED_EVERY:
            return
        statement = update(api_key).where(api_key.c.id == key_id).values(last_used_at=now)
        try:
            await self._db.write(lambda connection: connection.execute(statement).rowcount)
        except StorageUnavailable:
            log.warning("key_use_not_noted", key=key_id)  # a full disk must not lock programs out


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        role=row.role,
        line=row.line,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
