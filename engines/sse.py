"""Server-sent events out of bytes that arrive in any pieces.

Knows nothing of HTTP or of what the events say.
"""

from collections.abc import Iterable, Iterator

MAX_EVENT_BYTES = 1_048_576
_IGNORED_FIELDS = frozenset((b"event", b"id", b"retry"))


class NotAnEventStream(ValueError):
    """A line of no known field, bytes that are not UTF-8, or an event or a line beyond MAX_EVENT_BYTES."""


class EventReader:
    """Feed it bytes, it gives the `data` of each event that became complete.

    Splits on bytes, so a character cut in two by the network stays whole; the events are the same however the
    bytes were cut. Holds no more than MAX_EVENT_BYTES and the piece it was fed. Raises NotAnEventStream, after
    the events before that place.
    """

    def __init__(self) -> None:
        self._rest = bytearray()
        self._data: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterable[str]:
        if self._rest or self._data:
            return self._lines(data)
        return _whole_events(data) or self._lines(data)

    def _lines(self, data: bytes) -> Iterator[str]:
        began = 0
        while (end := data.find(b"\n", began)) >= 0:
            self._rest += data[began:end]
            began = end + 1
            yield from self._line(self._whole_line())
        self._rest += data[began:]
        _bound(len(self._rest))

    def end(self) -> Iterator[str]:
        """What stood in an event that was never closed by an empty line."""
        yield from self._line(self._whole_line())
        yield from self._event()

    def _whole_line(self) -> bytes:
        _bound(len(self._rest))
        line = bytes(self._rest)
        self._rest.clear()
        return line.removesuffix(b"\r")

    def _line(self, line: bytes) -> Iterator[str]:
        if not line:
            yield from self._event()
            return
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            # The name, too: a million lines without a value would be a long list of nothing.
            self._size += len(line)
            _bound(self._size)
        elif field and field not in _IGNORED_FIELDS:
            raise NotAnEventStream("a line that is no field of an event")

    def _event(self) -> Iterator[str]:
        if self._data:
            joined = b"\n".join(self._data)
            self._data, self._size = [], 0
            yield _decoded(joined)


def _whole_events(data: bytes) -> list[str]:
    """The events of bytes that are nothing but whole ones of a line each, as nearly all pieces are; else none."""
    if len(data) > MAX_EVENT_BYTES or data[:5] != b"data:" or data[-2:] != b"\n\n":
        return []
    try:
        events = data[:-2].decode("utf-8").split("\n\n")
    except UnicodeDecodeError:
        return []
    if any(event[:5] != "data:" or "\n" in event or event[-1] == "\r" for event in events):
        return []
    return [event[5:].removeprefix(" ") for event in events]


def _decoded(event: bytes) -> str:
    try:
        return event.decode("utf-8")
    except UnicodeDecodeError:
        raise NotAnEventStream("an event that is not UTF-8") from None


def _bound(size: int) -> None:
    if size > MAX_EVENT_BYTES:
        raise NotAnEventStream("an event beyond all measure")
