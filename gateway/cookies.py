"""Writes and removes cookies with the attributes the connection allows.

It does not know what a value means.
"""

from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from gateway.origin import is_https
from gateway.session import COOKIE, SESSION_SECONDS


def set_cookie(
    response: Response,
    name: str,
    value: str,
    connection: HTTPConnection,
    *,
    framed: bool,
    seconds: int,
    path: str = "/",
) -> None:
    """HttpOnly always, Secure over HTTPS.

    Inside another site's frame a browser keeps only SameSite=None, with HTTPS, and Partitioned: apart for each
    site that shows us.
    """
    secure = is_https(connection.scope["scheme"], connection.headers)
    foreign = framed and secure
    same_site: Literal["lax", "none"] = "none" if foreign else "lax"
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, secure=secure, samesite=same_site, path=path
    )
    if foreign:
        # Python 3.11's cookies do not know the attribute, so it is appended to the header itself.
        header, written = response.raw_headers.pop()
        response.raw_headers.append((header, written + b"; Partitioned"))


def set_session(response: Response, value: str, connection: HTTPConnection, *, framed: bool) -> None:
    set_cookie(response, COOKIE, value, connection, framed=framed, seconds=SESSION_SECONDS)


def drop_session(response: Response, connection: HTTPConnection, *, framed: bool) -> None:
    set_cookie(response, COOKIE, "", connection, framed=framed, seconds=0)
