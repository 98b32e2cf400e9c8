"""Server-sent events out of bytes that arrive in any pieces.

Knows nothing of HTTP or of what the events say.
"""

from collections.abc import Iterator

MAX_EVENT_BYTES = 1_048_576
_IGNORED_FIELDS = frozenset((b"event", b"id", b"retry"))


class EventReader:
    """Feed it bytes, it gives the `data` of each event that became complete.

    Splits on bytes, so a character cut in two by the network stays whole. Raises ValueError for anything that
    is not an event stream: a line of no known field, bytes that are not UTF-8, an event beyond
    MAX_EVENT_BYTES.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[str]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._bound(len(self._rest))
        for line in lines:
            yield from self._line(line.removesuffix(b"\r"))

    def end(self) -> Iterator[str]:
        """What stood in an event that was never closed by an empty line."""
        rest, self._rest = self._rest, b""
        yield from self._line(rest.removesuffix(b"\r"))
        yield from self._event()

    def _line(self, line: bytes) -> Iterator[str]:
        if not line:
            yield from self._event()
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._size += len(value)
            self._bound(self._size)
        elif field and field not in _IGNORED_FIELDS:
            raise ValueError("not an event stream")

    def _event(self) -> Iterator[str]:
        if self._data:
            event = b"\n".join(self._data).decode("utf-8")
            self._data, self._size = [], 0
            yield event

    def _bound(self, size: int) -> None:
        if size > MAX_EVENT_BYTES:
            raise ValueError("an event beyond all measure")
