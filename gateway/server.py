"""Runs the app on a socket and tells the operator, in two lines, where it is.

Knows nothing of what is served.
"""

import errno
import gc
import socket
import sys

import uvicorn
from fastapi import FastAPI

from core.errors import ConfigurationError
from core.settings import Settings
from gateway.deadlines import PatientProtocol

DRAIN_SECONDS = 20
"""How long open answers may finish after SIGTERM before they are cut."""
SWITCH_SECONDS = 0.0002
"""How long a thread may keep the others from running."""
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
        stay_responsive()
        port = sockets[0].getsockname()[1] if sockets else self._settings.port
        for line in announcement(self._settings, self._token, port):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def stay_responsive() -> None:
    """Keep the process' own work from holding up answers. Call it once all parts are loaded."""
    # What was imported stays for good: without this, each full collection walks all of it, a quarter of a second.
    gc.collect()
    gc.freeze()
    # An answer passes between the loop and the threads of the database and the index about ten times, and each
    # time waits for whichever thread runs to let go: with Python's own 5 ms a search beside a thread at work takes
    # two to four times as long as with this.
    sys.setswitchinterval(SWITCH_SECONDS)


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


def reserve(settings: Settings) -> socket.socket:
    """Take the port before anything slow begins. Raises ConfigurationError where it cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        cause = errno.errorcode.get(error.errno or 0, "")
        if cause == "EADDRINUSE":
            raise ConfigurationError(
                f"Port {settings.port} is taken; stop what uses it or set XIAOQ_PORT to another."
            ) from None
        raise ConfigurationError(
            f"XiaoQ cannot listen on {settings.host}:{settings.port} ({cause}); check XIAOQ_HOST and XIAOQ_PORT."
        ) from None
    return listener


def serve_forever(app: FastAPI, settings: Settings, token: str, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        app,
        http=PatientProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=30,
        proxy_headers=False,
    )
    AnnouncingServer(config, settings, token).run(sockets=[listener])
