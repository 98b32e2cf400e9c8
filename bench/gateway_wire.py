"""What the mock upstream writes into its tokens and the load client reads back: a time, and whose answer it is.

Letters only, since gateways mask digits. It knows neither HTTP nor the questions.
"""

import re
import time

_DIGITS = b"0123456789abcdef"
_LETTERS = b"bcdfghjklmnprstw"
_TO_LETTERS = bytes.maketrans(_DIGITS, _LETTERS)
_TO_DIGITS = str.maketrans(_LETTERS.decode(), _DIGITS.decode())

MARK = re.compile(rb"~([a-z]{8});")
"""In a question: what the answer's tokens repeat."""
TOKEN = re.compile(r" ~([a-z]+)\.([a-z]{8});")
"""In an answer: the moment of the write, and the question's mark."""
WHOSE = re.compile(r" ~[a-z]+\.([a-z]{8});")
"""The mark alone."""
UNMARKED = b"unmarked"


def mark_of(number: int) -> str:
    """Eight letters that no other number has."""
    return (b"%08x" % number).translate(_TO_LETTERS).decode()


def stamp() -> bytes:
    """The monotonic clock, which all processes of a machine share, in microseconds."""
    return (b"%x" % (time.monotonic_ns() // 1000)).translate(_TO_LETTERS)


def stamped_at(letters: str) -> int:
    """The microseconds that a stamp says. Raises ValueError where it was damaged."""
    return int(letters.translate(_TO_DIGITS), 16)


def now() -> int:
    return time.monotonic_ns() // 1000
