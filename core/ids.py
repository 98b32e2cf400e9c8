"""Identifiers that nobody can guess."""

import time

from core.randoms import Randoms

_random = Randoms(16)


def unguessable() -> str:
    """128 random bits as 32 hexadecimal digits, given once. Safe to use from several threads."""
    return _random().hex()


def in_order() -> str:
    """The millisecond in 48 bits and 80 random ones, as ULIDs have them, as 32 hexadecimal digits.

    What is stored under such ids lies in the database's indexes as it came: a commit writes a few of their pages, and not
    one for each row, which was half of what it costs in a database of 100 MB. No order is promised: clocks jump.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_random().hex()[12:]}"
