"""The building blocks of the patterns: what may stand between digits, and how a match is judged.

All patterns are linear: a separator and a digit never match the same character, and every repetition is bounded. One that
is looked for in a whole text begins with characters, not with an assertion about what is before them: `[A-Z](?<![0-9].)`
is found in a tenth of the time of `(?<![0-9])[A-Z]`.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

SEPARATORS = r" \-./_·,\n()。\\"
GAP = f"[{SEPARATORS}]{{0,3}}"
"""Between two digits of one number: up to three separators."""
NOT_AFTER = r"(?<![0-9])"
NOT_BEFORE = r"(?![0-9])"
_BREAK = re.compile(r"[ ]?\n[ ]?")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})"
_ADDRESS = re.compile(rf"(?:{_OCTET}\.){{3}}{_OCTET}(?:[:/][0-9]+)?")
_RUN_BEFORE = re.compile(rf"(?:[0-9]|(?<![A-Za-z])[A-Za-z])[{SEPARATORS}]{{1,3}}\Z")
_RUN_AFTER = re.compile(rf"[{SEPARATORS}]{{1,3}}(?:[0-9]|[A-Za-z](?![A-Za-z]))")


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
    """Whether it is written like an IP address, a list, or a number with thousands separators."""
    return (
        ", " in matched
        or _is_sequence(matched)
        or ("." in matched and _ADDRESS.fullmatch(matched) is not None)
        or ("," in matched and _THOUSANDS.fullmatch(matched) is not None)
    )


def _is_sequence(matched: str) -> bool:
    """Sizes and the like (35 36 37 38), or the numbers of a lottery (02 11 17 25 33)."""
    if matched.isdigit():
        return False
    numbers = [int(group) for group in _NOT_DIGITS.split(matched) if group]
    steps = {after - before for before, after in pairwise(numbers)}
    if len(numbers) > 3 and len(steps) == 1 and steps != {0}:
        return True
    drawn = len(numbers) in (5, 6, 7) and max(numbers) <= 36
    return drawn and set(groups(matched)) == {2}


def loose_ends(text: str, start: int, end: int) -> int:
    """At how many ends further figures of the same run stand."""
    return (_RUN_BEFORE.search(text, max(0, start - 5), start) is not None) + (
        _RUN_AFTER.match(text, end) is not None
    )


_CUTS = frozenset(
    {(11,), (3, 4, 4), (3, 3, 5), (3, 8), (4, 7), (5, 6), (7, 4), (6, 5), (4, 4, 3), (4, 3, 4), (3, 2, 2, 2, 2), (2, 3, 3, 3), (1, 2, 4, 4), (1, 10), (3, 5, 3), (2, 9), (1, 3, 3, 4)}
)  # fmt: skip


def is_usual_cut(matched: str) -> bool:
    """Whether eleven digits are cut as a person cuts a number: in a known way, evenly, or once by a line break."""
    if matched.count("\n") == 1:
        return is_usual_cut(unbroken(matched)) or is_usual_cut(_BREAK.sub(" ", matched))
    sizes = tuple(groups(matched))
    return sizes in _CUTS or is_even_cut(sizes)


def unbroken(matched: str) -> str:
    """Without its line break, where there is one."""
    return _BREAK.sub("", matched) if matched.count("\n") == 1 else matched


def is_even_cut(sizes: Sequence[int]) -> bool:
    """Whether digits stand in groups of one size, but for the last."""
    return len(sizes) > 2 and len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0]


def inside_code(text: str, start: int, end: int, letters: int = 1) -> bool:
    """Whether the digits are part of a longer code (a hash, a UUID, SF1234567890123): so many capital letters
    stand before them, or letters and further digits do."""
    left = text[max(0, start - 24) : start]
    head = left[len(left.rstrip(_ALNUM)) :]
    if not head and not text[end : end + 1].isalpha():
        return False
    if any(character.isdigit() for character in head):
        return True
    right = _LETTERS_THEN_DIGIT.match(text, end, end + 12)
    if right is not None and (head or _HEX_ON.match(text, end, end + 12)):
        return True
    return len(head) >= letters and head.isupper() and head.lower() not in _LABELS


_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_LETTERS_THEN_DIGIT = re.compile("[A-Za-z]+[0-9]")
_HEX_ON = re.compile("[A-Fa-f]{1,6}[0-9][0-9A-Fa-f]{3}")
_LABELS = frozenset(
    "tel phone mobile mob cell call m t p ph v vx wx wechat no is at to or and id card ic bank number num fax hp whatsapp"
    " sms text contact visa iban passport qq".split()
)
