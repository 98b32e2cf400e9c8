"""What the log says of an exception, and what it keeps to itself."""

import asyncio
import json
import logging

import pytest
import structlog

from gateway.logs import access, configure_logs


def test_a_broken_call_is_logged_without_the_customers_words(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logs()
        customers_words = "我的电话是 13800138000"
        try:
            raise ValueError(customers_words)
        except ValueError:
            structlog.get_logger("test").exception("turn broke", turn="t1\nfake")
        written = capsys.readouterr().err
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    # A server of other tests may write the line of a request in between, from a thread of its own.
    (line,) = [one for one in written.splitlines() if '"event": "request"' not in one]
    assert line.endswith("}"), "one event is one line, whatever its values hold"
    assert customers_words not in written
    record = json.loads(line)
    assert (record["event"], record["exception"], record["turn"]) == ("turn broke", "ValueError", "t1\nfake")
    assert "test_logs.py" in record["frames"][0]


async def test_the_line_of_a_request_is_the_one_that_the_log_writes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logs()
        with structlog.contextvars.bound_contextvars(request_id="r-1"):
            structlog.get_logger("test").info("request", method="POST", route="/v1", status=200, ms=3)
        access("r-1", "POST", "/v1", 200, 3)
        await asyncio.sleep(0)
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    usual, short = lines
    assert list(usual) == list(short)
    assert len(usual.pop("timestamp")) == len(short.pop("timestamp"))
    assert usual == short


async def test_lines_of_one_turn_of_the_loop_are_written_together_and_in_their_order(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logs()
        access("r-1", "POST", "/v1", 200, 1)
        access("r-2", "POST", "/v1", 200, 1)
        assert capsys.readouterr().err == ""
        logging.getLogger("a.library").warning("in between")
        structlog.get_logger("test").info("after")
        access("r-3", "POST", "/v1", 200, 1)
        await asyncio.sleep(0)
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    assert [line.get("request_id", line["event"]) for line in lines] == [
        "r-1", "r-2", "in between", "after", "r-3",
    ]  # fmt: skip
