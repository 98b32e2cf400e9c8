"""One request of the Knowledge tab: who looks, on which base, what was sent; errors as the page says them.

Knows nothing of documents, nor of sign-in: these routes stand inside the console's guard, which says who it is.
"""

import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from core.access import Principal, Right
from core.documents import SHARED_BASE
from core.errors import (
    DocumentRejected,
    Forbidden,
    InvalidRequest,
    ModelNotServed,
    NotFound,
    TooLarge,
    XiaoQError,
)
from core.messages import BusinessLine
from pages.bubbles import error_sentence
from pages.customer_language import page_language
from pages.reader import principal_of, reader_of
from pages.reasons import reason_in
from pipelines.incoming import LARGEST_FILE, too_large
from pipelines.services import Services

log = structlog.get_logger()

SHARED = BusinessLine(id=SHARED_BASE, names={}, bases=(SHARED_BASE,))
PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
NAME_HEADER, ZONE_HEADER = "x-file-name", "x-time-zone"
"""The file's name, percent-encoded; the reader's time zone."""
LARGEST_BODY = 64 * 1024
IN_MEMORY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """A request with what every action needs of it."""

    request: Request
    services: Services
    principal: Principal
    language: str

    def query(self, name: str) -> str:
        return self.request.query_params.get(name, "")[:500]

    @property
    def zone(self) -> ZoneInfo:
        return reader_of(self.request.headers.get(ZONE_HEADER, "")).zone

    async def place(self) -> BusinessLine:
        """The line in the query's `base`; the shared base as if it were one. Raises NotFound and Forbidden."""
        base = self.query("base")
        self.check_base(base)
        line = SHARED if base == SHARED_BASE else await self.services.lines.get(base)
        if line is None or line.archived:
            raise NotFound("There is no such business line.", param="base")
        return line

    def check_base(self, base: str) -> None:
        """Raises Forbidden where an account that is bound to a line reaches for more than its own base."""
        if self.principal.line not in (None, base):
            raise Forbidden(f"This account belongs to the line '{self.principal.line}'.", param="base")

    async def posted(self, limit: int = LARGEST_BODY) -> Mapping[str, Any]:
        """The JSON object in the body. Raises InvalidRequest and TooLarge."""
        body = bytearray()
        async for piece in self.request.stream():
            body += piece
            if len(body) > limit:
                raise TooLarge(f"A request may have {limit} bytes.")
        try:
            sent = orjson.loads(bytes(body))
        except orjson.JSONDecodeError:
            sent = None
        if not isinstance(sent, dict):
            raise InvalidRequest("Send a JSON object.")
        return sent


class Spoken(InvalidRequest):
    """A refusal whose message is written in the reader's language already."""


Action = Callable[[Call], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(services: Services, right: Right | None, action: Action) -> Endpoint:
    """Starlette's endpoint around an action, for those who have the right; None: for whom the guard lets through.

    Errors become a calm sentence in the page's language.
    """

    async def answer(request: Request) -> Response:
        language = page_language(request, services.settings.ui_language)
        try:
            principal = principal_of(request)
            if right is not None:
                principal.check(right)
            return await action(Call(request, services, principal, language))
        except XiaoQError as error:
            return _refusal(error, language)
        except ClientDisconnect:
            return _refusal(InvalidRequest("The request did not arrive complete; send it again."), language)
        except Exception as error:  # noqa: BLE001 - a page never sees a stack trace
            request_id = getattr(request.state, "request_id", "") or f"req_{uuid.uuid4().hex}"
            log.error("knowledge_request_broke", error=type(error).__name__, request_id=request_id)
            return _refusal(XiaoQError("Something went wrong on our side; please try again."), language)

    answer.right = right  # type: ignore[attr-defined]
    return answer


def fragment(html: str) -> Response:
    return HTMLResponse(html, headers=PRIVATE)


def told(facts: Mapping[str, Any]) -> Response:
    return JSONResponse(dict(facts), headers=PRIVATE)


def sentence(error: XiaoQError, language: str) -> str:
    """An error for a person: why a file was rejected or a model refused, or the calm sentence of the error's code."""
    if isinstance(error, Spoken):
        return error.message
    if isinstance(error, DocumentRejected | TooLarge | ModelNotServed):
        return reason_in(error.message, language)
    return error_sentence(error.code, language)


@asynccontextmanager
async def sent_file(request: Request) -> AsyncIterator[tuple[str, IO[bytes]]]:
    """The name and the bytes of the one file that is the request's body, spooled; gone afterwards.

    Raises TooLarge at the first byte over the limit.
    """
    name = unquote(request.headers.get(NAME_HEADER, "")[:3000]) or "unnamed"
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_FILE:
        raise TooLarge(too_large(name))
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
        received = 0
        async for piece in request.stream():
            received += len(piece)
            if received > LARGEST_FILE:
                raise TooLarge(too_large(name))
            spool.write(piece)
        spool.seek(0)
        yield name, spool


def _refusal(error: XiaoQError, language: str) -> Response:
    shown = {"code": error.code, "message": sentence(error, language)}
    if isinstance(error, Spoken) and error.param is not None:
        shown["param"] = error.param
    return JSONResponse({"error": shown}, error.status, PRIVATE)
