"""Writes a spreadsheet's values as the sheet shows them; it does not know where they stand."""

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal

_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^-\]]*)[^\]]*\]|_.|\*.|\[[^\]]*\]')
_CONTROL = re.compile(r"_x00([01][0-9A-Fa-f])_")
"""How a workbook writes a control character: most often the carriage return of a Windows line, `_x000D_`."""
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.([#0?]+))?(,*)")


def shown(value: object, number_format: str) -> str:
    """A cell's text: dates as 2026-11-30, numbers with the decimals, percent and currency of their format."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _CONTROL.sub(_sign, value).strip() if "_x00" in value else value.strip()
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        at_midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
        return (
            value.date().isoformat()
            if at_midnight
            else value.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00")
        )
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M:%S").removesuffix(":00")
    if isinstance(value, timedelta):
        return _duration(value)
    return _number(value, number_format) if isinstance(value, int | float) else str(value).strip()


def _sign(found: re.Match[str]) -> str:
    """A carriage return goes, since the line feed stands behind it, and whatever else says nothing."""
    sign = chr(int(found[1], 16))
    return sign if sign in "\t\n" else ""


def _duration(value: timedelta) -> str:
    """Hours, however many, and minutes: what a sheet shows of a day and a half is 36:00."""
    minutes, seconds = divmod(round(abs(value).total_seconds()), 60)
    sign = "-" if value < timedelta(0) else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _number(value: float, number_format: str) -> str:
    plain = _plain(value)
    if number_format in ("General", "@", ""):
        return plain
    sections = number_format.split(";")
    chosen = sections[1] if value < 0 and len(sections) > 1 and sections[1] else sections[0]
    literal = _LITERAL.sub(lambda found: found[1] or found[2] or found[3] or "", chosen)
    bare = _LITERAL.sub("", chosen)
    digits = _DIGITS.search(bare)
    if not digits or re.search(r"[Ee]\+|/", bare):
        return plain
    before, after = _around(literal)
    return f"{'-' if value < 0 and len(sections) < 2 else ''}{before}{_figures(value, bare, digits)}{after}".strip()


def _figures(value: float, bare: str, digits: re.Match[str]) -> str:
    amount = abs(Decimal(str(value)))
    if "%" in bare:
        amount *= 100
    amount /= Decimal(1000) ** len(digits[2])
    most = len(digits[1] or "")
    least = (digits[1] or "").count("0")
    rounded = amount.quantize(Decimal(1).scaleb(-most), ROUND_HALF_UP) if amount.is_finite() else amount
    text = f"{rounded:,f}" if "," in digits[0].rstrip(",") else f"{rounded:f}"
    if most > least and "." in text:
        whole, _, fraction = text.partition(".")
        kept = fraction.rstrip("0").ljust(least, "0")
        text = f"{whole}.{kept}" if kept else whole
    width = len(digits[0].partition(".")[0].replace(",", "").lstrip("#?"))
    whole, point, fraction = text.partition(".")
    return whole.zfill(width) + point + fraction if "," not in whole else text


def _around(literal: str) -> tuple[str, str]:
    """What stands before and behind the digits: a currency, a unit, a percent sign."""
    found = _DIGITS.search(literal)
    if not found:
        return "", ""
    return literal[: found.start()].lstrip("+"), literal[found.end() :]


def _plain(value: float) -> str:
    """As a person writes it: no exponent, no trace of binary fractions."""
    if isinstance(value, int):
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{Decimal(f'{value:.15g}'):f}"
