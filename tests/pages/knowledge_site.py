"""What the Knowledge tab calls, over real storage, parser and index; asked in process, as a browser would."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from app import build_services
from core.access import Principal
from core.messages import BusinessLine
from core.settings import Settings
from pages.document_page import document_routes
from pages.knowledge_routes import knowledge_routes
from pipelines.services import Services

GENERAL = BusinessLine(id="general", names={"zh": "综合", "en": "General"}, bases=("elsewhere",))


class Desk:
    """An operator's browser: knows the base it looks at and the reader's language."""

    def __init__(self, client: httpx.AsyncClient, services: Services) -> None:
        self.client, self.services = client, services
        self.base = ""

    async def fresh(self) -> "Desk":
        """The same desk, looking at a new line without documents."""
        line = f"shop-{uuid.uuid4().hex[:8]}"
        self.base = line
        await self.services.lines.put(
            BusinessLine(id=line, names={"zh": "商城", "en": "Shop"}, bases=(line,))
        )
        return self

    async def read(self, name: str, **query: str) -> str:
        answer = await self.client.get(f"/knowledge/{name}", params={"base": self.base, **query})
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(self, name: str, body: Any = None, **query: str) -> httpx.Response:
        return await self.client.post(f"/knowledge/{name}", params={"base": self.base, **query}, json=body)

    async def send(self, name: str, file: str, data: bytes, **query: str) -> httpx.Response:
        return await self.client.post(
            f"/knowledge/{name}", params={"base": self.base, **query}, content=data,
            headers={"x-file-name": quote(file)},
        )  # fmt: skip

    async def upload(self, file: str, data: bytes | str, **query: str) -> dict[str, Any]:
        """Send a file, wait until it was read, and give how it stands."""
        content = data.encode() if isinstance(data, str) else data
        sent = await self.send("upload", file, content, **query)
        assert sent.status_code == 200, sent.text
        batch = sent.json()["batch"]
        await self.services.ingest.settled()
        stands = (await self.post("progress", {"batches": [batch, "unknown"]})).json()["files"]
        assert list(stands) == [batch]
        stand: dict[str, Any] = stands[batch]
        return stand


def signed_in(app: ASGIApp, principal: Principal) -> ASGIApp:
    """The app as the guard shows it to somebody."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "principal": principal}, receive, send)

    return guarded


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    """The routes over services of their own; `fresh` gives each test a line of its own."""
    services = build_services(Settings(_env_file=None, data_dir=folder, engine="quoted"))
    await services.database.start()
    app = Starlette(routes=[*knowledge_routes(services), *document_routes(services)])
    headers = {"accept-language": "zh", "x-time-zone": "Asia/Shanghai"}
    transport = httpx.ASGITransport(signed_in(app, Principal("console", "admin")))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://xiaoq", headers=headers) as client:
            yield Desk(client, services)
    finally:
        await services.ingest.aclose()
        await services.index.aclose()
        await services.engine.aclose()
        await services.database.aclose()
