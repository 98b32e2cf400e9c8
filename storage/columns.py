"""The column types of the tables: text that every database takes, times in UTC. Knows no table."""

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

_REPLACEMENT = "\ufffd"


def plain(text: str) -> str:
    """The text with U+FFFD for what no database stores: NUL and lone surrogates."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\0", _REPLACEMENT)


def moments(values: Sequence[datetime]) -> list[str]:
    """Moments as `isoformat` writes them in UTC, in a tenth of its time; without a zone they are taken to be in UTC.

    Takes datetimes alone, none of a derived type.
    """
    known = [one if one.tzinfo is UTC else _in_utc(one) for one in values]
    return orjson.dumps(known).decode()[2:-2].split('","')


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class PlainText(TypeDecorator[str]):
    """Text of any length, stored as `plain` leaves it.

    A question is kept before anything else can fail, so its text may not be what fails.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else plain(value)


class UtcTime(TypeDecorator[datetime]):
    """A moment, in UTC. Takes aware datetimes only and gives them back aware."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was given to the database")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
