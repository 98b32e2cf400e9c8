"""Passwords of operators: what will do as one, and their argon2id hashes. Knows no account.

Hashing takes a tenth of a second and 64 MiB on purpose; a thread of its own does it, one at a time.
"""

import asyncio
import secrets
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from core.errors import Unfit

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 10, 256
MEMORY_KIB, PASSES = 65_536, 2


class Passwords:
    """Hashes and verifies. A stored hash names its own parameters, so that those above may grow."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "xiaoq-password")
        self._hasher: PasswordHasher | None = None
        self._nobodys = ""

    async def hashed(self, password: str) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._hash, password)

    async def match(self, stored: str | None, password: str) -> bool:
        """Whether the password is the stored one; without a stored one False, after the same work."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._match, stored, password)

    def _hash(self, password: str) -> str:
        return self._argon2().hash(_octets(password))

    def _match(self, stored: str | None, password: str) -> bool:
        from argon2.exceptions import InvalidHashError, VerificationError

        argon2 = self._argon2()
        try:
            argon2.verify(stored or self._nobodys, _octets(password[: LONGEST + 1]))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def _argon2(self) -> "PasswordHasher":
        from argon2 import PasswordHasher

        if self._hasher is None:
            self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=1)
            self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        return self._hasher


def _octets(password: str) -> bytes:
    """One spelling, however the keyboard composed it."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def check_password(password: str, name: str) -> None:
    """Raises Unfit where it is easy to guess."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Unfit(f"A password has {SHORTEST} to {LONGEST} characters.", param="password")
    if len(set(password)) < 4 or name.casefold() in password.casefold():
        raise Unfit(
            "This password is easy to guess: it repeats itself or holds the name; choose another.",
            param="password",
        )
