"""What was worked out of a text that must not be kept: found again by a digest of it that means nothing elsewhere.

An HMAC with a secret of the ring's costs many times as much as this look-up. Knows no text and no table.
"""

import os
from collections.abc import Callable
from hashlib import blake2b
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 10_000
"""Texts whose results are kept; then all are forgotten."""


class WorkedOut(Generic[T]):
    """`work` gives the same for the same text as long as `secret` does. Safe to use from several threads."""

    def __init__(
        self, work: Callable[[str, bytes], T], secret: Callable[[], bytes], most: int = MOST
    ) -> None:
        self._work, self._secret, self._most = work, secret, most
        self._of = b""
        self._known: dict[bytes, T] = {}
        self._key = os.urandom(32)

    def __call__(self, text: str) -> T:
        """What `work` makes of the text and the secret; raises what they raise."""
        secret = self._secret()
        if secret is not self._of:
            self._of, self._known = secret, {}
        known = self._known
        digest = blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=16).digest()
        found = known.get(digest)
        if found is None:
            found = self._work(text, secret)
            if len(known) >= self._most:
                known.clear()
            known[digest] = found
        return found
