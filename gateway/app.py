"""Builds the HTTP door from the services it is handed: routes, errors, sign-in and the outermost layer.

It does not know the console or the customer's page; app.py mounts those beside it.
"""

import os
from collections.abc import Callable
from functools import partial
from types import MappingProxyType

from fastapi import FastAPI
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from core.errors import NotFound
from gateway import catalog, completions, embeddings, health, reference, responses, texts
from gateway.api import routers as api_routers
from gateway.edge import Edge
from gateway.errors import MethodNotAllowed, error_response, handle_errors
from gateway.gate import Gate
from gateway.health import Probes
from gateway.lane import PATH, Gateway, lane
from gateway.limits import Bounded
from gateway.login import Login, login_routes
from gateway.login_openid import OpenIdLogin, openid_routes
from gateway.metrics import Metrics
from gateway.openid import OpenId
from gateway.openid_accounts import provider_of
from gateway.quick import Quick
from gateway.session import Sessions
from gateway.signatures import Signed
from pipelines.services import Services

FRAMED_BY_SELF = "'self'"
CLOSED = ("/v1/{rest:path}", "/api/{rest:path}", "/healthz", "/readyz", "/metrics")


def build_gateway(
    services: Services,
    *,
    operator_token: str,
    secret: Callable[[], bytes],
    framed_by: str = FRAMED_BY_SELF,
    probes: Probes = MappingProxyType({}),
    process: str = "house",
) -> FastAPI:
    """The gateway without the console.

    `operator_token` is the console's one-click link and, where the settings hold no password, the password.
    `secret` signs what browsers keep for us. `framed_by` lists who may put the console in a frame, as CSP's
    frame-ancestors writes it. `probes` are further parts that /readyz names; `process` is the name of this one of
    several. On `app.state`: `services`, `sessions` (for ConsoleGuard), `metrics`, `stopping`.
    """
    settings = services.settings
    password = settings.operator_password.get_secret_value() if settings.operator_password else None
    sessions = Sessions(services.sessions, services.audit, operator_token=operator_token, password=password)
    metrics = Metrics(process)
    metrics.watch(services)
    app = Gateway(
        title="XiaoQ",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services, app.state.sessions = services, sessions
    app.state.gate = Gate(services.counters, services.keys, settings, secret)
    app.state.stopping = False
    app.state.metrics, app.state.probes = metrics, probes
    for router in (
        health.router,
        reference.router,
        catalog.router,
        completions.router,
        responses.router,
        texts.router,
        embeddings.router,
        *api_routers,
    ):
        app.include_router(router)
    add_sign_in(app, services, sessions, secret, framed=framed_by != FRAMED_BY_SELF)
    app.router.routes.extend(Route(address, NothingHere()) for address in CLOSED)
    handle_errors(app)
    app.add_middleware(Bounded)
    edge = partial(Edge, hosts=settings.allowed_hosts.split(","), framed_by=framed_by, metrics=metrics)
    app.add_middleware(edge)
    app.lane = outside = edge(lane)
    if services.frequent.on:
        app.counter = Quick(services, app.state.gate, metrics, outside, PATH)
    return app


def add_sign_in(
    app: FastAPI, services: Services, sessions: Sessions, secret: Callable[[], bytes], *, framed: bool
) -> None:
    """The sign-in page, and the way to an OpenID provider where the settings or a hosted Space name one."""
    found = provider_of(services.settings, os.environ)
    login = Login(
        sessions, services.accounts, Signed(secret, "devices"), ui_language=services.settings.ui_language,
        framed=framed, openid=found[0].name if found else None,
    )  # fmt: skip
    app.include_router(login_routes(login))
    if found:
        provider, admission = found
        way = OpenIdLogin(
            login, OpenId(provider), admission, services.accounts, secret,
            framed=framed, host=os.environ.get("SPACE_HOST", ""),
        )  # fmt: skip
        app.include_router(openid_routes(way))


class NothingHere:
    """Closes an address to every method: without it, what no route takes would fall through to the console's mount.

    An ASGI app, since a route of a function would have to list the methods, and somebody can always make one up.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        routes: list[Route] = scope["app"].routes
        near = [route for route in routes if route.matches(scope)[0] is Match.PARTIAL]
        if not near:
            raise NotFound(f"There is nothing at {scope['path'][:200]}; /docs lists the routes.")
        error = MethodNotAllowed("This address does not take this method; see the Allow header.")
        response = error_response(scope["path"], error, scope["state"]["request_id"])
        # A fixed address stands before one with a placeholder that would match it, too.
        same = [route.methods or set() for route in near if route.path == near[0].path]
        response.headers["Allow"] = ", ".join(sorted(set().union(*same)))
        await response(scope, receive, send)
