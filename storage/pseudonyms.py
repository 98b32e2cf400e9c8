"""Owners and customers as the database knows them: by an HMAC, so that a copy of it names nobody. Knows no table."""

import base64
import hmac
import re

from storage.columns import plain
from storage.ring import KeyRing

_PSEUDONYM = re.compile(r"~[a-z2-7]{32}")
_DIGEST_BYTES = 20  # 32 letters


class Pseudonyms:
    """Keyed by the ring's secret `subjects`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def owner(self, owner: str) -> str:
        """`chat:~…` of `chat:<id>`, `key:<id>/~…` of `key:<id>/<user>`; what names no customer stays.

        A pseudonym is its own.
        """
        door, named = _divided(owner)
        if not named or _PSEUDONYM.fullmatch(named):
            return owner
        letters = base64.b32encode(self._digest(f"owner\0{plain(owner)}")[:_DIGEST_BYTES])
        return f"{door}~{letters.decode().lower()}"

    def customer(self, customer: str) -> bytes:
        """What a conversation is found by, given the customer in the caller's words."""
        return self._digest(f"customer\0{plain(customer)}")

    def value(self, conversation_id: str, kind: str, value: str) -> bytes:
        """What one value of one conversation is recognised by; the same elsewhere has another."""
        return self._digest(f"vault\0{conversation_id}\0{kind}\0{plain(value)}")

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._ring.secret("subjects"), text.encode(), "sha256")


def _divided(owner: str) -> tuple[str, str]:
    """The door's part of an owner, and who came through it."""
    if owner.startswith("console:"):  # an operator: named by the door alone
        return owner, ""
    mark = ":" if owner.startswith("chat:") else "/"
    door, found, named = owner.partition(mark)
    return door + found, named
