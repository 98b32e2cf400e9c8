"""Lists cut to what one statement takes. Knows no table."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_AT_ONCE = 5000
"""Values a statement's IN list may hold: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def slices(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
