"""POST /v1/chat/completions before the framework: the functions that its route runs, in their order, and no layer between.

FastAPI's and Starlette's way to them costs more than all of them. What is out of the ordinary goes that way all the same.
"""

from dataclasses import dataclass

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import XiaoQError
from gateway import short_way
from gateway.body import LARGEST_JSON
from gateway.completions import asked_directly
from gateway.errors import ClientGone, gone_error, known_error
from gateway.openapi import DocumentedApi
from gateway.short_way import Counter, declared_size

PATH = short_way.PATH.decode()


@dataclass(frozen=True, slots=True)
class LaneRoute:
    """What the log and the metrics call it."""

    path: str


ROUTE = LaneRoute(PATH)


class Gateway(DocumentedApi):
    """The app, with a lane beside it, and a counter before both."""

    lane: ASGIApp | None = None
    counter: Counter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.lane is not None and takes(scope):
            scope["app"] = self
            await self.lane(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def takes(scope: Scope) -> bool:
    """Whether the lane is for this: a chat request whose body has a size, and one that would be read."""
    if (
        scope["type"] != "http"
        or scope["path"] != PATH
        or scope["method"] != "POST"
        or scope.get("root_path")
    ):
        return False
    size = declared_size(scope["headers"])
    return size is not None and size <= LARGEST_JSON


async def lane(scope: Scope, receive: Receive, send: Send) -> None:
    """Inside an edge of its own, and the framework's answers to errors."""
    scope["route"] = ROUTE
    request = Request(scope, receive, send)
    try:
        response = await asked_directly(request)
    except XiaoQError as error:
        response = await known_error(request, error)
    except ClientGone as error:
        response = await gone_error(request, error)
    await response(scope, receive, send)
