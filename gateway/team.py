"""One process of several that serve the app together: its server, and what it knows of the others.

It does not start them; gateway/supervisor.py does.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Coroutine
from dataclasses import dataclass

import structlog
import uvicorn
from fastapi import FastAPI

from core.ports import Health
from core.settings import Settings
from gateway.board import HOUSE, Board, State
from gateway.connections import Door, raise_descriptor_limit
from gateway.gathering import tell
from gateway.handover import Exchange
from gateway.server import PoliteServer, guarded_by, server_config
from gateway.sharing import SharedProtocol

log = structlog.get_logger()

LOOK_SECONDS = 0.05
LONGEST_START_SECONDS = 60.0
"""How long the house waits for the others before it says that it is ready without them."""
TOLD_SECONDS = 0.3
"""All are told to end at once; so long it takes until each has noted it."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A process' place among them. `parent` is readable once the parent is gone."""

    exchange: Exchange
    parent: socket.socket
    first: bool
    """Whether no process held this place before."""

    @property
    def board(self) -> Board:
        return self.exchange.board

    @property
    def number(self) -> int:
        return self.exchange.number

    async def house_opened(self) -> None:
        """Returns once the house has been ready: the database is migrated, the first knowledge is there."""
        while self.board.state(HOUSE) in (State.GONE, State.STARTING):  # noqa: ASYNC110 - in another process
            await asyncio.sleep(LOOK_SECONDS)

    async def others_gone(self, seconds: float) -> None:
        """Returns once no process that was told to end answers any more, or they should have ended long ago."""
        others = range(HOUSE + 1, self.board.processes)
        await asyncio.sleep(TOLD_SECONDS)
        try:
            async with asyncio.timeout(seconds):
                while any(self.board.state(other) == State.LEAVING for other in others):  # noqa: ASYNC110
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            log.warning("workers_still_there")

    async def health(self) -> Health:
        """Whether every process serves; names those that do not."""
        states = list(enumerate(self.board.states()))[HOUSE + 1 :]
        missing = [f"{number} {state.name.lower()}" for number, state in states if state != State.READY]
        return Health(
            not missing, f"not serving: {', '.join(missing)}" if missing else f"{len(states)} ready"
        )


class TeamServer(PoliteServer):
    """A server that takes connections from its siblings as well. The house announces, once all are there."""

    def __init__(
        self, config: uvicorn.Config, app: FastAPI, settings: Settings, token: str, door: Door, seat: Seat
    ) -> None:
        super().__init__(config, app, settings, token, door)
        self._seat = seat
        self._tasks: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().add_reader(self._seat.parent, self._orphaned)
        await super().startup(sockets)

    async def announce(self, port: int) -> None:
        seat = self._seat
        seat.exchange.open(self._take, self._tell)
        seat.board.become(seat.number, State.READY)
        if seat.number != HOUSE or not seat.first:
            return
        deadline = asyncio.get_running_loop().time() + LONGEST_START_SECONDS
        while not (await seat.health()).ready and asyncio.get_running_loop().time() < deadline:
            if self.should_exit:
                return
            await asyncio.sleep(LOOK_SECONDS)
        await super().announce(port)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._seat.exchange.leave()
        await super().shutdown(sockets)
        self._seat.exchange.close()
        self._seat.board.become(self._seat.number, State.GONE)

    def _orphaned(self) -> None:
        """The parent is gone, and nobody would start again what ends: leave the port to the next one."""
        asyncio.get_running_loop().remove_reader(self._seat.parent)
        os.kill(os.getpid(), signal.SIGTERM)

    def _tell(self, connection: socket.socket) -> None:
        self._beside(tell(connection, self._app.state.metrics))

    def _take(self, connection: socket.socket, data: bytes) -> None:
        self._beside(self._adopt(connection, data))

    def _beside(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _adopt(self, connection: socket.socket, data: bytes) -> None:
        """A connection as if it had been accepted here, and these bytes read from it."""
        make = self.config.http_protocol_class
        protocol: SharedProtocol = make(  # type: ignore[assignment]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, began_with=data
        )  # type: ignore[call-arg]
        try:
            await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, connection)
        except OSError:
            connection.close()
            return
        if self.should_exit:
            protocol.shutdown()


def serve_seat(app: FastAPI, settings: Settings, token: str, listener: socket.socket, seat: Seat) -> None:
    """Serve until SIGINT or SIGTERM, or until the parent is gone."""
    raise_descriptor_limit()
    door = Door(settings.connections_per_address)
    protocol = guarded_by(door, app, type("SeatedProtocol", (SharedProtocol,), {"exchange": seat.exchange}))
    TeamServer(server_config(app, protocol), app, settings, token, door, seat).run(sockets=[listener])
