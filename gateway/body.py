"""Reads a JSON body with a limit on bytes and on time, before anything else looks at it.

It does not know what the body means; a pydantic model does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import orjson
from fastapi import Request
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect

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
    too_large = TooLarge(f"The body is larger than {limit:,} bytes; send less at a time.")
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            async for piece in pieces(request):
                body += piece
                if len(body) > limit:
                    raise too_large
    except TimeoutError:
        raise InvalidRequest("The body did not arrive in time; send it again.") from None
    return bytes(body)


def json_body(
    kind: type[Body], limit: int = LARGEST_JSON, *, empty: Body | None = None
) -> Callable[[Request], Awaitable[Body]]:
    """A dependency that reads the body as `kind`; `empty` is what no body at all means, where that is allowed.

    Put it after the one that checks rights: those come first.
    """
    adapter = TypeAdapter(kind)

    async def read(request: Request) -> Body:
        data = await read_bytes(request, limit)
        if empty is not None and not data:
            return empty
        try:
            content = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise InvalidRequest("The body is not valid JSON in UTF-8.") from None
        try:
            return adapter.validate_python(content)
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
