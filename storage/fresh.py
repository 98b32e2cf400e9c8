"""Turns that were begun and have not ended, in memory as they were written, so that their end need not read them again.

Knows no key. On SQLite alone: only there can a connection tell that nobody else has written (`PRAGMA data_version`), and
what it wrote itself (`total_changes`); a row of PostgreSQL is locked by being read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from storage.cipher import Cipher
from storage.driver import data_version, file_of

REMEMBERED = 1_000
"""Turns, the oldest forgotten first: there are rarely more under way."""
LONG = 4_000
"""A question with more bytes than this is read again."""

_FRESH = "xiaoq_fresh"


@dataclass(frozen=True, slots=True)
class Held:
    """A turn and its conversation as they lie in the database, and the key of their owner."""

    conversation: Mapping[str, Any]
    turn: Mapping[str, Any]
    cipher: Cipher


@dataclass(slots=True)
class _Fresh:
    """Holds while `version` is the database's and `changes` is all that this connection changed."""

    version: int | None = None
    changes: int = -1
    turns: dict[str, Held] = field(default_factory=dict)


@contextmanager
def apart(connection: Connection) -> Iterator[None]:
    """Around writes that change nothing of a turn that is remembered, nor of its conversation or owner.

    Any other write makes the connection forget them all, as does one that fails.
    """
    file = file_of(connection)
    if file is None:
        yield
        return
    fresh: _Fresh = connection.info.setdefault(_FRESH, _Fresh())
    if fresh.changes != file.total_changes:
        fresh.turns.clear()
    yield
    fresh.changes = file.total_changes


def remember(connection: Connection, begun: Iterable[Held]) -> None:
    """Inside `apart`: these were written, each in a conversation of its own.

    Where their transaction fails, nobody gets to know the turn's id, or it is begun anew.
    """
    if file_of(connection) is None:
        return
    fresh = _current(connection)
    for one in begun:
        if len(one.turn["question"]) <= LONG:
            fresh.turns[one.turn["id"]] = one
    for turn_id in list(fresh.turns)[:-REMEMBERED]:
        del fresh.turns[turn_id]


def taken(connection: Connection, turn_ids: Sequence[str]) -> dict[str, Held]:
    """Inside `apart`: those of these turns that are remembered, no more from now on; their ends are about to be written."""
    if file_of(connection) is None:
        return {}
    fresh = _current(connection)
    return {turn_id: fresh.turns.pop(turn_id) for turn_id in turn_ids if turn_id in fresh.turns}


def _current(connection: Connection) -> _Fresh:
    """In a write, which nobody else does at the same time."""
    fresh: _Fresh = connection.info[_FRESH]
    version = data_version(connection)
    if fresh.version != version:
        fresh.version = version
        fresh.turns.clear()
    return fresh
