"""Stands around the mounted console: nothing of it, not one route, answers without a valid session.

Gradio's own sign-in leaves some routes open (cancel, reset, heartbeat), hence one check around them all. It does
not know what it guards.
"""

from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from core.errors import Forbidden, Unauthorized, XiaoQError
from gateway.cookies import set_session
from gateway.errors import error_response
from gateway.origin import is_cross_site
from gateway.session import COOKIE, Sessions

SAFE = ("GET", "HEAD", "OPTIONS")


class ConsoleGuard:
    """Mount this in place of the console. `open_console` lets everybody in, but no foreign page's writes.

    `framed`: the console is shown inside another site's frame (a hosted Space), which cookies must allow for.
    """

    def __init__(
        self, app: ASGIApp, sessions: Sessions, *, open_console: bool = False, framed: bool = False
    ) -> None:
        self.app = app
        self.sessions = sessions
        self.open_console = open_console
        self.framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        refusal = self._refusal(connection)
        if refusal is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "sign in first"})
        else:
            await refusal(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> Response | None:
        """What to answer in place of the console, None where the request may pass."""
        method = connection.scope.get("method", "")
        safe = method in SAFE
        if not safe and is_cross_site(connection.headers):
            return self._error(connection, Forbidden("A page of another site may not do this here."))
        token = connection.query_params.get("token")
        if token and method == "GET" and self.sessions.knows_token(token):
            return self._sign_in(connection)
        if self.open_console or self.sessions.valid(connection.cookies.get(COOKIE)):
            return None
        if method == "GET" and "text/html" in connection.headers.get("accept", ""):
            back = quote(connection.scope["path"], safe="/")
            return RedirectResponse(f"/login?next={quote(back, safe='')}", status_code=303)
        return self._error(connection, Unauthorized("Sign in to the console first."))

    def _sign_in(self, connection: HTTPConnection) -> Response:
        """The operator's link: a session, and the same address without the token in it."""
        query = [pair for pair in parse_qsl(connection.url.query) if pair[0] != "token"]
        path = "/" + quote(connection.scope["path"].lstrip("/"), safe="/")
        response = RedirectResponse(path + (f"?{urlencode(query)}" if query else ""), status_code=303)
        set_session(response, self.sessions.begin(), connection, framed=self.framed)
        return response

    @staticmethod
    def _error(connection: HTTPConnection, error: XiaoQError) -> Response:
        response = error_response("", error, connection.scope.get("state", {}).get("request_id", ""))
        del response.headers["WWW-Authenticate"]
        return response
