"""Identifiers that nobody can guess."""

import re
import time

from core.randoms import Randoms

_random = Randoms(16)
_IN_ORDER = re.compile("[0-9a-f]{32}")


def unguessable() -> str:
    """128 random bits as 32 hexadecimal digits, given once. Safe to use from several threads."""
    return _random().hex()


def in_order() -> str:
    """The millisecond in 48 bits and 80 random ones, as ULIDs have them, as 32 hexadecimal digits.

    What is stored under such ids lies in the database's indexes as it came: a commit writes a few of their pages, and not
    one for each row, which was half of what it costs in a database of 100 MB. No order is promised: clocks jump.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_random().hex()[12:]}"


def is_fresh(identifier: str, seconds: float) -> bool:
    """Whether an id of `in_order`, after whatever prefix, says that it was made no longer ago; so may one made up."""
    digits = identifier.rpartition("-")[2]
    if not _IN_ORDER.fullmatch(digits):
        return False
    return abs(time.time() - int(digits[:12], 16) / 1000) <= seconds
