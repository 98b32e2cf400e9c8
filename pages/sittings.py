"""Whose browser tab, upload and export it is: stands between the guard and Gradio and lets nobody use another's.

Gradio names a tab's state by an id that the browser makes up, and a file by its path: whoever knows one may use it.
Here the first to use a tab's id owns it, and a path is served and taken only where the same person sent or made it.
Of Gradio's routes those pass that the console's page uses. It knows the forms of Gradio's requests and no event.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core.access import Principal, Right
from core.errors import Forbidden, InvalidRequest, NotFound, TooLarge, XiaoQError

API = "/gradio_api"
JOIN, CANCEL, RESET = f"{API}/queue/join", f"{API}/cancel", f"{API}/reset"
UPLOAD, DATA, FILE, HEARTBEAT = f"{API}/upload", f"{API}/queue/data", f"{API}/file=", f"{API}/heartbeat/"
POSTED = (JOIN, CANCEL, RESET)
READ = ("/", "/config", "/theme.css", "/manifest.json", DATA, f"{API}/app_id", f"{API}/startup-events",
        f"{API}/upload_progress")  # fmt: skip
ASSETS = ("/assets/", "/static/", "/svelte/")
LARGEST_JSON = 1_000_000
MOST_OWNED = 50_000
MOST_STREAMS = 64
"""Heartbeats and streams of results that one person may hold open; a browser tab holds two."""
MOST_STREAMS_OF_ADDRESS = 512
_PATH = re.compile(rb'"path":\s*("(?:[^"\\]|\\.)*")')


class Sittings:
    """ASGI. Put it around Gradio's own app, inside the guard that leaves the principal in the scope."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._tabs: OrderedDict[str, str] = OrderedDict()
        self._files: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._streams: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        principal = scope.get("principal")
        try:
            if not isinstance(principal, Principal):
                raise Forbidden("Sign in to the console first.")
            await self._serve(scope, receive, send, principal)
        except XiaoQError as error:
            shown = {"error": {"code": error.code, "message": error.message}, "detail": error.message}
            headers = {"cache-control": "no-store"}
            await JSONResponse(shown, error.status, headers)(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, principal: Principal) -> None:
        path, method, owner = _path(scope), scope["method"], principal.owner()
        if method == "POST" and path in POSTED:
            body = await _whole(receive)
            self._check_post(path, body, owner)
            await self.app(scope, _replayed(body, receive), self._learning(send, owner, path))
        elif method == "POST" and path == UPLOAD:
            principal.check(Right.ASK)
            await self.app(scope, receive, self._learning(send, owner, path))
        elif method in ("GET", "HEAD") and path.startswith(FILE):
            if (owner, path.removeprefix(FILE)) not in self._files:
                raise NotFound("There is no such file.")
            await self.app(scope, receive, send)
        elif method == "GET" and (path == DATA or path.startswith(HEARTBEAT)):
            tab = (
                QueryParams(scope["query_string"]).get("session_hash", "")
                if path == DATA
                else path.removeprefix(HEARTBEAT)
            )
            self._claim(tab, owner)
            await self._stream(scope, receive, self._learning(send, owner, path), owner)
        elif method in ("GET", "HEAD") and (path in READ or path.startswith(ASSETS)):
            await self.app(scope, receive, send)
        else:
            raise NotFound("There is nothing at this address.")

    async def _stream(self, scope: Scope, receive: Receive, send: Send, owner: str) -> None:
        client = scope.get("client")
        address = f"address:{client[0] if client else ''}"
        if self._streams[owner] >= MOST_STREAMS or self._streams[address] >= MOST_STREAMS_OF_ADDRESS:
            raise TooManyOpen("Too many pages are open at once; close some and reload.")
        self._streams.update((owner, address))
        try:
            await self.app(scope, receive, send)
        finally:
            self._streams.subtract((owner, address))
            self._streams += Counter()  # drops what is at 0

    def _check_post(self, path: str, body: bytes, owner: str) -> None:
        """Raises InvalidRequest, Forbidden and NotFound."""
        try:
            sent = orjson.loads(body)
        except orjson.JSONDecodeError:
            sent = None
        if not isinstance(sent, dict):
            raise InvalidRequest("Send a JSON object.")
        tab, event = sent.get("session_hash"), sent.get("event_id")
        if path != RESET:
            self._claim(tab if isinstance(tab, str) else "", owner)
        if path != JOIN and isinstance(event, str) and self._tabs.get(f"event:{event}") != owner:
            raise Forbidden("This is somebody else's.")
        for name in _paths(sent):
            if (owner, name) not in self._files:
                raise NotFound("There is no such file.")

    def _claim(self, tab: str, owner: str) -> None:
        """Raises Forbidden where the tab is somebody else's."""
        if not 1 <= len(tab) <= 64:
            raise InvalidRequest("Name the browser tab.", param="session_hash")
        if self._tabs.setdefault(tab, owner) != owner:
            raise Forbidden("This is somebody else's.")
        self._tabs.move_to_end(tab)
        _bound(self._tabs)

    def _learning(self, send: Send, owner: str, path: str) -> Send:
        """`send`, which remembers what Gradio hands out: the ids of events, the paths of files."""
        gathered = bytearray()

        async def learn(message: Message) -> None:
            if message["type"] == "http.response.body":
                piece = message.get("body", b"")
                if path == DATA:
                    self._own(owner, (orjson.loads(each) for each in _PATH.findall(piece)))
                elif len(gathered) < LARGEST_JSON:
                    gathered.extend(piece)
                    if not message.get("more_body"):
                        self._learn(bytes(gathered), owner, path)
            await send(message)

        return learn

    def _learn(self, body: bytes, owner: str, path: str) -> None:
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        if path == JOIN and isinstance(told, dict) and isinstance(told.get("event_id"), str):
            self._tabs[f"event:{told['event_id']}"] = owner
            _bound(self._tabs)
        elif path == UPLOAD and isinstance(told, list):
            self._own(owner, told)

    def _own(self, owner: str, paths: Iterable[Any]) -> None:
        for path in paths:
            if isinstance(path, str):
                self._files[owner, path] = None
                self._files.move_to_end((owner, path))
        _bound(self._files)


class TooManyOpen(XiaoQError):
    code = "rate_limited"
    status = 429


def _bound(kept: OrderedDict[Any, Any]) -> None:
    while len(kept) > MOST_OWNED:
        kept.popitem(last=False)


def _path(scope: Scope) -> str:
    """The path beneath the mount."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) or "/"


def _paths(node: Any) -> Iterable[str]:
    """Every file that an event's data names."""
    if isinstance(node, Mapping):
        if isinstance(node.get("path"), str):
            yield node["path"]
        for value in node.values():
            yield from _paths(value)
    elif isinstance(node, list):
        for value in node:
            yield from _paths(value)


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidRequest("The connection closed before the body was complete.")
        body += message.get("body", b"")
        if len(body) > LARGEST_JSON:
            raise TooLarge(f"A request may have {LARGEST_JSON:,} bytes.")
        if not message.get("more_body"):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body once, then what really comes: the end of the connection."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
