"""Reads the dates that people and spreadsheets write; it does not know what they stand for."""

import re
from datetime import date, timedelta

_YEAR_FIRST = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]+\d{1,2}:\d{2}.*)?"
)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"([2-7]\d{4})(?:\.\d+)?")
_FIRST_SERIAL = date(1899, 12, 30)
_ALWAYS = {
    "",
    "-",
    "--",
    "/",
    "none",
    "n/a",
    "null",
    "always",
    "forever",
    "长期",
    "长期有效",
    "永久",
    "永久有效",
    "無",
    "无",
    "長期",
}


def day_of(text: str) -> date | None:
    """`2026-11-30`, `2026/11/30`, `2026年11月30日`, `20261130`, a spreadsheet's day number; None for "always".

    Day and month at the front are read where only one order is possible. Raises ValueError for anything else.
    """
    text = text.strip()
    if text.casefold() in _ALWAYS:
        return None
    found = _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text)
    if found:
        return date(int(found[1]), int(found[2]), int(found[3]))
    found = _SERIAL.fullmatch(text)
    if found:
        return _FIRST_SERIAL + timedelta(days=int(found[1]))
    found = _YEAR_LAST.fullmatch(text)
    if found:
        first, second, year = int(found[1]), int(found[2]), int(found[3])
        if first > 12 or first == second:
            return date(year, second, first)
        if second > 12:
            return date(year, first, second)
    raise ValueError(text)
