"""The log as JSON lines on standard error: one event a line, whatever its values hold, and nothing a terminal obeys.

Knows no setting and no request; what may be logged is the caller's duty, and never a customer's words.
"""

import asyncio
import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import structlog

UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
"""JSON escapes what is below a space. These it leaves: they steer terminals, end lines for some readers, turn the
order of letters round, or cannot be written at all."""


def configure_logs() -> None:
    """Send structlog and the standard library's loggers (uvicorn, alembic) through one JSON renderer."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = LineHandler(sys.stderr)
    _lines[:] = [handler]
    structlog.configure(
        processors=[*shared, where_it_broke, structlog.processors.JSONRenderer(serializer=one_line)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: LineWriter(
            handler
        ),  # a record of the library's for each costs more than the line
        cache_logger_on_first_use=True,
    )
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                where_it_broke,
                structlog.processors.JSONRenderer(serializer=one_line),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "alembic", "uvicorn.error", "bm25s"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


log = structlog.get_logger()
_lines: list["LineHandler"] = []
"""Where the log's lines go, once it is set up."""


def access(request_id: str, method: str, route: str, status: int, ms: int) -> None:
    """The line of a request, as `log.info("request", ...)` would write it for several times what this costs.

    Neither an accepted id nor a route holds what JSON would have to escape, and no method that is letters alone.
    """
    if _lines and structlog.is_configured() and method.isalpha():
        second, part = divmod(time.time_ns() // 1000, 1_000_000)
        _lines[0].write_soon(
            f'{{"method": "{method}", "route": "{route}", "status": {status}, "ms": {ms}, "event": "request", '
            f'"request_id": "{request_id}", "level": "info", "timestamp": "{_second(second)}.{part:06}Z"}}'
        )
    else:
        log.info("request", method=method, route=route, status=status, ms=ms, request_id=request_id)


@lru_cache(4)
def _second(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).replace(tzinfo=None).isoformat()


class LineHandler(logging.StreamHandler[Any]):
    """A record that cannot be written is one line, too; the library's own answer is a page with its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:
        line = one_line({"event": "log_failed", "logger": record.name, "level": record.levelname.lower()})
        self.stream.write(f"{line}\n")

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._soon: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._write_those()
        super().emit(record)

    def write(self, line: str) -> None:
        """A line that is one already. Where it cannot be written there is nobody to tell, and nothing else fails."""
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            self._write_those()
            self.stream.write(f"{line}\n")
            self.stream.flush()

    def write_soon(self, line: str) -> None:
        """The same for the event loop's thread, together with what comes in the same turn of it: a write costs the
        system more than the line costs us."""
        self._soon.append(line)
        if len(self._soon) == 1:
            asyncio.get_running_loop().call_soon(self._write_those)

    def _write_those(self) -> None:
        if not self._soon:
            return
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            those, self._soon = self._soon, []
            self.stream.write("\n".join((*those, "")))
            self.stream.flush()


class LineWriter:
    """structlog's way to the handler, whatever the level."""

    def __init__(self, handler: LineHandler) -> None:
        self.info = self.warning = self.error = self.critical = handler.write


@lru_cache(4)
def _encoder(default: Callable[[Any], Any]) -> Callable[[Any], str]:
    return json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=default).encode


def one_line(event: Mapping[str, Any], default: Callable[[Any], Any] = repr, **_: Any) -> str:
    """JSON for every reader: numbers that JSON has not, and whatever refers to itself, as their text."""
    try:
        text = _encoder(default)(event)
    except (ValueError, TypeError, RecursionError):
        text = json.dumps({str(name): _plain(value) for name, value in event.items()}, ensure_ascii=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | None) else repr(value)


def where_it_broke(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put the exception's type and the lines it came through in place of the exception: its own text may
    quote what a customer wrote."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = type(error).__qualname__
        event["frames"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event
