"""Who is calling and what they may do: the one path every route's sign-in goes through.

It does not know paths: each route names the right it needs as a dependency.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

from core.access import Principal, Right, Scope
from core.errors import Forbidden, Unauthorized
from core.ports import ApiKey
from gateway.origin import CSRF, is_cross_site, is_forwarded, is_loopback, is_own_write, names_this_machine
from gateway.session import COOKIE, Sessions, principal_of
from pipelines.services import Services

LONGEST_KEY = 512
SAFE = ("GET", "HEAD", "OPTIONS")


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def allow(
    right: Right, *, cookie: bool = True, scope: Scope = "api"
) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency that answers who is calling, or raises Unauthorized or Forbidden.

    `cookie`: whether the console's session counts here; it does not under /v1, which is for programs. `scope`: what a
    key that is narrowed must name.
    """

    async def check(request: Request) -> Principal:
        principal = request.state.principal = await authenticate(request, cookie=cookie)
        principal.check(right)
        principal.check_scope(scope)
        return principal

    return check


async def authenticate(request: Request, *, cookie: bool) -> Principal:
    """The caller: a key first, then the console's session, then this machine itself while that is open."""
    services = services_of(request)
    given = bearer(request)
    key = None if given is None else await services.keys.find(given)
    if key is not None and not _is_over(key):
        return principal_of_key(key)
    if is_cross_site(request.headers):
        raise Unauthorized("A page of another site may not call this address without an API key.")
    sessions: Sessions = request.app.state.sessions
    if cookie and given is None and (session := await sessions.find(request.cookies.get(COOKIE))) is not None:
        if request.method not in SAFE and not is_own_write(request.headers, session.csrf):
            raise Forbidden(
                f"Send the token of GET /api/me in the header {CSRF} with what changes something."
            )
        return principal_of(session)
    if await _passes_unnamed(request, services):
        return Principal("local", "admin")
    if key is not None and key.terms.expires_at is not None:
        raise Unauthorized(f"This API key expired on {key.terms.expires_at:%Y-%m-%d}; ask for a new one.")
    if given is not None:
        raise Unauthorized("This API key is not known here, or it was revoked.")
    raise Unauthorized(
        "An API key is needed: make one with `python app.py key create --name NAME --role ROLE` and send it "
        "as `Authorization: Bearer KEY`."
    )


def bearer(request: Request) -> str | None:
    """The key in the Authorization header, None where there is no such header. Hostile input, hence the care."""
    headers = request.headers.getlist("authorization")
    if not headers:
        return None
    scheme, _, text = headers[0].partition(" ")
    text = text.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not text or len(text) > LONGEST_KEY:
        raise Unauthorized("The Authorization header must read `Bearer KEY`, once.")
    return text


async def _passes_unnamed(request: Request, services: Services) -> bool:
    """Whether a call without a valid key passes: sign-in is off, or it is from this machine and no key exists.

    OpenAI's client always sends some key, so a wrong one does not spoil the local pass.
    """
    settings = services.settings
    if settings.api_auth == "off":
        return True
    from_here = (
        settings.api_auth == "auto"
        and is_loopback(request.client.host if request.client else None)
        and not is_forwarded(request.headers)
        and names_this_machine(request.headers.get("host", ""), settings.allowed_hosts)
    )
    return from_here and not await services.keys.any()


def _is_over(key: ApiKey) -> bool:
    return key.terms.expires_at is not None and key.terms.expires_at <= datetime.now(UTC)


def principal_of_key(key: ApiKey) -> Principal:
    return Principal("key", key.role, key.id, key.line, scopes=key.terms.scopes, limits=key.terms.limits)


def program(scope: Scope) -> Callable[[Request], Awaitable[Principal]]:
    """A dependency for a route of /v1, whose callers are programs."""
    return allow(Right.ASK, cookie=False, scope=scope)


Caller = Annotated[Principal, Depends(allow(Right.ASK))]
Reader = Annotated[Principal, Depends(allow(Right.READ))]
Manager = Annotated[Principal, Depends(allow(Right.MANAGE))]
Unmasker = Annotated[Principal, Depends(allow(Right.UNMASK))]
PrivacyOfficer = Annotated[Principal, Depends(allow(Right.PRIVACY))]
Auditor = Annotated[Principal, Depends(allow(Right.AUDIT))]
Operator = Annotated[Principal, Depends(allow(Right.OPERATE))]
Use = Annotated[Services, Depends(services_of)]
