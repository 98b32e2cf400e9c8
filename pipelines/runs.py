"""Runs of golden sets as they are begun, stopped, resumed and ended, in the background of the process.

Does not ask the questions (evaluate.py), nor know what a gate's run decides: `settle` does, handed in by app.py.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog

from core.errors import Conflict, NotFound, ServerStopping, Unfit, XiaoQError
from core.golden import Evaluation, Result, RunKind
from core.messages import BusinessLine
from core.security import Act
from pipelines.evaluate import ask_all
from pipelines.scores import summary_of
from pipelines.served import check_models
from pipelines.services import Services
from pipelines.sides import line_under, state_of

log = structlog.get_logger()

Settle = Callable[[Services, Evaluation], Awaitable[Mapping[str, Any]]]
"""What follows from a run, given with its summary: `{"outcome": …}`. Called before the run is ended, and again where
the process died in between, so doing it twice must be doing it once."""


class Runs:
    """The runs that this process works on."""

    def __init__(self, settle: Settle) -> None:
        self._settle = settle
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def begin(
        self,
        services: Services,
        line: BusinessLine,
        after: Mapping[str, Any],
        before: Mapping[str, Any] | None = None,
        *,
        actor: str,
        kind: RunKind = "run",
        known: Sequence[Result] = (),
    ) -> Evaluation:
        """Begin a run in the background and give it as it stands; a gate's run may be one that is under way already.

        Raises NotFound for a version that is not there, ModelNotServed for a model, Unfit where the line has no golden
        question, Conflict where it is archived.
        """
        check_open(line)
        golden = await services.golden.list(line.id)
        if not golden:
            raise Unfit("This line has no golden questions yet; add some, then run them.", param="line")
        under = [await line_under(services.prompts, line, side) for side in (before, after) if side]
        if kind == "run":
            await check_models(services, under)
        asked = 1 if before is None or "evaluation" in before else 2
        wanted = Evaluation(
            id=uuid.uuid4().hex,
            line=line.id,
            kind=kind,
            before=dict(before or {}),
            after={"state": await state_of(services, line), **after},
            status="waiting",
            total=len(golden) * asked + len(known),
            done=len(known),
            actor=actor,
            created_at=datetime.now(UTC),
        )
        run = await services.evaluations.create(wanted, known)
        if run.id == wanted.id:
            if kind != "watch":
                detail = {"action": "run", "kind": kind, "questions": len(golden)}
                await services.audit.note(
                    actor, Act.GOLDEN_CHANGED, object=f"{line.id}/{run.id}", detail=detail
                )
            self._work_on(services, run)
        return run

    async def stop(self, services: Services, run: Evaluation) -> bool:
        """Leave the rest unasked; what was answered stays. False where it had ended."""
        stopped = await services.evaluations.end(run.id, "stopped", await self._summary(services, run))
        if task := self._tasks.get(run.id):
            task.cancel()
        return stopped

    async def resume(self, services: Services) -> int:
        """Go on with runs whose process is gone; gives how many."""
        left = await services.evaluations.unfinished()
        for run in left:
            self._work_on(services, run)
        if left:
            log.info("evaluations_resumed", runs=len(left))
        return len(left)

    async def ended(self, services: Services, run_id: str) -> Evaluation:
        """Wait for a run that this process works on. Raises NotFound."""
        if task := self._tasks.get(run_id):
            await asyncio.wait([task])
        return await run_of(services, run_id)

    async def aclose(self) -> None:
        """Stop where they are; what is left goes on at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _work_on(self, services: Services, run: Evaluation) -> None:
        task = self._tasks[run.id] = asyncio.create_task(self._work(services, run))
        task.add_done_callback(lambda _: self._tasks.pop(run.id, None))

    async def _work(self, services: Services, run: Evaluation) -> None:
        try:
            line = await services.lines.get(run.line)
            if line is None:
                raise NotFound("There is no such business line any more.")
            if not await ask_all(services, run, line):
                return
            summary = await self._summary(services, run)
            settled = await self._settle(services, replace(run, summary=summary))
            if run.kind == "watch" and summary["lost"]:
                log.warning("golden_questions_lost", line=run.line, run=run.id, lost=len(summary["lost"]))
            await services.evaluations.end(run.id, "done", {**summary, **settled})
        except* ServerStopping:
            log.info("evaluation_interrupted", run=run.id)
        except* XiaoQError as group:
            error = _first(group)
            log.warning("evaluation_failed", run=run.id, code=error.code)
            await self._fail(services, run, error.code)
        except* Exception as group:  # noqa: BLE001 - a run must end, whatever broke
            log.error("evaluation_broke", run=run.id, error=type(_first(group)).__name__)
            await self._fail(services, run, "internal_error")

    async def _fail(self, services: Services, run: Evaluation, code: str) -> None:
        """Where not even that can be kept, the run stays open and is resumed by a later start."""
        try:
            await services.evaluations.end(run.id, "failed", await self._summary(services, run), code)
        except XiaoQError as error:
            log.warning("evaluation_left_open", run=run.id, code=error.code)

    async def _summary(self, services: Services, run: Evaluation) -> dict[str, Any]:
        return summary_of(await services.evaluations.results(run.id), both=bool(run.before))


def check_open(line: BusinessLine) -> None:
    """Raises Conflict for an archived line, which answers no question."""
    if line.archived:
        raise Conflict(
            "This line is archived and answers nothing; bring it back, then ask its golden questions."
        )


async def run_of(services: Services, run_id: str) -> Evaluation:
    """Raises NotFound."""
    found = await services.evaluations.get(run_id)
    if found is None:
        raise NotFound("There is no such evaluation.", param="evaluation_id")
    return found


def _first(group: BaseExceptionGroup[Any]) -> Any:
    """The first error inside, however deep it is wrapped."""
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup):
        inner = inner.exceptions[0]
    return inner
