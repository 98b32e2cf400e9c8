"""The console's sign-in: signed session cookies, the operator's link, and the wait after wrong passwords.

It does not know HTTP; gateway/login.py and gateway/guard.py do.
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections import OrderedDict

COOKIE = "xiaoq_session"
SESSION_SECONDS = 12 * 60 * 60
FREE_TRIES = 5
LONGEST_WAIT = 300
REMEMBERED = 10_000
"""Addresses and ended sessions kept in memory, the oldest forgotten first."""


class Sessions:
    """Sessions of one process. A cookie is `expiry.nonce.signature`; nothing is stored but ended ones."""

    def __init__(self, secret: bytes, *, operator_token: str, password: str | None) -> None:
        self._secret = secret
        self._operator_token = operator_token
        self._password = password or operator_token
        self._ended: OrderedDict[str, None] = OrderedDict()

    def begin(self) -> str:
        """A new cookie value, good for SESSION_SECONDS."""
        content = f"{int(time.time()) + SESSION_SECONDS}.{secrets.token_urlsafe(16)}"
        return f"{content}.{self._signature(content)}"

    def valid(self, cookie: str | None) -> bool:
        """Whether this process signed the cookie, it has not expired, and nobody signed out with it."""
        content, _, signature = (cookie or "").rpartition(".")
        expiry = content.partition(".")[0]
        if not hmac.compare_digest(signature.encode(), self._signature(content).encode()):
            return False
        return expiry.isdecimal() and int(expiry) > time.time() and content not in self._ended

    def end(self, cookie: str | None) -> None:
        if cookie and self.valid(cookie):
            self._ended[cookie.rpartition(".")[0]] = None
            if len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)

    def knows_token(self, token: str) -> bool:
        return _same(token, self._operator_token)

    def knows_password(self, password: str) -> bool:
        return _same(password, self._password)

    def _signature(self, content: str) -> str:
        digest = hmac.digest(self._secret, content.encode(), "sha256")
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


class Attempts:
    """Wrong passwords by address. After FREE_TRIES the wait doubles with each, on the monotonic clock."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> int:
        """Seconds until this address may try again; 0 now."""
        count, last = self._failures.get(address, (0, 0.0))
        if count < FREE_TRIES:
            return 0
        pause = min(2 ** min(count - FREE_TRIES + 1, 16), LONGEST_WAIT)
        return max(0, int(last + pause - time.monotonic() + 0.999))

    def failed(self, address: str) -> None:
        count, _ = self._failures.pop(address, (0, 0.0))
        self._failures[address] = (count + 1, time.monotonic())
        if len(self._failures) > REMEMBERED:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        self._failures.pop(address, None)


def _same(given: str, known: str) -> bool:
    """Equality in time that tells neither length nor content."""
    return hmac.compare_digest(
        hashlib.sha256(given.encode()).digest(), hashlib.sha256(known.encode()).digest()
    )
