"""What the log says of an exception, and what it keeps to itself.

Each of these writes from a process of its own: the log belongs to the whole of one, and in that of the tests a
server that an earlier test started may still write the line of a request from its thread.
"""

import json
import subprocess
import sys
from textwrap import dedent

BEFORE = """
import asyncio, logging, sys
import structlog
from gateway.logs import access, configure_logs
configure_logs()
"""


def logged(code: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", BEFORE + dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stderr.splitlines()


def test_a_broken_call_is_logged_without_the_customers_words() -> None:
    customers_words = "我的电话是 13800138000"
    (line,) = logged(f"""
        try:
            raise ValueError({customers_words!r})
        except ValueError:
            structlog.get_logger("test").exception("turn broke", turn="t1\\nfake")
    """)
    assert line.endswith("}"), "one event is one line, whatever its values hold"
    assert customers_words not in line
    record = json.loads(line)
    assert (record["event"], record["exception"], record["turn"]) == ("turn broke", "ValueError", "t1\nfake")
    assert "<module>" in record["frames"][0]


def test_the_line_of_a_request_is_the_one_that_the_log_writes() -> None:
    usual, short = map(
        json.loads,
        logged("""
            async def both():
                with structlog.contextvars.bound_contextvars(request_id="r-1"):
                    structlog.get_logger("test").info("request", method="POST", route="/v1", status=200, ms=3)
                access("r-1", "POST", "/v1", 200, 3)
                await asyncio.sleep(0)

            asyncio.run(both())
        """),
    )
    assert list(usual) == list(short)
    assert len(usual.pop("timestamp")) == len(short.pop("timestamp"))
    assert usual == short


def test_lines_of_one_turn_of_the_loop_are_written_together_and_in_their_order() -> None:
    lines = logged("""
        async def turn():
            access("r-1", "POST", "/v1", 200, 1)
            access("r-2", "POST", "/v1", 200, 1)
            print('{"event": "not yet"}', file=sys.stderr)
            logging.getLogger("a.library").warning("in between")
            structlog.get_logger("test").info("after")
            access("r-3", "POST", "/v1", 200, 1)
            await asyncio.sleep(0)
            print('{"event": "next turn"}', file=sys.stderr)

        asyncio.run(turn())
    """)
    assert [read.get("request_id", read["event"]) for read in map(json.loads, lines)] == [
        "not yet", "r-1", "r-2", "in between", "after", "r-3", "next turn",
    ]  # fmt: skip
