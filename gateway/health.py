"""/healthz, /readyz and /metrics: what a supervisor, a load balancer and Prometheus ask.

It does not know how to mend anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from core.access import Principal, Right
from core.ports import Health
from gateway.auth import Use, allow
from gateway.origin import is_forwarded, is_loopback

log = structlog.get_logger()

router = APIRouter(tags=["Operation"])

LONGEST_PROBE_SECONDS = 3.0
Probes = Mapping[str, Callable[[], Awaitable[Health]]]


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive and its event loop turns."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request, services: Use) -> Response:
    """Whether it can answer, part by part: `{"ready", "parts": {name: {ready, detail}}}`, 503 where not."""
    probes = {
        "database": services.database.health,
        "index": services.index.health,
        "ingest": services.ingest.health,
        "engine": services.engine.health,
        "limits": services.counters.health,
        **request.app.state.probes,
    }
    found = await asyncio.gather(*(_probe(name, ask) for name, ask in probes.items()))
    parts = {
        name: {"ready": health.ready, "detail": health.detail}
        for name, health in zip(probes, found, strict=True)
    }
    if request.app.state.stopping:
        parts["server"] = {"ready": False, "detail": "stopping"}
    ready = all(part["ready"] for part in parts.values())
    return JSONResponse({"ready": ready, "parts": parts}, 200 if ready else 503)


async def _probe(name: str, ask: Callable[[], Awaitable[Health]]) -> Health:
    try:
        async with asyncio.timeout(LONGEST_PROBE_SECONDS):
            return await ask()
    except TimeoutError:
        return Health(False, f"did not answer within {LONGEST_PROBE_SECONDS:g} s")
    except Exception as error:  # noqa: BLE001 - a part that breaks when asked is not ready; the rest is still told
        log.error("probe_failed", part=name, error=type(error).__qualname__)
        return Health(False, "failed when asked; the log has the cause")


async def may_scrape(request: Request) -> Principal | None:
    """This machine reads the metrics without a key, anything else with one that may operate or manage."""
    here = is_loopback(request.client.host if request.client else None) and not is_forwarded(request.headers)
    if here:
        return None
    return await allow(Right.MANAGE, cookie=False)(request)


@router.get("/metrics", response_model=None)
async def metrics(request: Request, _: Annotated[Any, Depends(may_scrape)]) -> Response:
    """Prometheus' text format."""
    return Response(
        await request.app.state.metrics.exposition(), media_type="text/plain; version=0.0.4; charset=utf-8"
    )
