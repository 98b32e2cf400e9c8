"""The page of one document: its passages in reading order, one of them marked, and the way to the original.

For operators only: mount these routes inside the console's guard. Sends nothing of a file to be run: a PDF is
shown by the browser's own viewer, everything else is saved.
"""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from core.access import Right
from core.documents import Chunk, Document
from core.errors import NotFound, XiaoQError
from pages.customer_language import page_language
from pages.document_html import DOCUMENT_POLICY, document_html, gone_html
from pages.knowledge_calls import PRIVATE
from pages.reader import principal_of
from pipelines.services import Services

PASSAGES_A_PAGE = 200
# The browser's own viewer draws a PDF with a style of its own; a sandbox would keep it from opening at all.
PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
SAVED_POLICY = "default-src 'none'; sandbox"


def document_routes(services: Services) -> list[Route]:
    """`/documents/{base}/{document_id}` and its `/file`."""
    pages = _DocumentPages(services)
    return [
        Route("/documents/{base}/{document_id}", pages.read),
        Route("/documents/{base}/{document_id}/file", pages.file),
    ]


class _DocumentPages:
    def __init__(self, services: Services) -> None:
        self._services = services

    async def read(self, request: Request) -> Response:
        """The document at `passage`, or from passage number `from` on, counted from 0."""
        language = page_language(request, self._services.settings.ui_language)
        headers = PRIVATE | {"content-security-policy": DOCUMENT_POLICY, "referrer-policy": "same-origin"}
        try:
            document = await self._document(request)
        except XiaoQError as error:
            return HTMLResponse(gone_html(language), error.status, headers)
        chunks = await self._services.documents.chunks(document.base, document.id)
        wanted = request.query_params.get("passage", "")
        start = _start(request.query_params.get("from", ""), chunks, wanted)
        shown = chunks[start : start + PASSAGES_A_PAGE]
        page = document_html(
            document, shown, language, wanted=wanted, start=start, total=len(chunks),
            moved=bool(wanted) and all(chunk.id != wanted for chunk in chunks),
            pdf=_named_pdf(document),
        )  # fmt: skip
        return HTMLResponse(page, headers=headers)

    async def file(self, request: Request) -> Response:
        """The original: a PDF to look at, unless it is asked to be saved; anything else to be saved."""
        try:
            document = await self._document(request)
            data = await self._services.documents.raw(document.base, document.id)
            if data is None:
                raise NotFound("The file itself was not kept.")
        except XiaoQError as error:
            return PlainTextResponse(error.message, error.status, PRIVATE)
        if is_pdf(document, data) and "save" not in request.query_params:
            headers = PRIVATE | _named("inline", document.name) | {"content-security-policy": PDF_POLICY}
            return Response(data, media_type="application/pdf", headers=headers)
        headers = PRIVATE | _named("attachment", document.name) | {"content-security-policy": SAVED_POLICY}
        return Response(data, media_type="application/octet-stream", headers=headers)

    async def _document(self, request: Request) -> Document:
        """Whoever may ask may see what an answer stands on. Raises NotFound, Forbidden and Unauthorized."""
        principal = principal_of(request)
        principal.check(Right.ASK)
        base, document_id = request.path_params["base"], request.path_params["document_id"]
        line = await self._services.lines.get(principal.line) if principal.line else None
        if principal.line and (line is None or base not in line.bases):
            raise NotFound("There is no such document.")
        document = await self._services.documents.get(base, document_id)
        if document is None:
            raise NotFound("There is no such document.")
        return document


def is_pdf(document: Document, data: bytes) -> bool:
    """By its name and by its first bytes: nothing else is ever shown in place."""
    return _named_pdf(document) and b"%PDF-" in data[:1024]


def _named_pdf(document: Document) -> bool:
    return document.name.casefold().endswith(".pdf")


def _start(asked: str, chunks: Sequence[Chunk], wanted: str) -> int:
    """The first passage to show: as asked, else of the page on which the wanted passage stands."""
    if asked.isdecimal() and len(asked) < 9:
        return min(int(asked), max(0, len(chunks) - 1))
    at = next((number for number, chunk in enumerate(chunks) if chunk.id == wanted), 0)
    return at - at % PASSAGES_A_PAGE


def _named(how: str, name: str) -> dict[str, str]:
    """The name in both forms of RFC 6266."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    encoded = quote(name, safe="")
    return {"content-disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"}
