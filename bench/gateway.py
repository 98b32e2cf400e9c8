"""XiaoQ beside other gateways, all before one mock model server, on two cores, in one go.

`python -m bench.gateway [--rounds 4] [--only NAME …] [--targets NAME …] [--quick]`; docs/gateway.md says how it is
measured. Everything runs on this machine and is asked over loopback alone.
"""

import argparse
import asyncio
import gc
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import uvloop

from bench.gateway_extras import EXTRAS, LeftOut, Scene
from bench.gateway_goals import Results
from bench.gateway_mock import Pace
from bench.gateway_process import Server, free_port
from bench.gateway_questions import questions
from bench.gateway_report import report
from bench.gateway_scenarios import SCENARIOS, Scenario, measure
from bench.gateway_targets import (
    DidNotStart,
    Mock,
    Start,
    Target,
    fill_data,
    first_answer,
    start_mock,
    starts,
    targets,
)

CORES = 2
EXTRA_SECONDS = 4.0


class Run:
    """One whole measurement: its processes and what it found. Says on stderr what it is doing."""

    def __init__(self, mock: Mock, chosen: Sequence[Target], how: Mapping[str, Start]) -> None:
        self.results = Results()
        self._mock = mock
        self._targets = chosen
        self._how = how
        self._servers: dict[str, tuple[Server, int]] = {"mock": (mock.server, mock.port)}
        self._questions = questions()

    async def round(self, number: int, scenarios: Sequence[Scenario]) -> None:
        """Start all, measure each scenario on each target in turn, stop all."""
        self.results.rounds.append({})
        shift = number % len(self._targets)
        try:
            for target in self._targets:
                await self._start(target)
            for scenario in scenarios:
                for target in [*self._targets[shift:], *self._targets[:shift]]:
                    await self._measure(scenario, target)
        finally:
            self._stop()

    async def warm(self) -> None:
        """Start XiaoQ once: what it does only the first time is no part of a start."""
        try:
            for target in self._targets:
                if target.process.startswith("xiaoq"):
                    await self._start(target)
        finally:
            self._stop()
        self.results.starts.clear()

    async def _start(self, target: Target) -> None:
        process = target.process
        if process in self._servers or process in self.results.skipped:
            return
        self._mock.set_pace(Pace())
        try:
            port = free_port()
            server = self._how[process](port)
            self._servers[process] = (server, port)
            seconds = await first_answer(server, port, target, self._questions[0], Pace().tokens)
        except DidNotStart as error:
            self.results.skipped[process] = str(error)
            tell(f"{process} did not start: {error}")
            if process in self._servers:
                self._servers.pop(process)[0].stop()
        else:
            self.results.starts.setdefault(process, []).append(seconds)
            tell(f"{process} answered {seconds:.1f} s after its start")

    async def _measure(self, scenario: Scenario, target: Target) -> None:
        served = self._servers.get(target.process)
        if served is None or (scenario.only and target.name not in scenario.only):
            return
        if target.scenarios and scenario.name not in target.scenarios:
            return
        server, port = served
        if not server.running:
            self.results.skipped[target.name] = f"ended during the run: {server.last_words()}"
            return
        found = await measure(scenario, target, server, port, self._mock, self._questions)
        self.results.rounds[-1][scenario.name, target.name] = found
        tell(
            f"  {scenario.name:12} {target.name:24} {found.whole:6} of {found.asked} whole, p50 {found.total:8.2f} ms, "
            f"first {found.first:8.2f}, {found.requests_per_second:8.0f}/s, {found.chunks_per_second:8.0f} chunks/s, "
            f"CPU {found.cpu_request:6.0f} µs a request; client {found.client_cpu:.2f}, mock {found.mock_cpu:.2f} "
            f"of a core {dict(found.faults) or ''}"
        )

    async def extras(self, chosen: Sequence[str], scene: Scene, rounds: int) -> None:
        """What is of XiaoQ alone, one round of each after another."""
        for _ in range(rounds):
            for name in chosen:
                if name in self.results.skipped:
                    continue
                try:
                    found = await EXTRAS[name](scene)
                except (LeftOut, DidNotStart) as error:
                    self.results.skipped[name] = str(error)
                    tell(f"  {name} left out: {error}")
                else:
                    self.results.extras.setdefault(name, []).append(found)
                    tell(f"  {name:12} {found:.2f}")

    def _stop(self) -> None:
        for name in [name for name in self._servers if name != "mock"]:
            self._servers.pop(name)[0].stop()


def end_cleanly() -> None:
    """SIGTERM ends the run as Ctrl-C does: what was started is stopped first. Call it inside the run's own task."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def confine() -> None:
    """Two cores for this process and all it starts, and as many open sockets as the system allows."""
    cores = sorted(os.sched_getaffinity(0))[:CORES]
    os.sched_setaffinity(0, cores)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def run(options: argparse.Namespace, folder: Path) -> None:
    end_cleanly()
    tell("Filling XiaoQ's data folder ...")
    key = fill_data(folder / "data", folder)
    mock = start_mock(folder)
    try:
        chosen = [one for one in targets(key) if not options.targets or one.name in options.targets]
        scenarios = [one for one in SCENARIOS if not options.only or one.name in options.only]
        extras = [name for name in EXTRAS if not options.only or name in options.only]
        work = Run(mock, chosen, starts(mock, folder, folder / "data"))
        await work.warm()
        gc.freeze()
        before = os.getloadavg()[0]
        for number in range(options.rounds if scenarios else 0):
            tell(f"Round {number + 1} of {options.rounds}, load {os.getloadavg()[0]:.1f}")
            await work.round(number, [one.quick() if options.quick else one for one in scenarios])
        ours = next((one for one in chosen if one.process == "xiaoq"), None)
        if ours:
            seconds = 1.0 if options.quick else EXTRA_SECONDS
            scene = Scene(mock, folder, folder / "data", ours, questions(), seconds)
            await work.extras(extras, scene, options.rounds)
        load = f"load {before:.1f} before, {os.getloadavg()[0]:.1f} at the end"
        columns = [(one.name, one.process) for one in chosen]
        print("\n".join(report(work.results, columns, load)))
    finally:
        mock.server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [one.name for one in SCENARIOS]
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--only", nargs="+", default=[], choices=[*names, *EXTRAS])
    parser.add_argument("--targets", nargs="+", default=[], choices=[one.name for one in targets("")])
    parser.add_argument(
        "--quick", action="store_true", help="to see that it works; the figures are worth nothing"
    )
    options = parser.parse_args()
    confine()
    with tempfile.TemporaryDirectory(prefix="xiaoq-gateways-") as folder:
        try:
            uvloop.run(run(options, Path(folder)))
        except DidNotStart as error:
            raise SystemExit(f"The measurement cannot begin: {error}") from None
        except asyncio.CancelledError:
            raise SystemExit("Ended before its time; nothing is left running.") from None


if __name__ == "__main__":
    main()
