"""The customer's page: `/chat`, what it calls, and the widget that shows it on other sites.

Translates between a browser and the answer pipeline; decides nothing about an answer.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from core.errors import NotFound, XiaoQError
from core.messages import BusinessLine, Question
from pages.customer_assets import Assets
from pages.customer_body import Asked, Detached, Forgotten, Rated, read_posted
from pages.customer_files import ACCEPTED, AT_ONCE, sent_file, shown_attachment
from pages.customer_identity import Identity, Visitor
from pages.customer_language import WORDS, Language, error_sentence, explained, page_language
from pages.customer_stream import Reading, answer_frames
from pages.customer_views import line_name, visitor_state
from pipelines.attach import LARGEST_FILE, MOST_FILES
from pipelines.export import conversation_markdown
from pipelines.feedback import rate
from pipelines.services import Services

log = structlog.get_logger()

Endpoint = Callable[[Request], Awaitable[Response]]

SAID_BY_THE_PAGE = frozenset({"attachment_too_large", "too_many_attachments"})
"""Errors that the page itself finds, before it sends megabytes in vain."""
_PRIVATE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def customer_routes(services: Services, *, secret: Callable[[], bytes], embedders: str = "*") -> list[Route]:
    """The page's routes.

    `secret` signs the visitors' cookies. `embedders` is a CSP source list: who may frame the page.
    """
    page = _CustomerPage(services, Identity(secret), Assets(embedders))
    return [
        Route("/chat", page.chat),
        Route("/chat/state", page.answering(page.state)),
        Route("/chat/ask", page.answering(page.ask), methods=["POST"]),
        Route("/chat/attach", page.answering(page.attach), methods=["POST"]),
        Route("/chat/detach", page.answering(page.detach), methods=["POST"]),
        Route("/chat/feedback", page.answering(page.feedback), methods=["POST"]),
        Route("/chat/forget", page.answering(page.forget), methods=["POST"]),
        Route("/chat/export", page.answering(page.export)),
        Route("/static/customer/{name}", page.file),
        Route("/widget.js", page.widget),
        Route("/favicon.ico", page.icon),
    ]


class _Call:
    """One request to the page: who asks, in which language, under which id."""

    def __init__(self, request: Request, visitor: Visitor, language: Language) -> None:
        self.request = request
        self.visitor = visitor
        self.language = language
        # The gateway's id where one stands before us, so that a log finds what a customer reports.
        self.id: str = getattr(request.state, "request_id", "") or f"req_{uuid.uuid4().hex}"

    def explain(self, error: XiaoQError) -> Mapping[str, Any]:
        """The error as the customer reads it; our own message is for programs and logs."""
        return {
            "code": error.code,
            "message": explained(error, self.language),
            "request_id": self.id,
        }


class _CustomerPage:
    def __init__(self, services: Services, identity: Identity, assets: Assets) -> None:
        self._services = services
        self._identity = identity
        self._assets = assets
        self._reading_files = asyncio.Semaphore(AT_ONCE)

    def answering(self, action: Callable[[_Call], Awaitable[Response]]) -> Endpoint:
        """An endpoint around `action`: errors become calm JSON, a new visitor gets the cookie."""

        async def endpoint(request: Request) -> Response:
            call = self._call(request)
            try:
                response = await action(call)
            except XiaoQError as error:
                response = JSONResponse({"error": call.explain(error)}, error.status, _PRIVATE)
            except Exception as error:  # noqa: BLE001 - a customer never sees a stack trace
                log.error("customer_request_broke", error=type(error).__name__, request_id=call.id)
                broken = XiaoQError("Something went wrong on our side; please try again.")
                response = JSONResponse({"error": call.explain(broken)}, broken.status, _PRIVATE)
            response.headers["x-request-id"] = call.id
            if not call.visitor.known:
                self._identity.remember(call.visitor, request, response)
            return response

        return endpoint

    async def chat(self, request: Request) -> Response:
        """The page. Each visit renews the cookie."""
        call = self._call(request)
        words = WORDS[call.language] | {
            code: error_sentence(code, call.language) for code in SAID_BY_THE_PAGE
        }
        try:
            line = await self._line(request.query_params.get("line"))
        except NotFound:
            return self._assets.page("missing", call.language, words, {}, status=404)
        slots = {
            "line": line.id,
            "line_name": line_name(line, call.language),
            "accepted": ACCEPTED,
            "largest_file": str(LARGEST_FILE),
            "most_files": str(MOST_FILES),
        }
        response = self._assets.page("chat", call.language, words, slots)
        self._identity.remember(call.visitor, request, response)
        return response

    async def state(self, call: _Call) -> Response:
        query = call.request.query_params
        line = await self._line(query.get("line"))
        wanted = query.get("conversation") or None
        services = self._services
        state = await visitor_state(
            services.log, services.attach, call.visitor.owner, line, wanted, call.language
        )
        return JSONResponse(state, headers=_PRIVATE)

    async def ask(self, call: _Call) -> Response:
        """The answer as server-sent events; an error before the first of them has a status of its own."""
        asked = await read_posted(call.request, Asked)
        question = Question(
            text=asked.question(),
            owner=call.visitor.owner,
            channel="chat",
            request_id=call.id,
            line=(await self._line(asked.line)).id,
            conversation_id=asked.conversation_id,
            replaces=asked.replaces,
        )
        reading = Reading(self._services.answer.ask(question))
        try:
            first = await reading.next()
        except BaseException:
            reading.stop()
            raise
        frames = answer_frames(reading, first, call.explain)
        return StreamingResponse(
            frames, media_type="text/event-stream", headers=_PRIVATE | {"x-accel-buffering": "no"}
        )

    async def attach(self, call: _Call) -> Response:
        """Lay one file into a conversation, by default a new one; answers with both."""
        query = call.request.query_params
        line = await self._line(query.get("line"))
        async with sent_file(call.request) as (name, file), self._reading_files:
            data = await asyncio.to_thread(file.read)
            conversation_id, attachment = await self._services.attach.add(
                call.visitor.owner, line.id, "chat", query.get("conversation") or None, name, data
            )
        body = {"conversation_id": conversation_id, "attachment": shown_attachment(attachment, call.language)}
        return JSONResponse(body, headers=_PRIVATE)

    async def detach(self, call: _Call) -> Response:
        unwanted = await read_posted(call.request, Detached)
        await self._services.attach.remove(
            unwanted.conversation_id, call.visitor.owner, unwanted.attachment_id
        )
        return JSONResponse({"removed": True}, headers=_PRIVATE)

    async def feedback(self, call: _Call) -> Response:
        rated = await read_posted(call.request, Rated)
        await rate(self._services, rated.turn_id, call.visitor.owner, rated.score, rated.comment)
        return JSONResponse({"score": rated.score}, headers=_PRIVATE)

    async def forget(self, call: _Call) -> Response:
        forgotten = await read_posted(call.request, Forgotten)
        if not await self._services.log.forget(forgotten.conversation_id, call.visitor.owner):
            raise NotFound("There is no such conversation.")
        return JSONResponse({"forgotten": True}, headers=_PRIVATE)

    async def export(self, call: _Call) -> Response:
        """One conversation as a Markdown file."""
        wanted = call.request.query_params.get("conversation_id", "")
        text = conversation_markdown(await self._services.log.turns(wanted, call.visitor.owner))
        name = f"xiaoq-{datetime.now(UTC):%Y-%m-%d}.md"
        headers = _PRIVATE | {"content-disposition": f'attachment; filename="{name}"'}
        return PlainTextResponse(text, headers=headers, media_type="text/markdown")

    async def file(self, request: Request) -> Response:
        return self._file(request, request.path_params["name"])

    async def widget(self, request: Request) -> Response:
        return self._file(request, "widget.js")

    async def icon(self, request: Request) -> Response:
        """Browsers ask for it on every page, the sign-in page included, so it stands outside the guard."""
        return self._file(request, "icon.svg")

    def _file(self, request: Request, name: str) -> Response:
        try:
            return self._assets.file(name, request)
        except NotFound as error:
            return PlainTextResponse(error.message, error.status)

    def _call(self, request: Request) -> _Call:
        language = page_language(request, self._services.settings.ui_language)
        return _Call(request, self._identity.of(request), language)

    async def _line(self, line_id: str | None) -> BusinessLine:
        """The line of this id, by default the configured one. Raises NotFound, for an archived one too."""
        line = await self._services.lines.get(line_id or self._services.settings.default_line)
        if line is None or line.archived:
            raise NotFound("There is no such business line.")
        return line
