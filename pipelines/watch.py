"""Asks golden questions again where something under a line has changed that no version publishes: its knowledge, the
model, the line's own settings; compares with the last run of what is live, and says what changed.

Holds nothing back (docs/decisions/0025-publish-gate.md).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import structlog

from core.golden import Evaluation, GoldenQuestion, Result
from core.messages import BusinessLine
from pipelines.freshness import cause
from pipelines.scores import is_whole
from pipelines.services import Services
from pipelines.sides import PARAMETERS, side_of, state_of

log = structlog.get_logger()

LOOK_SECONDS = 15.0
"""A change that looks the same twice has come to rest."""
GAP = timedelta(minutes=10)
"""Between two such runs of a line: somebody who uploads all day does not keep the model busy all day."""
ACTOR = "xiaoq:watch"
LATELY = 30


async def watch_changes(services: Services) -> None:
    """Look at every line now and then, for as long as the app runs."""
    watcher = Watcher(services)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await watcher.look()
        except Exception as error:  # noqa: BLE001 - what breaks once is looked at again
            log.warning("golden_questions_not_watched", **cause(error))


class Watcher:
    """What was seen of each line at the last look."""

    def __init__(self, services: Services, gap: timedelta = GAP) -> None:
        self._services = services
        self._gap = gap
        self._seen: dict[str, dict[str, str]] = {}
        self._met: dict[str, dict[str, str]] = {}
        """How a line stood that was never measured, when it had golden questions first."""

    async def look(self) -> Sequence[Evaluation]:
        """Begin a run for each line with a change that has come to rest; gives them."""
        begun = []
        for line in await self._services.lines.all():
            if not line.archived and (run := await self._looked_at(line)) is not None:
                begun.append(run)
        return begun

    async def _looked_at(self, line: BusinessLine) -> Evaluation | None:
        services = self._services
        runs = await services.evaluations.list(line.id, LATELY)
        if any(run.status in ("waiting", "running") for run in runs):
            return None
        last, state = _last_of_live(line, runs), await state_of(services, line)
        stood = last.after["state"] if last else self._met.setdefault(line.id, state)
        because = [name for name, digest in state.items() if stood.get(name) != digest]
        rested = self._seen.get(line.id) == state
        self._seen[line.id] = state
        if not because or not rested or self._was_looked_into(runs, state):
            return None
        golden = await services.golden.list(line.id)
        if not golden:
            self._met[line.id] = state
            return None
        known = await self._known(last, golden) if last else ()
        after = {**side_of(line), "state": state, "because": because}
        before = {**side_of(line), "evaluation": last.id} if last else None
        log.info("golden_questions_asked_again", line=line.id, because=because)
        return await services.runs.begin(
            services, line, after, before, actor=ACTOR, kind="watch", known=known
        )

    def _was_looked_into(self, runs: Sequence[Evaluation], state: dict[str, str]) -> bool:
        """Whether a run has seen this very state, however it ended, or one began a short while ago."""
        watches = [run for run in runs if run.kind == "watch"]
        recent = any(datetime.now(UTC) - run.created_at < self._gap for run in watches)
        return recent or any(run.after.get("state") == state for run in watches)

    async def _known(self, last: Evaluation, golden: Sequence[GoldenQuestion]) -> list[Result]:
        """How the questions went that are still the same ones."""
        same = {each.id for each in golden if each.created_at <= last.created_at}
        results = await self._services.evaluations.results(last.id)
        return [
            replace(result, side="before")
            for result in results
            if result.side == "after" and result.golden_id in same
        ]


def _last_of_live(line: BusinessLine, runs: Sequence[Evaluation]) -> Evaluation | None:
    live = side_of(line)["prompt"]
    for run in runs:
        plain = not any(name in run.after for name in PARAMETERS) and "state" in run.after
        if run.status == "done" and plain and run.after.get("prompt") == live and is_whole(run.summary):
            return run
    return None
