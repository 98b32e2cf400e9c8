"""API keys: made once, remembered as an HMAC, found by it. Knows no role's meaning, and enforces no terms."""

import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, insert, select, update

from core.limits import LIMIT_NAMES, NO_LIMITS, Limits
from core.ports import NO_TERMS, ApiKey, KeyTerms
from storage.database import Database
from storage.key_cache import KeptAnswer, KeyCache
from storage.key_use import KeyUse
from storage.tables import api_key
from storage.worked_out import WorkedOut

PREFIX = "xq-"


class SqlKeyStore:
    """core.ports.KeyStore in a database. The ring's secret `api-keys` keys the HMAC.

    What was read holds for a few seconds of `now`, on which no clock that is set has any effect.
    """

    def __init__(self, db: Database, now: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._use = KeyUse(db, now)
        self._cache = KeyCache(self._read, now)
        self._any = KeptAnswer(self._asked, now)
        self._digests = WorkedOut(_digest, lambda: db.secret("api-keys"))

    async def create(
        self, name: str, role: str, line: str | None = None, terms: KeyTerms = NO_TERMS
    ) -> tuple[ApiKey, str]:
        """See the port. The text is `xq-` and 43 URL-safe characters (256 random bits)."""
        text = PREFIX + secrets.token_urlsafe(32)
        key = ApiKey(f"key-{uuid4().hex}", name, role, line, datetime.now(UTC), None, None, terms)
        statement = insert(api_key).values(
            id=key.id,
            name=name,
            role=role,
            line=line,
            digest=self._digests(text),
            created_at=key.created_at,
            **_columns(terms),
        )
        await self._db.write(lambda connection: connection.execute(statement).rowcount)
        self._cache.drop()
        self._any.yes()
        return key, text

    async def find(self, text: str) -> ApiKey | None:
        key = await self._cache.get(self._digests(text))
        if key is not None:
            self._use.used(key.id)
        return key

    def at_hand(self, text: str) -> Callable[[], ApiKey | None]:
        digest = self._digests(text)

        def key_at_hand() -> ApiKey | None:
            key = self._cache.at_hand(digest)
            if key is not None:
                self._use.used(key.id)
            return key

        return key_at_hand

    async def any(self) -> bool:
        return await self._any.get()

    async def list(self) -> "Sequence[ApiKey]":
        """Oldest first, revoked ones too."""
        query = select(api_key).order_by(api_key.c.created_at, api_key.c.id)
        return await self._db.read(lambda connection: [_key(row) for row in connection.execute(query)])

    async def change(self, key_id: str, terms: KeyTerms) -> bool:
        return await self._changed(key_id, _columns(terms))

    async def revoke(self, key_id: str) -> bool:
        """Whether a live key was revoked by this."""
        return await self._changed(key_id, {"revoked_at": datetime.now(UTC)})

    def spend(self, key_id: str, tokens: int) -> None:
        self._use.spend(key_id, tokens)

    def spent(self, key_id: str) -> int:
        return self._use.spent(key_id)

    async def aclose(self) -> None:
        await self._use.aclose()

    async def _changed(self, key_id: str, values: dict[str, Any]) -> bool:
        """Whether a live key got these values; the next call that bears it meets them."""
        statement = (
            update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None)).values(**values)
        )
        try:
            return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)
        finally:
            self._cache.drop()

    async def _read(self, digest: bytes) -> ApiKey | None:
        query = select(api_key).where(api_key.c.digest == digest, api_key.c.revoked_at.is_(None))
        mark = self._use.mark
        row = await self._db.read(lambda connection: connection.execute(query).first())
        if row is None or not hmac.compare_digest(bytes(row.digest), digest):
            return None
        self._use.learned(row.id, row.tokens_used, mark)
        return _key(row)

    async def _asked(self) -> bool:
        query = select(api_key.c.id).limit(1)
        return await self._db.read(lambda connection: connection.scalar(query)) is not None


def _digest(text: str, secret: bytes) -> bytes:
    # The text is a header a stranger wrote: whatever it holds, it must have bytes.
    return hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256")


def _columns(terms: KeyTerms) -> dict[str, Any]:
    limits = {name: getattr(terms.limits, name) for name in LIMIT_NAMES}
    return {"expires_at": terms.expires_at, "scopes": " ".join(terms.scopes), **limits}


def _key(row: Row[Any]) -> ApiKey:
    limits = Limits(**{name: getattr(row, name) for name in LIMIT_NAMES})
    return ApiKey(
        id=row.id,
        name=row.name,
        role=row.role,
        line=row.line,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        terms=KeyTerms(
            expires_at=row.expires_at,
            scopes=tuple(row.scopes.split()),
            limits=NO_LIMITS if limits.none else limits,
        ),
        tokens_used=row.tokens_used,
    )
