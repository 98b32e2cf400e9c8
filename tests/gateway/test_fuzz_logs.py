"""The log against values of any kind: one event is one line of JSON, and a terminal shows it as it stands."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.logs import LineHandler, configure_logs, one_line
from tests.support.fuzzing import attempts

TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["\x1b[2J\x1b]0;owned\x07", "\x9b31m", "a\nb", "a\r\n{\"event\": \"forged\"}", "\u2028", "\u0085", "\ud800",
                     "\udfff", "\u202eevil", "\0", "\ufeff", "小Q"]),
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.floats(), st.booleans(), st.none(), st.binary(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)


class OfThisThread(io.StringIO):
    """Servers that earlier tests started write from threads of their own: not what these tests are about."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def write(self, text: str) -> int:
        return super().write(text) if threading.get_ident() == self._thread else len(text)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    stream = OfThisThread()
    monkeypatch.setattr("sys.stderr", stream)
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs()
    # Else a module whose first line a server's thread writes meanwhile would write into this stream ever after.
    structlog.configure(cache_logger_on_first_use=False)
    monkeypatch.setattr("gateway.logs._lines", [])  # or this thread writes what those leave for the next line
    yield stream
    logging.getLogger().handlers = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


def emptied(written: io.StringIO) -> None:
    """Leaves the log alone with its handler: pytest's own would carry what no process can send on."""
    root = logging.getLogger()
    root.handlers = [each for each in root.handlers if isinstance(each, LineHandler)]
    written.seek(0)
    written.truncate()


def assert_one_line(text: str) -> dict[str, Any]:
    text.encode()
    assert len(text.splitlines()) == 1
    assert text.endswith("\n")
    assert UNSAFE.isdisjoint(text[:-1])
    read: dict[str, Any] = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    return read


UNSAFE = {
    chr(code)
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        0x2028,
        0x2029,
        *range(0x202A, 0x202F),
        *range(0xD800, 0xE000),
    )
}


@settings(
    max_examples=attempts(200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(event=TEXTS, values=st.dictionaries(st.from_regex(r"[a-z]{2,8}", fullmatch=True), VALUES, max_size=4))
@example(event="\x1b[31m", values={"question": "a\nb", "number": float("nan")})
def test_an_event_is_a_line_whatever_it_holds(
    written: io.StringIO, event: str, values: dict[str, Any]
) -> None:
    for name in (
        "event",
        "level",
        "timestamp",
        "exc_info",
        "stack_info",
        "logger",
        "self",
        "extra",
        "msg",
        "args",
    ):
        values.pop(name, None)
    emptied(written)
    structlog.get_logger("fuzz").warning("said", told=event, **values)
    read = assert_one_line(written.getvalue())
    assert read["event"] == "said"
    assert read["told"] == event


@settings(
    max_examples=attempts(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(message=TEXTS, argument=TEXTS)
def test_other_libraries_write_lines_too(written: io.StringIO, message: str, argument: str) -> None:
    emptied(written)
    logging.getLogger("other").error(message.replace("%", "") + " %s", argument)
    assert_one_line(written.getvalue())


def test_a_record_that_cannot_be_written_is_one_line_without_its_arguments(written: io.StringIO) -> None:
    (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, LineHandler)]
    handler.handle(logging.LogRecord("other", 40, "x.py", 1, "%d of them", ("我的电话是 13800138000",), None))
    read = assert_one_line(written.getvalue())
    assert read == {"event": "log_failed", "logger": "other", "level": "error"}


def test_what_refers_to_itself_is_told_as_its_text() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert json.loads(one_line({"event": "e", "value": endless}))["value"] == "[[...]]"
