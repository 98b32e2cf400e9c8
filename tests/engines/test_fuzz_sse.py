"""The reader of event streams against bytes of any kind, cut anywhere."""

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.sse import MAX_EVENT_BYTES, EventReader, NotAnEventStream
from tests.support.fuzzing import attempts

PIECES = st.sampled_from(
    [b"data:", b"data: ", b"data: {}", b"\n", b"\r\n", b"\r", b"\n\n", b": comment", b"event: x", b"id:", b"retry",
     b"data", b"nonsense", "小Q".encode(), b"\xe5\xb0", b"\xff", b"\0", b" ", b":", b"data: [DONE]\n\n"]
)  # fmt: skip
STREAMS = st.lists(st.one_of(PIECES, st.binary(max_size=6)), max_size=40).map(b"".join)


def told(pieces: list[bytes]) -> tuple[list[str], bool]:
    """The events, those before an error too, and whether it was an event stream to its end."""
    reader, events = EventReader(), list[str]()
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                events.append(event)
        for event in reader.end():
            events.append(event)
    except NotAnEventStream:
        return events, False
    return events, True


@settings(max_examples=attempts(300), deadline=None)
@given(STREAMS, st.lists(st.integers(0, 400), max_size=12))
def test_wherever_the_network_cuts_the_events_are_the_same(stream: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert told(pieces) == told([stream]) == told([stream[at : at + 1] for at in range(len(stream))])


@settings(max_examples=attempts(200), deadline=None)
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"))))
def test_what_was_written_is_read(texts: list[str]) -> None:
    events, whole = told(["".join(f"data: {text}\n\n" for text in texts).encode()])
    assert (events, whole) == (texts, True)


@pytest.mark.parametrize(
    "piece",
    [b"x" * 4096, b"data: " + b"x" * 4090, b"data:\n" * 700, b": comment without end ", b"data\n" * 700],
)
def test_an_endless_event_is_refused_before_it_fills_the_memory(piece: bytes) -> None:
    reader = EventReader()

    def feed() -> None:
        for _ in range(4 * MAX_EVENT_BYTES // len(piece)):
            list(reader.feed(piece))

    tracemalloc.start()
    try:
        with pytest.raises(NotAnEventStream):
            feed()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * MAX_EVENT_BYTES
    assert reader._size <= MAX_EVENT_BYTES + len(piece)
    assert len(reader._rest) <= MAX_EVENT_BYTES + len(piece)
