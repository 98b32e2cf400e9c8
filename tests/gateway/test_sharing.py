"""Which requests any process serves, and how connections are weighed."""

import pytest

from gateway.board import Board, State
from gateway.sharing import served_anywhere


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"POST /v1/chat/completions HTTP/1.1\r\n", True),
        (b"GET /v1/models", True),
        (b"OPTIONS /v1/x", True),
        (b"\r\nGET /healthz HTTP/1.1", True),
        (b"GET /healthz?deep HTTP/1.1", False),
        (b"GET /v1", None),
        (b"PO", None),
        (b"", None),
        (b"GET / HTTP/1.1", False),
        (b"GET /v12", False),
        (b"GET //v1/models", False),
        (b"GET http://127.0.0.1/v1/models", False),
        (b"GET /%761/models", False),
        (b"OPTIONS *", False),
        (b"\x16\x03\x01" + b"x" * 40, False),
    ],
)
def test_what_any_process_serves(data: bytes, expected: bool | None) -> None:
    assert served_anywhere(data) is expected


def test_a_connection_on_its_way_counts_where_it_goes() -> None:
    board = Board(2)
    for number in (0, 1):
        assert board.enter(number) == 1
    board.connected(0, 6)
    assert board.lighter(0, 1) is None, "the other is not ready"
    board.become(0, State.READY)
    board.become(1, State.READY)
    for held in (5, 4, 3):
        assert board.lighter(0, 1) == 1
        board.sent(0, 1)
        board.connected(0, held)
    assert board.load(1) == 3
    assert board.lighter(0, 1) is None
    board.arrived(1)
    board.connected(1, 1)
    assert board.load(1) == 3
    board.become(1, State.LEAVING)
    assert board.lighter(0, -10) == 0
