"""Says which visitor a request comes from: a random id in a signed cookie, made on the first visit.

Knows nothing of conversations; the owner it names is what the log keeps them under.
"""

import hashlib
import hmac
import re
import uuid
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "xiaoq_visitor"
_COOKIE_SECONDS = 180 * 24 * 3600
_ID = re.compile(r"[0-9a-f]{32}")


class Visitor:
    """One browser. `known` is false where this request brought no valid cookie and `id` is new."""

    def __init__(self, visitor_id: str, *, known: bool) -> None:
        self.id = visitor_id
        self.known = known

    @property
    def owner(self) -> str:
        return f"chat:{self.id}"


class Identity:
    """Signs and reads the visitor's cookie. `secret` gives at least 16 bytes, which stay on this server."""

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    def of(self, request: Request) -> Visitor:
        """Whose request this is; a missing, altered or foreign cookie makes a new visitor."""
        visitor_id = self._verified(request.cookies.get(COOKIE, ""))
        if visitor_id is None:
            return Visitor(uuid.uuid4().hex, known=False)
        return Visitor(visitor_id, known=True)

    def remember(self, visitor: Visitor, request: Request, response: Response) -> None:
        """Set the cookie. Over https it also works inside another site's frame, apart for each site."""
        secure = _is_https(request)
        response.set_cookie(
            COOKIE,
            f"{visitor.id}.{self._signature(visitor.id)}",
            max_age=_COOKIE_SECONDS,
            path=request.scope.get("root_path", "") + "/chat",
            httponly=True,
            secure=secure,
            samesite="none" if secure else "lax",
        )
        if secure:
            # Python 3.11's cookies do not know the attribute, so it is appended to the header itself.
            name, value = response.raw_headers.pop()
            response.raw_headers.append((name, value + b"; Partitioned"))

    def _verified(self, cookie: str) -> str | None:
        visitor_id, _, signature = cookie.partition(".")
        if not _ID.fullmatch(visitor_id):
            return None
        expected = self._signature(visitor_id).encode()
        given = signature.encode("utf-8", "surrogateescape")
        return visitor_id if hmac.compare_digest(expected, given) else None

    def _signature(self, visitor_id: str) -> str:
        secret = self._secret()
        if len(secret) < 16:
            raise ValueError("the secret that signs visitors' cookies needs at least 16 bytes")
        return hmac.new(secret, visitor_id.encode(), hashlib.sha256).hexdigest()


def _is_https(request: Request) -> bool:
    """Whether the browser came over https. A forged header only spoils the forger's own cookie."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
