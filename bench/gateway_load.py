"""The load client: asks many questions at once over loopback and looks at every token of every answer.

It knows no gateway and starts nothing. An answer counts as good only if all of it came, and nothing of another's.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from math import lcm
from time import perf_counter
from typing import Any, cast

import httptools
import orjson

from bench.gateway_wire import TOKEN, WHOSE, mark_of, now, stamped_at

PATIENCE_SECONDS = 60.0
CUSTOMERS = 500
LONGEST_TAIL = 64
"""Characters of an answer that may be the beginning of a token: no token is longer."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request as it goes over the wire, and what its answer must be made of."""

    payload: bytes
    mark: str
    tokens: int
    stream: bool


@dataclass(slots=True)
class Answer:
    """What came back. Times are milliseconds from sending; `transits` from the mock's write to here, of a stream's tokens."""

    status: int = 0
    first: float | None = None
    total: float = 0.0
    transits: list[float] = field(default_factory=list)
    tokens: int = 0
    foreign: int = 0
    finished: bool = False
    done: bool = False
    error: str = ""
    turn: str = ""
    """XiaoQ's id of the stored turn."""

    def fault(self, ask: Ask) -> str:
        """Why this answer is no good; empty where it is whole."""
        if self.error:
            return self.error
        if self.status != 200:
            return f"status {self.status}"
        if self.foreign:
            return "mixed"
        if self.tokens != ask.tokens or not self.finished or (ask.stream and not self.done):
            return "incomplete"
        return ""


class Reader:
    """Makes an Answer of a body as it arrives."""

    def __init__(self, ask: Ask) -> None:
        self.answer = Answer()
        self._ask = ask
        self._rest = b""
        self._text = ""

    def feed(self, data: bytes) -> None:
        """The next bytes of the body."""
        self._rest += data
        if not self._ask.stream or self.answer.status != 200:
            return
        *events, self._rest = self._rest.replace(b"\r\n", b"\n").split(b"\n\n")
        for event in events:
            if event.startswith(b"data:"):
                self._event(event[5:].strip())

    def end(self) -> None:
        """The body is complete."""
        if self._ask.stream or self.answer.status != 200:
            return
        try:
            whole = orjson.loads(self._rest)
            marks = WHOSE.findall(whole["choices"][0]["message"]["content"])
        except (ValueError, LookupError, TypeError):
            self.answer.error = "not an answer"
            return
        self.answer.tokens, self.answer.foreign = len(marks), len(marks) - marks.count(self._ask.mark)
        self.answer.finished = True
        self._note_turn(whole)

    def _event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self.answer.done = True
            return
        try:
            chunk = orjson.loads(data)
        except ValueError:
            self.answer.error = "not an event"
            return
        if "error" in chunk:
            self.answer.error = "error event"
            return
        for choice in chunk.get("choices") or ():
            if choice.get("finish_reason"):
                self.answer.finished = True
                self._note_turn(chunk)
            if text := (choice.get("delta") or {}).get("content"):
                self._said(text)

    def _said(self, text: str) -> None:
        answer, arrived, end = self.answer, now(), 0
        self._text += text
        for token in TOKEN.finditer(self._text):
            end = token.end()
            answer.tokens += 1
            if token[2] != self._ask.mark:
                answer.foreign += 1
            answer.transits.append((arrived - stamped_at(token[1])) / 1000)
        self._text = self._text[end:][-LONGEST_TAIL:]

    def _note_turn(self, content: dict[str, Any]) -> None:
        if extra := content.get("xiaoq"):
            self.answer.turn = extra["turn_id"]


class Connection(asyncio.Protocol):
    """One keep-alive connection; one question at a time."""

    def __init__(self) -> None:
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._answered: asyncio.Future[Answer] | None = None
        self._reader: Reader | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._began = 0.0

    async def ask(self, ask: Ask) -> Answer:
        """The answer, whatever it is: what breaks the connection stands in its `error`."""
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._reader = Reader(ask)
        self._began = perf_counter()
        self._transport.write(ask.payload)
        patience = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, self._give_up)
        try:
            return await self._answered
        finally:
            patience.cancel()

    def _give_up(self) -> None:
        self._finish("no end in time")
        self.close()

    def close(self) -> None:
        self.open = False
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not derive from it
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        self.open = False
        self._finish("connection closed")

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._finish("not HTTP")
            self.close()

    def on_headers_complete(self) -> None:
        if self._reader:
            self._reader.answer.status = self._parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        if reader := self._reader:
            reader.feed(body)
            if reader.answer.first is None and reader.answer.tokens:
                reader.answer.first = (perf_counter() - self._began) * 1000

    def on_message_complete(self) -> None:
        self.open = self.open and self._parser.should_keep_alive()
        self._finish("")

    def _finish(self, error: str) -> None:
        if self._reader is None or self._answered is None or self._answered.done():
            return
        answer = self._reader.answer
        answer.total = (perf_counter() - self._began) * 1000
        self._reader.end()
        if answer.first is None and answer.tokens:
            answer.first = answer.total
        answer.error = answer.error or error
        self._answered.set_result(answer)


class Load:
    """The answers of one measurement, and how long it took."""

    def __init__(self) -> None:
        self.good: list[Answer] = []
        self.faults: dict[str, int] = {}
        self.seconds = 0.0

    @property
    def asked(self) -> int:
        return len(self.good) + sum(self.faults.values())

    @property
    def tokens(self) -> int:
        return sum(answer.tokens for answer in self.good)

    @property
    def turns(self) -> list[str]:
        """XiaoQ's ids of the turns whose answers are whole."""
        return [answer.turn for answer in self.good if answer.turn]

    def take(self, ask: Ask, answer: Answer) -> None:
        if fault := answer.fault(ask):
            self.faults[fault] = self.faults.get(fault, 0) + 1
        else:
            self.good.append(answer)


async def at_once(
    port: int, asks: Iterable[Ask], concurrency: int, *, most: int | None = None, seconds: float = 3600.0
) -> Load:
    """Keep `concurrency` questions open until `most` were asked or the time is up; those that are open then end."""
    load, waiting = Load(), iter(islice(asks, most))
    until = perf_counter() + seconds

    async def work() -> None:
        connection: Connection | None = None
        while perf_counter() < until and (ask := next(waiting, None)):
            try:
                if connection is None or not connection.open:
                    connection = await connected(port)
                answer = await connection.ask(ask)
            except OSError as error:
                answer = Answer(error=type(error).__name__)
                await asyncio.sleep(0.01)
            load.take(ask, answer)
        if connection:
            connection.close()

    began = perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    load.seconds = perf_counter() - began
    return load


async def connected(port: int) -> Connection:
    """A connection to this machine: no other is ever asked."""
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def asks_of(
    questions: Sequence[str],
    body: dict[str, Any],
    head: str,
    tokens: int,
    *,
    stream: bool,
    first: int = 0,
    again: bool = False,
) -> Iterable[Ask]:
    """The questions in turn without end, each with a mark of its own; `again`, the same ones with the same marks.

    `head`: the request's first lines.
    """

    def ask(number: int) -> Ask:
        place = number % len(questions)
        mark = mark_of(place if again else number)
        message = {"role": "user", "content": marked(questions[place], mark)}
        content = orjson.dumps({**body, "messages": [message], "user": f"customer-{number % CUSTOMERS}"})
        payload = f"{head}content-length: {len(content)}\r\n\r\n".encode() + content
        return Ask(payload, mark, tokens, stream)

    if again:
        return cycle(map(ask, range(first, first + lcm(len(questions), CUSTOMERS))))
    return map(ask, count(first))


def marked(question: str, mark: str) -> str:
    return f"{question} ~{mark};"
