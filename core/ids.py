"""Identifiers that nobody can guess. The system is asked for many at once: one call for each is what they cost most by."""

import os

BYTES = 16
AT_ONCE = 256

_ready: list[str] = []
os.register_at_fork(after_in_child=_ready.clear)  # or two processes would give the same ones


def unguessable() -> str:
    """128 random bits as 32 hexadecimal digits, given once. Safe to use from several threads."""
    while True:
        try:
            return _ready.pop()
        except IndexError:
            digits = os.urandom(AT_ONCE * BYTES).hex()
            _ready.extend(digits[at : at + 2 * BYTES] for at in range(0, len(digits), 2 * BYTES))
