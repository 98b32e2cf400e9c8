"""XiaoQ under mixed load for half an hour: does its memory grow, do its descriptors, is every answer whole?

`python -m bench.gateway_soak [--minutes 30]`. It compares nothing with other gateways.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, mean, median

import uvloop

from bench.gateway import confine, end_cleanly, tell
from bench.gateway_extras import Scene, started
from bench.gateway_load import Load, at_once, connected
from bench.gateway_mock import Pace
from bench.gateway_process import Server
from bench.gateway_questions import questions
from bench.gateway_targets import fill_data, start_mock, targets

TOKENS, DELAY_MS = 32, 10.0
WHOLE, STREAMS = 4, 16
LEAVES_EVERY_SECONDS, LEAVES_AFTER_SECONDS = 0.5, 0.1
SAMPLES = 120
WARMING = 1 / 3
"""Of the time: caches and pools fill, which no slope should be taken from."""
GROWS_AT_MOST = 1.0
"""Per cent an hour."""


@dataclass(frozen=True)
class Sample:
    seconds: float
    resident_mb: float
    descriptors: int


async def leave(scene: Scene, port: int, until: float) -> int:
    """Ask for a stream and go after its first tokens, over and over; how often."""
    asks = iter(scene.target.asks(port, scene.questions, TOKENS, stream=True, first=2_000_000))
    times = 0
    while time.monotonic() < until:
        connection = await connected(port)
        asking = asyncio.create_task(connection.ask(next(asks)))
        await asyncio.sleep(LEAVES_AFTER_SECONDS)
        connection.close()
        await asking
        times += 1
        await asyncio.sleep(LEAVES_EVERY_SECONDS)
    return times


async def watch(server: Server, seconds: float) -> list[Sample]:
    """Samples at even distances; ends with the time, or early where the server does."""
    began, samples = time.monotonic(), list[Sample]()
    for number in range(1, SAMPLES + 1):
        await asyncio.sleep(max(0.0, began + number * seconds / SAMPLES - time.monotonic()))
        if not server.running:
            break
        sample = Sample(time.monotonic() - began, server.resident_mb(), server.descriptors())
        samples.append(sample)
        if number % (SAMPLES // 10) == 0:
            tell(
                f"  {sample.seconds:6.0f} s  {sample.resident_mb:7.1f} MB  {sample.descriptors:5} descriptors"
            )
    return samples


def slope(samples: Sequence[Sample]) -> tuple[float, float]:
    """Growth in per cent an hour after warming, and what of it may be noise: twice its standard error."""
    kept = samples[int(len(samples) * WARMING) :]
    times, sizes = [one.seconds for one in kept], [one.resident_mb for one in kept]
    line = linear_regression(times, sizes)
    middle = mean(times)
    left = sum((size - line.intercept - line.slope * at) ** 2 for at, size in zip(times, sizes, strict=True))
    error = (left / (len(kept) - 2) / sum((at - middle) ** 2 for at in times)) ** 0.5
    per_hour = 3600 / mean(sizes) * 100
    return line.slope * per_hour, 2 * error * per_hour


def grown_descriptors(samples: Sequence[Sample]) -> float:
    """Between the first and the last third after warming, by their medians."""
    kept = [one.descriptors for one in samples[int(len(samples) * WARMING) :]]
    third = len(kept) // 3
    return median(kept[-third:]) - median(kept[:third])


async def soak(minutes: float, folder: Path) -> bool:
    end_cleanly()
    key = fill_data(folder / "data", folder)
    mock = start_mock(folder)
    try:
        target = next(one for one in targets(key) if one.process == "xiaoq")
        scene = Scene(mock, folder, folder / "data", target, questions(), minutes * 60)
        server, port = await started(scene)
        try:
            return await _under_load(scene, server, port)
        finally:
            server.stop()
    finally:
        mock.server.stop()


async def _under_load(scene: Scene, server: Server, port: int) -> bool:
    scene.mock.set_pace(Pace(TOKENS, DELAY_MS))
    whole = scene.target.asks(port, scene.questions, TOKENS, stream=False)
    streams = scene.target.asks(port, scene.questions, TOKENS, stream=True, first=1_000_000)
    samples, left, *loads = await asyncio.gather(
        watch(server, scene.seconds),
        leave(scene, port, time.monotonic() + scene.seconds),
        at_once(port, whole, WHOLE, seconds=scene.seconds),
        at_once(port, streams, STREAMS, seconds=scene.seconds),
    )
    return _tell_result(samples, left, loads)


def _tell_result(samples: Sequence[Sample], left: int, loads: Sequence[Load]) -> bool:
    grown, noise = slope(samples)
    descriptors = grown_descriptors(samples)
    faults = [load.faults for load in loads if load.faults]
    flat = grown <= max(GROWS_AT_MOST, noise)
    print("| what | figure | met |\n|---|---|---|")
    print(
        f"| minutes, requests, left in mid-stream | {samples[-1].seconds / 60:.1f}, {sum(load.asked for load in loads):,}, {left:,} | |"
    )
    print(f"| memory, first and last MB | {samples[0].resident_mb:.0f}, {samples[-1].resident_mb:.0f} | |")
    print(f"| memory slope after warming, % an hour | {grown:+.1f} ± {noise:.1f} | {_word(flat)} |")
    print(
        f"| descriptors, growth | {descriptors:+.0f} of {samples[-1].descriptors} | {_word(descriptors <= 2)} |"
    )
    print(f"| answers not whole | {faults or 0} | {_word(not faults)} |")
    return flat and descriptors <= 2 and not faults


def _word(met: bool) -> str:
    return "yes" if met else "**no**"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    confine()
    with tempfile.TemporaryDirectory(prefix="xiaoq-soak-") as folder:
        met = uvloop.run(soak(options.minutes, Path(folder)))
    raise SystemExit(0 if met else 1)


if __name__ == "__main__":
    main()
