"""Lists cut to what one statement takes. Knows no table."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

_AT_ONCE = 5000
"""Values a statement's IN list may hold: SQLite takes 32,766 parameters, PostgreSQL 65,535."""


def slices(values: Sequence[T], size: int = _AT_ONCE) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
