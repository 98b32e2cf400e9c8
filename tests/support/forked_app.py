"""A process that has the app imported and, told `start`, serves it in a fork: what is killed is the fork.

Without the console, which nothing here asks and whose making takes most of a start. Run as
`python -m tests.support.forked_app`; ends when its input does, and whatever it forked is killed by whoever ends it.
"""

import importlib
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app import build_services, running
from core.settings import Settings
from gateway.app import build_gateway
from gateway.logs import configure_logs
from gateway.server import reserve, serve_forever

TOKEN = "operator-token-of-the-tests"


def serve() -> None:
    settings = Settings()
    listener = reserve(settings)
    services = build_services(settings)
    app = build_gateway(services, operator_token=TOKEN, secret=services.secret, framed_by="'self'")
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncGenerator[None]:
        async with running(services), inner(served):
            yield

    app.router.lifespan_context = lifespan
    serve_forever(app, settings, TOKEN, listener)


LATE = (
    "alembic.command", "alembic.config", "cryptography.hazmat.primitives.ciphers.aead", "engines.openai",
    "engines.select", "knowledge.index", "knowledge.parsing", "knowledge.starter", "storage.conversations",
    "storage.snapshots",
)  # fmt: skip
"""What each start would import anew."""


def main() -> None:
    for name in LATE:
        importlib.import_module(name)
    configure_logs()
    print("loaded", flush=True)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            print("pid", os.getpid(), flush=True)
            serve()
            os._exit(0)
        os.waitpid(child, 0)
        print("ended", child, flush=True)


if __name__ == "__main__":
    main()
