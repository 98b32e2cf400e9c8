"""The console's sign-in: who a session's cookie stands for, the operator's link, the operator's password.

It does not know HTTP; gateway/login.py and gateway/guard.py do.
"""

import hashlib
import hmac

from core.access import Principal
from core.security import Account, Session, SessionStore

COOKIE = "xiaoq_session"
SESSION_SECONDS = 12 * 60 * 60
"""How long a browser keeps the cookie; storage ends idle sessions before."""


class Sessions:
    """Sessions in `store`, and the two secrets of the one operator who needs no account."""

    def __init__(self, store: SessionStore, *, operator_token: str, password: str | None) -> None:
        self._store = store
        self._operator_token = operator_token
        self._password = password or operator_token

    async def begin(self, account: Account | None = None) -> str:
        """A new cookie value; without an account it is the operator's."""
        return await self._store.begin(account)

    async def find(self, cookie: str | None) -> Session | None:
        return await self._store.find(cookie) if cookie else None

    async def end(self, cookie: str | None) -> None:
        if cookie:
            await self._store.end(cookie)

    def knows_token(self, token: str) -> bool:
        return _same(token, self._operator_token)

    def knows_password(self, password: str) -> bool:
        return _same(password, self._password)


def principal_of(session: Session) -> Principal:
    return Principal("console", session.role, session.account_id or "", session.line, session.name)


def _same(given: str, known: str) -> bool:
    """Equality in time that tells neither length nor content."""
    return hmac.compare_digest(_digest(given), _digest(known))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
