"""Runs the app on a socket and tells the operator, in two lines, where it is.

Knows nothing of what is served.
"""

import socket
import sys

import uvicorn
from fastapi import FastAPI

from core.settings import Settings

DRAIN_SECONDS = 20
"""How long open answers may finish after SIGTERM before they are cut."""
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class AnnouncingServer(uvicorn.Server):
    """A uvicorn server that says when it accepts requests, since weights and indexes take their time."""

    def __init__(self, config: uvicorn.Config, settings: Settings, token: str) -> None:
        super().__init__(config)
        self._settings = settings
        self._token = token

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        for line in announcement(self._settings, self._token, self._port()):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    def _port(self) -> int:
        return int(self.servers[0].sockets[0].getsockname()[1])


def announcement(settings: Settings, token: str, port: int) -> list[str]:
    """What is printed when the server is up: the link that signs an operator in once opened."""
    host = "127.0.0.1" if settings.host in ANY_ADDRESS else settings.host
    host = f"[{host}]" if ":" in host else host
    base = f"http://{host}:{port}"
    return [
        f"Console (signs you in):  {base}/?token={token}",
        *([] if settings.operator_password else [f"Its password this time:  {token}"]),
        f"Customer's page:         {base}/chat",
        f"OpenAI-compatible API:   {base}/v1",
        "Server is ready to accept requests",
    ]


def serve_forever(app: FastAPI, settings: Settings, token: str) -> None:
    """Serve until SIGINT or SIGTERM. Exits non-zero where the port is taken."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=30,
        h11_max_incomplete_event_size=64 * 1024,
        proxy_headers=False,
    )
    AnnouncingServer(config, settings, token).run()
