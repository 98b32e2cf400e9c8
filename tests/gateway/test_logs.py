"""What the log says of an exception, and what it keeps to itself."""

import json
import logging

import pytest
import structlog

from gateway.logs import configure_logs


def test_a_broken_call_is_logged_without_the_customers_words(capsys: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger().handlers[:]
    try:
        configure_logs()
        customers_words = "我的电话是 13800138000"
        try:
            raise ValueError(customers_words)
        except ValueError:
            structlog.get_logger("test").exception("turn broke", turn="t1\nfake")
        line = capsys.readouterr().err.strip()
    finally:
        logging.getLogger().handlers = before
        structlog.reset_defaults()
    assert "\n" not in line, "one event is one line, whatever its values hold"
    assert customers_words not in line
    record = json.loads(line)
    assert (record["event"], record["exception"], record["turn"]) == ("turn broke", "ValueError", "t1\nfake")
    assert "test_logs.py" in record["frames"][0]
