"""The console's sign-in: who a session's cookie stands for, the operator's link, the operator's password.

It does not know HTTP; gateway/login.py and gateway/guard.py do.
"""

import hashlib
import hmac

from core.access import Principal
from core.security import Account, Act, Audit, Session, SessionStore

COOKIE = "xiaoq_session"
SESSION_SECONDS = 12 * 60 * 60
"""How long a browser keeps the cookie; storage ends idle sessions before."""


class Sessions:
    """Sessions in `store`, and the two secrets of the one operator who needs no account.

    Who signs in and out is in the audit before it is done.
    """

    def __init__(
        self, store: SessionStore, audit: Audit, *, operator_token: str, password: str | None
    ) -> None:
        self._store = store
        self._audit = audit
        self._operator_token = operator_token
        self._password = password or operator_token

    async def begin(self, account: Account | None = None, *, way: str = "password") -> str:
        """A new cookie value; without an account it is the operator's. `way` is for the audit."""
        await self._audit.note(actor_of(account), Act.SIGNED_IN, detail={"way": way})
        return await self._store.begin(account)

    async def find(self, cookie: str | None) -> Session | None:
        return await self._store.find(cookie) if cookie else None

    async def end(self, cookie: str | None) -> None:
        session = await self.find(cookie)
        if cookie and session:
            await self._audit.note(principal_of(session).actor, Act.SIGNED_OUT)
            await self._store.end(cookie)

    async def refused(self, account: Account | None, *, locked: bool) -> None:
        """Note a failed sign-in, and that it starts a wait. A name that no account has stays out of the audit:
        people type passwords there."""
        actor = actor_of(account) if account else "stranger"
        await self._audit.note(actor, Act.SIGN_IN_FAILED)
        if locked:
            await self._audit.note(actor, Act.LOCKED_OUT)

    def knows_token(self, token: str) -> bool:
        return _same(token, self._operator_token)

    def knows_password(self, password: str) -> bool:
        return _same(password, self._password)


def actor_of(account: Account | None) -> str:
    return Principal("console", "", account.id if account else "").actor


def principal_of(session: Session) -> Principal:
    return Principal("console", session.role, session.account_id or "", session.line, session.name)


def _same(given: str, known: str) -> bool:
    """Equality in time that tells neither length nor content."""
    return hmac.compare_digest(_digest(given), _digest(known))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
