"""What is measured of XiaoQ alone: its log's cost, a stop under load, a second process. It judges nothing."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.gateway_load import Load, at_once
from bench.gateway_mock import Pace
from bench.gateway_process import Server, free_port
from bench.gateway_targets import Mock, Target, first_answer, module, xiaoq
from bench.serving import ROOT
from core.settings import Settings

AT_ONCE, STREAMS = 64, 32
WARM_SECONDS = 1.0


@dataclass
class Scene:
    """What an extra needs: the mock, XiaoQ's data folder, how it is asked, and for how long."""

    mock: Mock
    folder: Path
    data: Path
    target: Target
    questions: Sequence[str]
    seconds: float


class LeftOut(Exception):
    """It cannot be measured here; the message says why."""


async def log_cost(scene: Scene) -> float:
    """CPU a request with the log, of that without it. Both over the same data, one after the other."""
    spent = []
    for command in (None, module("gateway_unlogged")):
        server, port = await started(scene, command)
        try:
            await _asked(scene, port, WARM_SECONDS)
            before = server.cpu_seconds()
            load = await _asked(scene, port, scene.seconds)
            spent.append((server.cpu_seconds() - before) / max(1, len(load.good)))
        finally:
            server.stop()
        if load.faults:
            raise LeftOut(f"answers were not whole: {load.faults}")
    return spent[0] / spent[1]


async def lost_on_stop(scene: Scene) -> float:
    """Of the answers that came whole while it was told to end under load: how many are not stored as such."""
    server, port = await started(scene)
    try:
        scene.mock.set_pace(Pace(tokens=32, delay_ms=10))
        streaming = scene.target.asks(port, scene.questions, 32, stream=True, first=500_000)
        whole = scene.target.asks(port, scene.questions, 32, stream=False)
        asking = asyncio.gather(
            at_once(port, streaming, STREAMS, seconds=scene.seconds + 3),
            at_once(port, whole, STREAMS, seconds=scene.seconds + 3),
        )
        await asyncio.sleep(scene.seconds)
        server.terminate()
        loads = await asking
        await asyncio.to_thread(server.stop)
    finally:
        server.stop()
    told = [turn for load in loads for turn in load.turns]
    if not told:
        raise LeftOut("nothing was answered before it ended")
    return float(len(set(told) - _stored(scene.data)))


async def two_processes(scene: Scene) -> float:
    """Requests a second of two processes, of those of one."""
    if "workers" not in Settings.model_fields:
        raise LeftOut("there is no setting for several processes yet")
    found = []
    for workers in ("1", "2"):
        server, port = await started(scene, XIAOQ_WORKERS=workers)
        try:
            await _asked(scene, port, WARM_SECONDS)
            load = await _asked(scene, port, scene.seconds)
            found.append(len(load.good) / load.seconds)
        finally:
            server.stop()
        if load.faults:
            raise LeftOut(f"answers were not whole: {load.faults}")
    return found[1] / found[0]


EXTRAS: Mapping[str, Callable[[Scene], Awaitable[float]]] = {
    "log": log_cost,
    "stop": lost_on_stop,
    "workers": two_processes,
}


async def started(scene: Scene, command: Sequence[str] | None = None, **settings: str) -> tuple[Server, int]:
    """XiaoQ or `command`, once it has answered, and its port."""
    port = free_port()
    scene.mock.set_pace(Pace())
    more = {"PYTHONPATH": str(ROOT), **settings} if command else settings
    server = xiaoq(port, scene.mock, scene.folder, scene.data, command=command, **more)
    try:
        await first_answer(server, port, scene.target, scene.questions[0], Pace().tokens)
    except BaseException:
        server.stop()
        raise
    return server, port


async def _asked(scene: Scene, port: int, seconds: float) -> Load:
    asks = scene.target.asks(port, scene.questions, Pace().tokens, stream=False)
    return await at_once(port, asks, AT_ONCE, seconds=seconds)


def _stored(data: Path) -> set[str]:
    """The turns that are kept with their whole answer."""
    with sqlite3.connect(data / "xiaoq.db") as database:
        rows = database.execute("SELECT id FROM turn WHERE status = 'done' AND length(answer) > 0")
        return {str(turn) for (turn,) in rows}
