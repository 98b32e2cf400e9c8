"""When a business line is staffed: spans of the week in its time zone, and the moments at which they begin.

Goes by the clock on the wall there, so that a change to summer time moves nobody's working day. Knows no words.
"""

import itertools
import re
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SPAN = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_SPAN = re.compile(SPAN)
_A_DAY = 24 * 60
_WEEKS = timedelta(days=15)
"""How far an opening is looked for: a weekly one may fall into the hour that summer time takes."""

Hours = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes since midnight; `end` lies beyond the day where the span goes on over midnight."""

    start: int
    end: int


def span_of(written: str) -> Span:
    """`09:00-21:00`; `22:00-06:00` ends on the next day, `00:00-24:00` is the whole one. Raises ValueError."""
    if not _SPAN.fullmatch(written):
        raise ValueError("not a span of the day")
    start, end = (60 * int(part[:2]) + int(part[3:]) for part in written.split("-"))
    if start == end:
        raise ValueError("it begins as it ends")
    return Span(start, end if end > start else end + _A_DAY)


def week_of(hours: Hours) -> Sequence[Sequence[Span]]:
    """The spans that begin on each day, Monday first. Raises ValueError."""
    return [[span_of(written) for written in hours.get(day, ())] for day in DAYS]


def is_open(hours: Hours, time_zone: str, now: datetime) -> bool:
    """Whether anybody is there at `now` (aware). A line that names no hours always is."""
    return not hours or _open(week_of(hours), now.astimezone(zone_of(time_zone)))


def next_opening(hours: Hours, time_zone: str, now: datetime) -> datetime | None:
    """The first minute after `now` at which a closed line is open again, as its own clock shows it; None where it is
    open, or never is."""
    week, zone = week_of(hours), zone_of(time_zone)
    if not any(week) or _open(week, now.astimezone(zone)):
        return None
    beginnings = [*_starts(week, zone, now), *_shifts(zone, now)]
    for moment in sorted(each for each in beginnings if each > now):
        if _open(week, there := moment.astimezone(zone)):
            return there
    return None


@lru_cache(1)
def time_zones() -> frozenset[str]:
    """The IANA names that this machine knows."""
    return frozenset(available_timezones() - {"localtime", "posixrules", "Factory"})


@lru_cache(64)
def zone_of(time_zone: str) -> ZoneInfo:
    """The zone of that name; UTC where this machine's tables do not know it, so that no question fails for it."""
    return ZoneInfo(time_zone if time_zone in time_zones() else "UTC")


def today_in(time_zone: str) -> date:
    """The date there, at a fraction of what a calendar costs: no zone begins its day within a minute."""
    return _date_in(time_zone, int(clock.time()) // 60)


@lru_cache(64)
def _date_in(time_zone: str, minute: int) -> date:
    return datetime.fromtimestamp(60 * minute, zone_of(time_zone)).date()


def _open(week: Sequence[Sequence[Span]], there: datetime) -> bool:
    minute, day = there.hour * 60 + there.minute, there.weekday()
    return any(span.start <= minute < span.end for span in week[day]) or any(
        minute + _A_DAY < span.end for span in week[day - 1]
    )


def _starts(week: Sequence[Sequence[Span]], zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Every beginning of a span in the next weeks, in UTC; an hour that comes twice begins twice."""
    today: date = now.astimezone(zone).date()
    days = [today + timedelta(days=offset) for offset in range(-1, _WEEKS.days)]
    return [
        datetime.combine(day, time(span.start // 60, span.start % 60, fold=fold), zone).astimezone(UTC)
        for day in days
        for span in week[day.weekday()]
        for fold in (0, 1)
    ]


def _shifts(zone: ZoneInfo, now: datetime) -> list[datetime]:
    """The minutes in the next weeks at which the clock there is set forward or back, in UTC: a span may begin with one."""
    start = now.astimezone(UTC).replace(second=0, microsecond=0)
    moments = [start + timedelta(days=day) for day in range(_WEEKS.days + 1)]
    return [
        _shift_between(zone, before, after)
        for before, after in itertools.pairwise(moments)
        if _offset(zone, before) != _offset(zone, after)
    ]


def _shift_between(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first minute with the offset of `after`."""
    was = _offset(zone, before)
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        before, after = (middle, after) if _offset(zone, middle) == was else (before, middle)
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()
