"""A model server that costs next to nothing: OpenAI's chat completions with tokens at a fixed pace, counted.

`python -m bench.gateway_mock --port 0` prints its URL. `POST /pace` sets tokens and times for what follows, `GET /count`
tells how often it was asked. It generates nothing and knows no gateway.
"""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, cast

import httptools
import orjson
import uvloop

from bench.gateway_wire import MARK, UNMARKED, stamp

_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"cache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
)
_OPEN = (
    b'data: {"id":"chatcmpl-mock","object":"chat.completion.chunk","created":1700000000,"model":"mock",'
    b'"choices":[{"index":0,"delta":'
)
_CLOSE = b',"logprobs":null,"finish_reason":null}]}\n\n'
_ROLE = _OPEN + b'{"role":"assistant","content":""}' + _CLOSE
_FINISH = _OPEN + b'{},"logprobs":null,"finish_reason":"stop"}]}\n\n'
_END = b"data: [DONE]\n\n"
_LAST = b"0\r\n\r\n"


@dataclass
class Pace:
    """How answers come. Times are milliseconds. `one_write`: tokens due at once leave in one piece, as from a socket
    that a fast server fills; else each has a piece of its own."""

    tokens: int = 64
    delay_ms: float = 0.0
    first_ms: float = 0.0
    one_write: bool = True


@dataclass
class Count:
    """What was asked since the start."""

    requests: int = 0
    streams: int = 0
    active: int = 0
    aborted: int = 0


class Mock:
    """What the connections share."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.count = Count()


class Connection(asyncio.Protocol):
    """One keep-alive connection; answers one request after another."""

    def __init__(self, mock: Mock) -> None:
        self._mock = mock
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._stream: Stream | None = None
        self._url = b""
        self._body: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own does not derive from it

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stream:
            self._mock.count.aborted += 1
            self._stream.stop()
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport:
                self._transport.close()

    def on_message_begin(self) -> None:
        self._url, self._body = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._body)
        if self._url.endswith(b"/chat/completions"):
            self._complete(body)
        elif self._url == b"/pace":
            self._mock.pace = Pace(**orjson.loads(body))
            self._send(asdict(self._mock.pace))
        elif self._url == b"/count":
            self._send(asdict(self._mock.count))
        else:
            self._send({"object": "list", "data": [{"id": "mock", "object": "model", "owned_by": "bench"}]})

    def _complete(self, body: bytes) -> None:
        count, pace = self._mock.count, self._mock.pace
        count.requests += 1
        asked = orjson.loads(body)
        mark = (MARK.findall(asked["messages"][-1]["content"].encode()) or [UNMARKED])[-1]
        if asked.get("stream"):
            count.streams += 1
            count.active += 1
            self._stream = Stream(self._loop, pace, mark, self._write, self._ended)
        elif wait := (pace.first_ms + pace.tokens * pace.delay_ms) / 1000:
            self._loop.call_later(wait, self._whole, pace.tokens, mark)
        else:
            self._whole(pace.tokens, mark)

    def _whole(self, tokens: int, mark: bytes) -> None:
        text = (b" ~%s.%s;" % (stamp(), mark)) * tokens
        self._send(
            {
                "id": "chatcmpl-mock",
                "object": "chat.completion",
                "created": 1_700_000_000,
                "model": "mock",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": text.decode()},
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 20, "completion_tokens": tokens, "total_tokens": 20 + tokens},
            }
        )

    def _ended(self) -> None:
        self._stream = None
        self._mock.count.active -= 1

    def _send(self, content: dict[str, Any]) -> None:
        body = orjson.dumps(content)
        self._write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
            % (len(body), body)
        )

    def _write(self, data: bytes) -> None:
        if self._transport:
            self._transport.write(data)


class Stream:
    """One answer's tokens, each at its own time after the first: a late one does not delay the next."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pace: Pace,
        mark: bytes,
        write: Callable[[bytes], None],
        ended: Callable[[], None],
    ) -> None:
        self._loop, self._pace, self._mark = loop, pace, mark
        self._write, self._ended = write, ended
        self._said = 0
        self._delay = pace.delay_ms / 1000
        self._began = loop.time() + pace.first_ms / 1000
        self._timer: asyncio.Handle | None = None
        if pace.first_ms:
            self._timer = loop.call_at(self._began, self._begin)
        else:
            self._begin()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._ended()

    def _begin(self) -> None:
        self._write(_HEAD + _piece(_ROLE))
        self._next()

    def _next(self) -> None:
        if self._delay:
            self._timer = self._loop.call_at(self._began + (self._said + 1) * self._delay, self._say)
        else:
            self._timer = self._loop.call_soon(self._say)

    def _say(self) -> None:
        pace = self._pace
        many = pace.tokens if pace.one_write and not self._delay else 1
        event = _OPEN + b'{"content":" ~' + stamp() + b"." + self._mark + b';"}' + _CLOSE
        self._said += many
        if self._said < pace.tokens:
            self._write(_piece(event))
            self._next()
            return
        self._timer = None
        self._write(_piece(event) * many + _piece(_FINISH) + _piece(_END) + _LAST)
        self._ended()


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


async def serve(port: int) -> None:
    mock = Mock()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(mock), "127.0.0.1", port, backlog=4096
    )
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    gc.freeze()
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    try:
        uvloop.run(serve(parser.parse_args().port))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
