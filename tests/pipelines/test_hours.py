"""When a line is open, across midnight and changes of the clock, and how that is put."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.hours import DAYS, Hours, is_open, next_opening, span_of, week_of, zone_of
from core.messages import BusinessLine
from pipelines.hours import back_at, hours_text, staffed

A_MINUTE = timedelta(minutes=1)
WORKDAYS: Hours = dict.fromkeys(DAYS[:5], ("09:00-21:00",))
ZONES = (
    "UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/Santiago", "Africa/Cairo",
)  # fmt: skip
"""Summer time north and south, by half an hour, at midnight; and none."""


@st.composite
def a_span(draw: st.DrawFn) -> str:
    start = draw(st.integers(0, 24 * 60 - 1))
    end = draw(st.integers(0, 24 * 60).filter(lambda end: end != start))
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"


WEEKS = st.dictionaries(
    st.sampled_from(DAYS), st.lists(a_span(), min_size=1, max_size=2), min_size=1, max_size=3
)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2029, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(second=0, microsecond=0)
)
NEAR_A_SHIFT = st.builds(
    lambda shift, minutes: shift + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(2026, 3, 29, 1, tzinfo=UTC),  # Berlin springs forward
            datetime(2026, 10, 25, 1, tzinfo=UTC),  # and falls back
            datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York
            datetime(2026, 11, 1, 6, tzinfo=UTC),
            datetime(2026, 4, 4, 15, tzinfo=UTC),  # Lord Howe, by half an hour
            datetime(2026, 4, 23, 22, tzinfo=UTC),  # Cairo, at midnight
        ]
    ),
    st.integers(-3000, 3000),
)


@settings(max_examples=60, deadline=None)
@given(hours=WEEKS, zone=st.sampled_from(ZONES), now=MOMENTS | NEAR_A_SHIFT)
@example({"sun": ["02:10-02:40"]}, "Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC))
@example({"sun": ["02:30-05:00"]}, "Europe/Berlin", datetime(2026, 3, 28, tzinfo=UTC))
@example({"sun": ["00:00-02:30"]}, "Europe/Berlin", datetime(2026, 10, 25, 0, 40, tzinfo=UTC))
@example({"sat": ["23:50-00:10"]}, "America/Santiago", datetime(2026, 4, 5, 3, 20, tzinfo=UTC))
def test_the_next_opening_is_the_first_minute_that_is_open(hours: Hours, zone: str, now: datetime) -> None:
    opening = next_opening(hours, zone, now)
    if is_open(hours, zone, now):
        assert opening is None
        return
    assert opening is not None
    assert opening > now
    assert opening.utcoffset() == opening.astimezone(zone_of(zone)).utcoffset()
    assert is_open(hours, zone, opening)
    minutes = int((opening - now) / A_MINUTE)
    # Each of the last day's, and a sample of those before: a week has ten thousand.
    looked_at = {*range(max(1, minutes - 1440), minutes), *range(1, minutes, 17)}
    assert not any(is_open(hours, zone, now + minute * A_MINUTE) for minute in looked_at)


@settings(max_examples=200, deadline=None)
@given(span=a_span(), day=st.sampled_from(DAYS), zone=st.sampled_from(ZONES), now=MOMENTS | NEAR_A_SHIFT)
def test_open_is_what_the_clock_on_the_wall_says(span: str, day: str, zone: str, now: datetime) -> None:
    there = now.astimezone(zone_of(zone))
    start, end = span.split("-")
    clock, today, yesterday = f"{there:%H:%M}", DAYS[there.weekday()], DAYS[there.weekday() - 1]
    if start < end:
        expected = today == day and start <= clock < end
    else:
        expected = (today == day and clock >= start) or (yesterday == day and clock < end)
    assert is_open({day: [span]}, zone, now) is expected


def test_a_line_without_hours_is_always_open() -> None:
    line = BusinessLine(id="x", names={}, bases=[])
    assert staffed(line)
    assert back_at(line, "en") is None
    assert hours_text(line, "en") == ""


def test_a_zone_that_this_machine_does_not_know_is_taken_for_utc() -> None:
    assert is_open(WORKDAYS, "Mars/Olympus", datetime(2026, 11, 25, 20, 59, tzinfo=UTC))
    assert not is_open(WORKDAYS, "../../etc/passwd", datetime(2026, 11, 25, 21, tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong", ["9:00-21:00", "09:00–21:00", "09:00-24:01", "25:00-26:00", "09:00-09:00", "", "09:00-21:00\n"]
)
def test_what_is_no_span_is_none(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"span|begins"):
        span_of(wrong)


def test_a_span_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    assert span_of("22:00-06:00").end == 30 * 60
    assert span_of("00:00-24:00").end == 24 * 60
    night = {"fri": ["22:00-06:00"]}
    assert [len(spans) for spans in week_of(night)] == [0, 0, 0, 0, 1, 0, 0]
    assert is_open(night, "UTC", datetime(2026, 11, 28, 5, 59, tzinfo=UTC))  # Saturday morning
    assert not is_open(night, "UTC", datetime(2026, 11, 27, 5, 59, tzinfo=UTC))


def line(**fields: object) -> BusinessLine:
    own: dict[str, object] = {"hours": WORKDAYS, "time_zone": "Asia/Shanghai", **fields}
    return BusinessLine(id="x", names={}, bases=[], **own)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "chinese", "english", "german"),
    [
        ("2026-11-25T00:30", "今天 09:00（北京时间）", "today at 09:00 (Shanghai time)", "2026-11-25 09:00 (Asia/Shanghai)"),
        ("2026-11-25T14:00", "明天 09:00（北京时间）", "tomorrow at 09:00 (Shanghai time)", "2026-11-26 09:00 (Asia/Shanghai)"),
        ("2026-11-27T16:00", "11月30日（周一）09:00（北京时间）", "on Monday, 30 November, at 09:00 (Shanghai time)",
         "2026-11-30 09:00 (Asia/Shanghai)"),
    ],
)  # fmt: skip
def test_when_somebody_is_back_is_said_in_the_customers_words(
    now: str, chinese: str, english: str, german: str
) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert [back_at(line(), language, moment) for language in ("zh", "en", "de")] == [
        chinese,
        english,
        german,
    ]


def test_the_week_is_told_in_runs_of_days() -> None:
    hours = {**WORKDAYS, "sat": ("10:00-12:00", "14:00-18:00"), "sun": ()}
    assert (
        hours_text(line(hours=hours), "zh-CN")
        == "周一至周五 09:00–21:00，周六 10:00–12:00、14:00–18:00（北京时间）"
    )
    assert hours_text(line(hours=hours), "zh-Hant").endswith("（北京時間）")
    berlin = line(hours=dict.fromkeys(DAYS, ("08:00-18:00",)), time_zone="Europe/Berlin")
    assert hours_text(berlin, "en-GB") == "daily 08:00–18:00 (Berlin time)"
    assert hours_text(berlin, "th") == "Mon–Sun 08:00–18:00 (Europe/Berlin)"
    assert hours_text(berlin, "zh") == "每天 08:00–18:00（Europe/Berlin）"
