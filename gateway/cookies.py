"""Writes and removes the session cookie with the attributes the connection allows.

It does not know what the value means.
"""

from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from gateway.origin import is_https
from gateway.session import COOKIE, SESSION_SECONDS


def set_session(response: Response, value: str, connection: HTTPConnection, *, framed: bool) -> None:
    """HttpOnly always, Secure over HTTPS. Inside another site's frame only SameSite=None is sent, and HTTPS."""
    secure = is_https(connection.scope["scheme"], connection.headers)
    same_site: Literal["lax", "none"] = "none" if framed and secure else "lax"
    response.set_cookie(
        COOKIE, value, max_age=SESSION_SECONDS, httponly=True, secure=secure, samesite=same_site, path="/"
    )


def drop_session(response: Response, connection: HTTPConnection, *, framed: bool) -> None:
    secure = is_https(connection.scope["scheme"], connection.headers)
    same_site: Literal["lax", "none"] = "none" if framed and secure else "lax"
    response.delete_cookie(COOKIE, httponly=True, secure=secure, samesite=same_site, path="/")
