"""Stands around the mounted console: nothing of it, not one route, answers without a valid session.

Gradio's own sign-in leaves some routes open (cancel, reset, heartbeat), hence one check around them all. It leaves
who it is in `scope["principal"]`, and does not know what it guards.
"""

from urllib.parse import parse_qsl, quote, urlencode

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access import VISITOR, Principal
from core.errors import Forbidden, Unauthorized, XiaoQError
from gateway.auth import SAFE
from gateway.cookies import set_cookie, set_session
from gateway.errors import error_response
from gateway.origin import is_cross_site, is_own_write
from gateway.session import COOKIE, Sessions, principal_of
from gateway.signatures import Signed

GUEST_COOKIE = "xiaoq_guest"
GUEST_SECONDS = 30 * 24 * 60 * 60


class ConsoleGuard:
    """Mount this in place of the console. With `guests`, who signs their cookies, nobody has to sign in.

    `policy` is the content policy of the console's page. `framed`: the console is shown inside another site's frame (a hosted Space), which cookies must allow for.
    """

    def __init__(
        self,
        app: ASGIApp,
        sessions: Sessions,
        *,
        guests: Signed | None = None,
        framed: bool = False,
        policy: str = "",
    ) -> None:
        self.app = app
        self.policy = policy
        self.sessions = sessions
        self.guests = guests
        self.framed = framed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        found = await self._who(connection)
        if isinstance(found, Principal):
            scope["principal"] = found
            await self.app(scope, receive, self._dressed(self._remembering(connection, found, send)))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "sign in first"})
        else:
            await found(scope, receive, send)

    async def _who(self, connection: HTTPConnection) -> Principal | Response:
        """Who may pass, or what to answer in place of the console."""
        method = connection.scope.get("method", "")
        safe = method in SAFE
        if not safe and is_cross_site(connection.headers):
            return self._error(connection, Forbidden("A page of another site may not do this here."))
        token = connection.query_params.get("token")
        if token and method == "GET" and self.sessions.knows_token(token):
            return await self._sign_in(connection)
        session = await self.sessions.find(connection.cookies.get(COOKIE))
        if session is not None:
            if not safe and not is_own_write(connection.headers, session.csrf):
                return self._error(connection, Forbidden("A page of another site may not do this here."))
            return principal_of(session)
        if self.guests is not None:
            guest = self.guests.read(connection.cookies.get(GUEST_COOKIE)) or self.guests.fresh()
            return Principal(VISITOR, VISITOR, guest)
        if method == "GET" and "text/html" in connection.headers.get("accept", ""):
            back = quote(connection.scope["path"], safe="/")
            return RedirectResponse(f"/login?next={quote(back, safe='')}", status_code=303)
        return self._error(connection, Unauthorized("Sign in to the console first."))

    async def _sign_in(self, connection: HTTPConnection) -> Response:
        """The operator's link: a session, and the same address without the token in it."""
        query = [pair for pair in parse_qsl(connection.url.query) if pair[0] != "token"]
        path = "/" + quote(connection.scope["path"].lstrip("/"), safe="/")
        response = RedirectResponse(path + (f"?{urlencode(query)}" if query else ""), status_code=303)
        set_session(response, await self.sessions.begin(way="link"), connection, framed=self.framed)
        return response

    def _dressed(self, send: Send) -> Send:
        """`send`, with the console's policy on pages, and none of them kept by a cache."""

        async def dress(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html") and self.policy:
                    headers.setdefault("content-security-policy", self.policy)
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        return dress

    def _remembering(self, connection: HTTPConnection, principal: Principal, send: Send) -> Send:
        """`send`, with a guest's cookie on the page that they open first."""
        opens_page = "text/html" in connection.headers.get("accept", "")
        if self.guests is None or principal.kind != VISITOR or not opens_page:
            return send
        if self.guests.read(connection.cookies.get(GUEST_COOKIE)) is not None:
            return send
        carrier = Response()
        set_cookie(
            carrier, GUEST_COOKIE, self.guests.sign(principal.id), connection,
            framed=self.framed, seconds=GUEST_SECONDS,
        )  # fmt: skip
        cookie = carrier.headers["set-cookie"]

        async def remember(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", cookie)
            await send(message)

        return remember

    @staticmethod
    def _error(connection: HTTPConnection, error: XiaoQError) -> Response:
        response = error_response("", error, connection.scope.get("state", {}).get("request_id", ""))
        if "WWW-Authenticate" in response.headers:
            del response.headers["WWW-Authenticate"]
        return response
