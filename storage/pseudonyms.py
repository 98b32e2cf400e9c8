"""Owners and customers as the database knows them: by an HMAC, so that a copy of it names nobody. Knows no table."""

import hmac
import re

from storage.columns import plain
from storage.ring import KeyRing
from storage.worked_out import WorkedOut

_PSEUDONYM = re.compile(r"~[a-z2-7]{32}")
_DIGEST_BYTES = 20  # 32 letters
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]
"""Base 32 by ten bits at a time: the library's own takes longer than the HMAC."""
_SHIFTS = range(8 * _DIGEST_BYTES - 10, -1, -10)


class Pseudonyms:
    """Keyed by the ring's secret `subjects`."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._owners = WorkedOut(_owner, lambda: ring.secret("subjects"))
        self._customers = WorkedOut(_customer, lambda: ring.secret("subjects"))

    def owner(self, owner: str) -> str:
        """`chat:~…` of `chat:<id>`, `key:<id>/~…` of `key:<id>/<user>`; what names no customer stays.

        A pseudonym is its own.
        """
        return self._owners(owner)

    def customer(self, customer: str) -> bytes:
        """What a conversation is found by, given the customer in the caller's words."""
        return self._customers(customer)

    def value(self, conversation_id: str, kind: str, value: str) -> bytes:
        """What one value of one conversation is recognised by; the same elsewhere has another."""
        return self._digest(f"vault\0{conversation_id}\0{kind}\0{plain(value)}")

    def _digest(self, text: str) -> bytes:
        return _digest(text, self._ring.secret("subjects"))


def _digest(text: str, secret: bytes) -> bytes:
    return hmac.digest(secret, text.encode(), "sha256")


def _customer(customer: str, secret: bytes) -> bytes:
    return _digest(f"customer\0{plain(customer)}", secret)


def _owner(owner: str, secret: bytes) -> str:
    door, named = _divided(owner)
    if not named or _PSEUDONYM.fullmatch(named):
        return owner
    number = int.from_bytes(_digest(f"owner\0{plain(owner)}", secret)[:_DIGEST_BYTES])
    return f"{door}~{''.join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])}"


def _divided(owner: str) -> tuple[str, str]:
    """The door's part of an owner, and who came through it."""
    if owner.startswith("console:"):  # an operator: named by the door alone
        return owner, ""
    mark = ":" if owner.startswith("chat:") else "/"
    door, found, named = owner.partition(mark)
    return door + found, named
