"""The building blocks of the patterns: what may stand between digits, and how a match is judged.

All patterns are linear: a separator and a digit never match the same character, and every repetition is bounded.
"""

import re

SEPARATORS = r" \-./_·,\n()。\\"
GAP = f"[{SEPARATORS}]{{0,3}}"
"""Between two digits of one number: up to three separators."""
NOT_AFTER = r"(?<![0-9])"
NOT_BEFORE = r"(?![0-9])"
_NOT_DIGITS = re.compile(r"[^0-9]+")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_ADDRESS = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[:/][0-9]+)?")
_HEX = re.compile(r"[0-9A-Fa-f]")


def spaced(pattern: str, times: str = "") -> str:
    """One digit after an optional gap, as often as said."""
    return f"(?:{GAP}{pattern}){times}"


def digits(matched: str) -> str:
    """The digits alone."""
    return _NOT_DIGITS.sub("", matched)


def groups(matched: str) -> list[int]:
    """How many digits stand together: "138-0013 8000" gives [3, 4, 4]."""
    return [len(group) for group in _NOT_DIGITS.split(matched) if group]


def is_another_shape(matched: str) -> bool:
    """Whether it is written like an IP address or like a number with thousands separators."""
    return ("." in matched and _ADDRESS.fullmatch(matched) is not None) or (
        "," in matched and _THOUSANDS.fullmatch(matched) is not None
    )


def inside_code(text: str, start: int, end: int) -> bool:
    """Whether the digits are part of a longer code (a hash, a UUID, SF1234567890123): capital letters stand
    before them, or letters and further digits do."""
    left = text[max(0, start - 24) : start]
    run = re.search(r"[A-Za-z0-9]*\Z", left)
    head = run.group() if run else ""
    if any(character.isdigit() for character in head):
        return True
    right = re.match(r"[A-Za-z]+[0-9]", text[end : end + 12])
    if head and right is not None:
        return True
    if right is not None and re.match(r"[A-Fa-f]{1,6}[0-9][0-9A-Fa-f]{3}", text[end : end + 12]):
        return True
    return head.isupper() and head.lower() not in _LABELS


_LABELS = frozenset(
    "tel phone mobile mob cell call m t p ph v vx wx wechat no is at to or and id card ic bank number num fax hp whatsapp"
    " sms text contact visa iban passport qq".split()
)
