"""Rows as bytes that are the same however a row was read: what the digests of seals.py are made of. Knows no key."""

import struct
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from core.messages import TurnStatus
from storage.columns import moments, plain

Values = Mapping[Any, Any]

MANY = 8
"""From so many times on they are written together rather than looked for among the latest."""


def canonical(table: str, values: Values) -> bytes:
    """The same bytes for the same row, however it was read; a column that is NULL adds none.

    The answer of a running turn is left out: it grows many times a second, and its own encryption vouches for it.
    """
    parts = [table.encode()]
    running = table == "turn" and values["status"] == TurnStatus.RUNNING.value
    for name, begin in _in_order(tuple(values)):
        value = values[name]
        if value is None or (running and name == "answer"):
            continue
        encoded = begin + _ENCODED.get(type(value), _kindred)(value)
        parts += (len(encoded).to_bytes(4), encoded)
    return b"".join(parts)


def canonical_all(table: str, rows: Sequence[Values]) -> list[bytes]:
    """`canonical` of each of several rows that name the same columns, column by column: 40 % of the time at 64 rows.

    Most columns of a batch hold few values, each of which is encoded once.
    """
    if len(rows) < 2:
        return [canonical(table, row) for row in rows]
    columns = [[table.encode()] * len(rows)]
    for name, begin in _in_order(tuple(rows[0])):
        found = [row[name] for row in rows]
        if table == "turn" and name == "answer":
            running = [row["status"] == TurnStatus.RUNNING.value for row in rows]
            found = [None if grows else value for grows, value in zip(running, found, strict=True)]
        columns.append(_encoded(begin, found))
    return list(map(b"".join, zip(*columns, strict=True)))


def runs(table: str, alike: Values, own: Collection[str]) -> tuple[bytes, ...]:
    """What the `canonical` of rows that share these values has of them, cut where a column of each one's own stands.

    None of a running turn, of which the answer is left out.
    """
    if table == "turn" and alike["status"] == TurnStatus.RUNNING.value:
        raise ValueError("a running turn shares nothing with others")
    cut, pieces = [], [table.encode()]
    for name, begin in _in_order((*alike, *own)):
        if name in own:
            cut.append(b"".join(pieces))
            pieces = []
        else:
            pieces.append(_piece(begin, alike[name]))
    return (*cut, b"".join(pieces))


def canonical_along(cut: Iterable[tuple[bytes, ...]], own: Mapping[str, Sequence[Any]]) -> list[bytes]:
    """`canonical` of rows, given the `runs` of each and the values of the columns that they were cut at."""
    *befores, last = zip(*cut, strict=True)
    columns: list[Sequence[bytes]] = []
    for (name, begin), before in zip(_in_order(tuple(own)), befores, strict=True):
        columns += (before, _encoded(begin, own[name]))
    return list(map(b"".join, zip(*columns, last, strict=True)))


def _encoded(begin: bytes, values: Sequence[Any]) -> list[bytes]:
    kinds = set(map(type, values))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is datetime and len(values) >= MANY:
        return _columns(begin + b"=t", list(map(str.encode, moments(values))))
    if kind in _ALIKE:
        few = set(values)
        if 2 * len(few) <= len(values):
            known = {value: _piece(begin, value) for value in few}
            return [known[value] for value in values]
    if kind is bytes:
        return _columns(begin + b"=y", values)
    if kind is str and plain(whole := "".join(values)) == whole:
        return _columns(begin + b"=s", list(map(str.encode, values)))
    return [_piece(begin, value) for value in values]


def _columns(begin: bytes, encoded: Sequence[bytes]) -> list[bytes]:
    """`column` of each: in one column few lengths occur."""
    size = len(begin)
    heads = {length: (size + length).to_bytes(4) + begin for length in set(map(len, encoded))}
    return [heads[len(one)] + one for one in encoded]


def _piece(begin: bytes, value: Any) -> bytes:
    return b"" if value is None else column(begin + _ENCODED.get(type(value), _kindred)(value))


@lru_cache(256)
def _in_order(names: tuple[str, ...]) -> tuple[tuple[str, bytes], ...]:
    """The columns in the order of their names, with these encoded: there are as many sets of them as statements."""
    return tuple((name, name.encode()) for name in sorted(names))


def column(encoded: bytes) -> bytes:
    return len(encoded).to_bytes(4) + encoded


@lru_cache(64)  # the rows of one question have one time or two
def _moment(value: datetime) -> bytes:
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return b"=t" + moment.isoformat().encode()


_ENCODED: Mapping[type, Callable[[Any], bytes]] = {
    str: lambda value: b"=s" + plain(value).encode(),
    bool: lambda value: b"=b1" if value else b"=b0",
    int: lambda value: b"=i%d" % value,
    float: lambda value: b"=f" + struct.pack(">d", value),
    datetime: _moment,
    bytes: lambda value: b"=y" + value,
}
"""A value by its own type."""


_ALIKE = (str, int, bool, datetime, type(None))
"""Types of which equal values have equal bytes; zero and minus zero have not, nor have one and true."""


def _kindred(value: Any) -> bytes:
    """A value of a type that is derived from one of these; whatever else there is, is bytes."""
    for kind, encoded in _ENCODED.items():
        if isinstance(value, kind):
            return encoded(value)
    return b"=y" + bytes(value)
