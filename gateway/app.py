"""Builds the HTTP door from the services it is handed: routes, errors, sign-in and the outermost layer.

It does not know the console or the customer's page; app.py mounts those beside it.
"""

from collections.abc import Callable

from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.routing import Match

from core.errors import NotFound
from gateway import catalog, completions, health, reference, responses
from gateway.api import routers as api_routers
from gateway.edge import Edge
from gateway.errors import MethodNotAllowed, error_response, handle_errors
from gateway.login import Login, login_routes
from gateway.metrics import Metrics
from gateway.session import Sessions
from gateway.signatures import Signed
from pipelines.services import Services

FRAMED_BY_SELF = "'self'"
EVERY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_gateway(
    services: Services, *, operator_token: str, secret: Callable[[], bytes], framed_by: str = FRAMED_BY_SELF
) -> FastAPI:
    """The gateway without the console.

    `operator_token` is the console's one-click link and, where the settings hold no password, the password.
    `secret` signs what browsers keep for us. `framed_by` lists who may put the console in a frame, as CSP's
    frame-ancestors writes it. On `app.state`: `services`, `sessions` (for ConsoleGuard), `metrics`.
    """
    settings = services.settings
    password = settings.operator_password.get_secret_value() if settings.operator_password else None
    sessions = Sessions(services.sessions, operator_token=operator_token, password=password)
    metrics = Metrics()
    metrics.watch(services.ingest)
    app = FastAPI(
        title="XiaoQ",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.services, app.state.sessions = services, sessions
    app.state.metrics = metrics
    for router in (
        health.router,
        reference.router,
        catalog.router,
        completions.router,
        responses.router,
        *api_routers,
    ):
        app.include_router(router)
    login = Login(
        sessions, services.accounts, Signed(secret, "devices"),
        ui_language=settings.ui_language, framed=framed_by != FRAMED_BY_SELF,
    )  # fmt: skip
    app.include_router(login_routes(login))
    for prefix in ("/v1", "/api"):
        app.add_api_route(
            prefix + "/{rest:path}", nothing_here, methods=EVERY_METHOD, include_in_schema=False
        )
    handle_errors(app)
    app.add_middleware(Edge, hosts=settings.allowed_hosts.split(","), framed_by=framed_by, metrics=metrics)
    return app


async def nothing_here(request: Request, rest: str) -> Response:
    """Closes the two prefixes: without it, what no route takes would fall through to the console's mount."""
    allowed: set[str] = set()
    for route in request.app.routes:
        match, _ = route.matches(request.scope)
        if match is Match.PARTIAL:
            allowed |= getattr(route, "methods", None) or set()
    if not allowed:
        raise NotFound(f"There is nothing at {request.scope['path'][:200]}; /docs lists the routes.")
    error = MethodNotAllowed("This address does not take this method; see the Allow header.")
    response = error_response(request.scope["path"], error, request.state.request_id)
    response.headers["Allow"] = ", ".join(sorted(allowed))
    return response
