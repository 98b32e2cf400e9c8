"""A line's hours as people read them: whether somebody is there, when they are back, and the week in a line of text.

In Chinese and English words; in other languages the days' English abbreviations and dates in digits. Knows no rule of
handing over.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby

from core.hours import DAYS, is_open, next_opening, zone_of
from core.messages import BusinessLine

WEEKDAYS: Mapping[str, Sequence[str]] = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "zh-Hant": ("週一", "週二", "週三", "週四", "週五", "週六", "週日"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
NEAR = {"zh": ("今天", "明天"), "zh-Hant": ("今天", "明天"), "en": ("today at ", "tomorrow at ")}


def staffed(line: BusinessLine, now: datetime | None = None) -> bool:
    """Whether the line's hours have somebody there; a line without hours always has."""
    return is_open(line.hours, line.time_zone, now or datetime.now(UTC))


def back_at(line: BusinessLine, language: str, now: datetime | None = None) -> str | None:
    """When a line that is closed opens next: `明天 09:00（北京时间）`, `tomorrow at 09:00 (Berlin time)`,
    `2026-11-26 09:00 (Europe/Berlin)`. None where it is open."""
    now = now or datetime.now(UTC)
    there = next_opening(line.hours, line.time_zone, now)
    if there is None:
        return None
    tongue = _tongue(language)
    day = _day(there, (there.date() - now.astimezone(there.tzinfo).date()).days, tongue)
    return f"{day}{there:%H:%M}{_zone(line.time_zone, tongue)}"


def hours_text(line: BusinessLine, language: str) -> str:
    """The week: `周一至周五 09:00–21:00，周六 10:00–18:00（北京时间）`, `Mon–Fri 09:00–21:00, Sat 10:00–18:00 (Berlin
    time)`. Empty where the line names no hours."""
    if not any(line.hours.get(day) for day in DAYS):
        return ""
    tongue = _tongue(language)
    comma = "，" if tongue.startswith("zh") else ", "
    return comma.join(_runs(line.hours, tongue)) + _zone(line.time_zone, tongue)


def _runs(hours: Mapping[str, Sequence[str]], tongue: str) -> list[str]:
    """Neighbouring days with the same spans, together."""
    spans = [tuple(sorted(hours.get(day, ()))) for day in DAYS]
    between = "、" if tongue.startswith("zh") else ", "
    found = []
    for same, days in groupby(range(len(DAYS)), key=lambda day: spans[day]):
        if same:
            run = list(days)
            found.append(f"{_days(run[0], run[-1], tongue)} {between.join(same).replace('-', '–')}")
    return found


def _days(first: int, last: int, tongue: str) -> str:
    if (first, last) == (0, len(DAYS) - 1):
        return {"zh": "每天", "zh-Hant": "每天", "en": "daily"}.get(tongue, f"{SHORT[0]}–{SHORT[-1]}")
    if tongue.startswith("zh"):
        names = WEEKDAYS[tongue]
        return names[first] if first == last else f"{names[first]}至{names[last]}"
    return SHORT[first] if first == last else f"{SHORT[first]}–{SHORT[last]}"


def _day(there: datetime, ahead: int, tongue: str) -> str:
    """The day with what stands between it and the time."""
    if tongue not in WEEKDAYS:
        return f"{there:%Y-%m-%d} "
    if ahead < len(near := NEAR[tongue]):
        return near[ahead] + (" " if tongue != "en" else "")
    weekday = WEEKDAYS[tongue][there.weekday()]
    if tongue == "en":
        return f"on {weekday}, {there.day} {MONTHS[there.month - 1]}, at "
    return f"{there.month}月{there.day}日（{weekday}）"


def _zone(time_zone: str, tongue: str) -> str:
    if tongue.startswith("zh"):
        named = (
            {"zh": "北京时间", "zh-Hant": "北京時間"}[tongue] if time_zone == "Asia/Shanghai" else time_zone
        )
        return f"（{named}）"
    if tongue == "en" and "/" in time_zone and not time_zone.startswith("Etc/"):
        return f" ({time_zone.rsplit('/', 1)[1].replace('_', ' ')} time)"
    return f" ({zone_of(time_zone).key})"


def _tongue(language: str) -> str:
    """Whose words are used: "zh", "zh-Hant", "en", or none of them."""
    for known in ("zh-Hant", "zh", "en"):
        if language == known or language.startswith(f"{known}-"):
            return known
    return ""
