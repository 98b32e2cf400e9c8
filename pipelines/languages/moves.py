"""Where an automaton leads from each of its states, read from a file as texts come by there.

Of 38,000 rows customers' texts touch some thousand, but mapping the file puts ten times as many in a process' memory, since
the system maps what lies around. It knows no language.
"""

import os
import weakref
from array import array
from collections.abc import Sequence
from tempfile import TemporaryFile

SIGNS = 256
MOST = 8_192
"""Rows that are kept, a kilobyte each; then all are read anew."""


class Moves(dict[int, "array[int]"]):
    """By state its row, which says by byte what state is next. States may share one. Safe to use from several threads."""

    def __init__(self, table: "array[int]", rows: Sequence[int], most: int = MOST) -> None:
        super().__init__()
        self._kind, self._size = table.typecode, table.itemsize * SIGNS
        self._rows, self._most = array("I", rows), most
        self._read: dict[int, array[int]] = {}
        with TemporaryFile(buffering=0) as file:
            file.write(table)
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)

    def __missing__(self, state: int) -> "array[int]":
        row = self._rows[state]
        found = self._read.get(row)
        if found is None:
            if len(self._read) >= self._most:
                self.clear()
                self._read.clear()
            read = os.pread(self._file, self._size, row * self._size)
            found = self._read[row] = array(self._kind, read)
        self[state] = found
        return found

    def told(self, text: bytes, outputs: "array[int]") -> list[int]:
        """What the states on the way through a text tell, in order; those with an output below 0 tell nothing."""
        state, found = 0, list[int]()
        for sign in text:
            state = self[state][sign]
            if (output := outputs[state]) >= 0:
                found.append(output)
        return found
