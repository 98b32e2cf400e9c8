"""Reads a JSON body with a limit on bytes and on time, before anything else looks at it.

It does not know what the body means; a pydantic model does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from types import coroutine
from typing import Any, TypeVar, cast

import orjson
from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Message

from core.errors import InvalidRequest, TooLarge
from gateway.errors import validation_error

Body = TypeVar("Body")

LARGEST_JSON = 1_000_000
"""Bytes."""
SILENCE_SECONDS = 20.0
"""Longest wait for the next piece of a body."""
WHOLE_SECONDS = 60.0


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The body as it arrives. Raises InvalidRequest where the sender stalls."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                piece = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise InvalidRequest("The body did not arrive in time; send it again.") from None
        except ClientDisconnect:
            raise InvalidRequest("The connection closed before the body was complete.") from None
        yield piece


async def read_bytes(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises TooLarge as soon as it is more."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    body = bytearray()
    end = asyncio.get_running_loop().time() + WHOLE_SECONDS
    while True:
        message = await _arrived(request, end)
        if message["type"] == "http.disconnect":
            raise InvalidRequest("The connection closed before the body was complete.")
        piece: bytes = message.get("body", b"")
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


async def _arrived(request: Request, end: float) -> Message:
    """The next piece, mostly there already; else waited for, within SILENCE_SECONDS and until `end`."""
    arriving = request.receive()
    try:
        awaited = arriving.send(None)  # type: ignore[attr-defined]  # a time-out costs more than reading what is there
    except StopIteration as arrived:
        return cast(Message, arrived.value)
    silence = asyncio.get_running_loop().time() + SILENCE_SECONDS
    try:
        async with asyncio.timeout_at(min(silence, end)):
            return cast(Message, await _gone_on(arriving, awaited))
    except TimeoutError:
        raise InvalidRequest("The body did not arrive in time; send it again.") from None


@coroutine
def _gone_on(begun: Any, awaited: Any) -> Generator[Any, Any, Any]:
    """Await what was begun by hand and stopped at `awaited`."""
    while True:
        try:
            try:
                given = yield awaited
            except BaseException as error:  # noqa: BLE001 - handed on to whom it is for
                awaited = begun.throw(error)
            else:
                awaited = begun.send(given)
        except StopIteration as done:
            return done.value


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The body is larger than {limit:,} bytes; send less at a time.")


def json_body(
    kind: type[Body],
    limit: int = LARGEST_JSON,
    *,
    empty: Body | None = None,
    plain: Callable[[Any], Any] | None = None,
    many: Any = None,
) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body as `kind`, a list as `many` where that is given; `empty` is what no body at all
    means, where that is allowed.

    `plain` reads the shape that most send, and gives None for any other. Put it after the one that checks rights:
    those come first.
    """
    adapter = TypeAdapter(kind)
    of_list = adapter if many is None else TypeAdapter(many)

    async def read(request: Request) -> Body:
        data = await read_bytes(request, limit)
        if empty is not None and not data:
            return empty
        try:
            content = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise InvalidRequest("The body is not valid JSON in UTF-8.") from None
        if plain is not None and (found := plain(content)) is not None:
            return cast(Body, found)
        try:
            return (of_list if isinstance(content, list) else adapter).validate_python(content)
        except ValidationError as error:
            raise validation_error(error.errors(include_url=False, include_input=False)) from None

    return read


def described(kind: Any, *, required: bool = True) -> dict[str, Any]:
    """`openapi_extra` of a route whose body `json_body` reads."""
    schema = TypeAdapter(kind).json_schema()
    content = {"application/json": {"schema": _inlined(schema, schema.pop("$defs", {}))}}
    return {"requestBody": {"required": required, "content": content}}


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """The schema with every reference replaced by what it names; none of ours refers to itself."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rsplit("/", 1)[1]], definitions)
    inlined = {key: _inlined(value, definitions) for key, value in node.items()}
    # Pydantic refuses a key that the pattern does not match and forgets to say so.
    return inlined | ({"additionalProperties": False} if "patternProperties" in node else {})
