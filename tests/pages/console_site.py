"""A tab's routes over real services, in front of an operator."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from app import build_services, close_index
from core.access import Principal
from core.settings import Settings
from pipelines.services import Services
from tests.pages.knowledge_site import signed_in


@asynccontextmanager
async def services_in(folder: Path, **settings: Any) -> AsyncIterator[Services]:
    """Everything that the app is made of, its database open."""
    made = build_services(Settings(_env_file=None, data_dir=folder, engine="quoted", **settings))
    await made.database.start()
    yield made
    await made.ingest.aclose()
    await close_index(made)
    await made.engine.aclose()
    await made.database.aclose()


@asynccontextmanager
async def page_of(
    routes: Sequence[BaseRoute], principal: Principal, language: str, **params: str
) -> AsyncIterator[httpx.AsyncClient]:
    """The routes as this operator calls them; `params` go with every request."""
    app = signed_in(Starlette(routes=[*routes]), principal)
    headers = {"accept-language": language}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://xiaoq", headers=headers, params=params
    ) as client:
        yield client
