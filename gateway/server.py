"""Runs the app on a socket and tells the operator, in two lines, where it is.

Knows nothing of what is served.
"""

import asyncio
import errno
import gc
import socket
import sys
import time

import structlog
import uvicorn
from fastapi import FastAPI

from core.allocator import give_back
from core.errors import ConfigurationError
from core.settings import Settings
from gateway.connections import Door, raise_descriptor_limit, room_for_connections
from gateway.short_way import ShortWayProtocol

log = structlog.get_logger()

CUT_SECONDS = 3.0
"""How long answers that were cut may take to say so and to be stored."""
CANCEL_SECONDS = 1.0
"""How long what is left may take to clean up once it is cancelled."""
TICK_SECONDS = 0.05
SWITCH_SECONDS = 0.002
"""How long a thread may keep the others from running."""
COLLECT_AFTER = 10_000
"""How many more objects there are to be before Python looks for cycles. Sixty questions at once hold as many as Python's own 700
several times over, and all of them were looked through again and again: 4.5 % of the processor time, now 1 %."""
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class PoliteServer(uvicorn.Server):
    """A uvicorn server that says when it accepts requests, since weights and indexes take their time; and that ends
    without cutting anybody off in silence."""

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, settings: Settings, token: str, door: Door
    ) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings
        self._token = token
        self._door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        stay_responsive()
        self._door.most = room_for_connections(raise_descriptor_limit())
        await self.announce(sockets[0].getsockname()[1] if sockets else self._settings.port)

    async def announce(self, port: int) -> None:
        for line in announcement(self._settings, self._token, port):
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let open answers end. At the deadline cut those that do not: each says so, and is stored as far as it came."""
        self._app.state.stopping = True  # no longer ready
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if not await self._quiet(self._settings.drain_seconds):
            log.warning("server.cut", answers=len(self.server_state.tasks))
            await self._app.state.services.engine.aclose()
            if not await self._quiet(CUT_SECONDS):
                await self._cancel()
        await super().shutdown(sockets)

    async def _quiet(self, seconds: float) -> bool:
        """Whether all answers ended within this time; a second Ctrl+C counts as that."""
        end = time.monotonic() + seconds
        while (self.server_state.connections or self.server_state.tasks) and not self.force_exit:
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(TICK_SECONDS)
        return True

    async def _cancel(self) -> None:
        """End what neither ends nor reads."""
        for task in list(self.server_state.tasks):
            task.cancel()
        await self._quiet(CANCEL_SECONDS)
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()


def stay_responsive() -> None:
    """Keep the process' own work from holding up answers. Call it once all parts are loaded."""
    # What was imported stays for good: without this, each full collection walks all of it, a quarter of a second.
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *gc.get_threshold()[1:])
    give_back()
    # A question passes from the loop to the thread that writes and back; each time it waits for whichever thread runs to
    # let go. Python's own 5 ms make it wait behind a thread at work; a tenth of this costs a third of the throughput.
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


def guarded_by(
    door: Door, app: FastAPI, kind: type[ShortWayProtocol] = ShortWayProtocol
) -> type[ShortWayProtocol]:
    """The protocol of connections that come through this door, to the counter of this app where it has one."""
    return type("GuardedProtocol", (kind,), {"door": door, "counter": getattr(app, "counter", None)})


def serve_forever(app: FastAPI, settings: Settings, token: str, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    raise_descriptor_limit()
    door = Door(settings.connections_per_address)
    config = server_config(app, guarded_by(door, app))
    PoliteServer(config, app, settings, token, door).run(sockets=[listener])


def server_config(app: FastAPI, protocol: type[ShortWayProtocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=protocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,  # we have waited for them ourselves by then
        timeout_keep_alive=30,
        proxy_headers=False,
    )
