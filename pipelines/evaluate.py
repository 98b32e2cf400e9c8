"""Asks a line's golden questions on one side or on both, and notes how each went as it comes.

Does not know who asked for the run nor what follows from it (runs.py); a run that is resumed asks what is missing.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from core.errors import ServerStopping
from core.events import Failed, Finished
from core.golden import Evaluation, GoldenQuestion, Result, Side
from core.messages import BusinessLine
from pipelines.checks import Outcome, failures
from pipelines.judge import judged
from pipelines.redact import public_contacts, redacted_text
from pipelines.rehearse import STEADY, rehearse
from pipelines.services import Services
from pipelines.sides import line_under

AT_ONCE = 8
"""Questions of one run under way together; where engines are busy they stand in the queue with everybody else's."""
NOTE_SECONDS = 0.25
"""How often results are kept: what a killed process has to ask again."""
AGAIN = frozenset(
    {"engine_down", "engine_unavailable", "engine_busy", "engine_timeout", "engine_broken", "overloaded"}
)
"""What may be otherwise in a moment: no model answered, one broke off, or too many customers ask just now."""
PAUSE_SECONDS = 2.0
"""Before a question is asked again that no model answered."""
PATIENCE_SECONDS = 300.0
"""How long a run waits for a model that answers nothing: one that is loaded at a start takes minutes."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """One question on one side."""

    golden: GoldenQuestion
    side: Side
    position: int
    line: BusinessLine


class Patience:
    """How long one side of a run has gone without an answer of a model. Each has its own: a model that answers the live
    version and never the candidate's would be waited for anew with every question."""

    def __init__(self) -> None:
        self._until: float | None = None

    def heard(self) -> None:
        self._until = None

    def left(self) -> bool:
        """Whether to ask again after a pause."""
        now = time.monotonic()
        if self._until is None:
            self._until = now + PATIENCE_SECONDS
        return now < self._until


async def ask_all(services: Services, run: Evaluation, line: BusinessLine) -> bool:
    """Ask what has no result yet. False where somebody stopped the run. Raises XiaoQError where it cannot go on.

    Nothing half heard is noted: being cancelled leaves the run to whoever resumes it.
    """
    todo = iter(await _missing(services, run, line))
    fresh: list[Result] = []
    going, patience = True, {"before": Patience(), "after": Patience()}

    async def asking() -> None:
        for each in todo:
            if not going:
                return
            fresh.append(
                await _asked(services, each, patience[each.side], judge=bool(run.after.get("judge")))
            )
            await asyncio.sleep(0)

    async def noting() -> bool:
        some = fresh[:]
        del fresh[: len(some)]
        return await services.evaluations.note(run.id, some)

    going = await noting()
    async with asyncio.TaskGroup() as group:
        workers = [group.create_task(asking()) for _ in range(AT_ONCE)]
        while not all(worker.done() for worker in workers):
            await asyncio.wait(workers, timeout=NOTE_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
            going = await noting()
            if not going:
                for worker in workers:
                    worker.cancel()
                break
    return going and await noting()


async def _missing(services: Services, run: Evaluation, line: BusinessLine) -> Sequence[_Ask]:
    """Oldest question first, so that a set that grew keeps its order; both sides of a question one after the other."""
    known = {(result.golden_id, result.side) for result in await services.evaluations.results(run.id)}
    sides: list[tuple[Side, BusinessLine]] = []
    if run.before and "evaluation" not in run.before:
        sides.append(("before", await line_under(services.prompts, line, run.before)))
    sides.append(("after", await line_under(services.prompts, line, run.after)))
    golden = [
        each for each in reversed(await services.golden.list(line.id)) if each.created_at <= run.created_at
    ]
    return [
        _Ask(each, side, position, under)
        for position, each in enumerate(golden)
        for side, under in sides
        if (each.id, side) not in known
    ]


async def _asked(services: Services, ask: _Ask, patience: Patience, *, judge: bool) -> Result:
    outcome = await outcome_of(services, ask.line, ask.golden.question)
    while outcome.error in AGAIN and patience.left():
        await asyncio.sleep(PAUSE_SECONDS)
        outcome = await outcome_of(services, ask.line, ask.golden.question)
    if outcome.error is None:
        patience.heard()
    failed = failures(ask.golden, outcome)
    public = public_contacts([ask.line], services.settings.public_contacts)
    language, answer = ask.golden.language, redacted_text(outcome.text, public)
    opinion: dict[str, Any] = {}
    if judge and ask.golden.reference and outcome.error is None:
        opinion = await judged(services.engine, ask.golden.question, ask.golden.reference, answer)
    return Result(
        golden_id=ask.golden.id,
        side=ask.side,
        position=ask.position,
        question=ask.golden.question,
        language=outcome.language if language == "und" else language,
        passed=not failed,
        failures=failed,
        answer=answer,
        mode=outcome.mode.value if outcome.mode else "",
        documents=tuple(dict.fromkeys(source.document for source in outcome.sources)),
        milliseconds=outcome.milliseconds,
        first_token=outcome.first_token,
        judge=opinion,
    )


async def outcome_of(services: Services, line: BusinessLine, question: str) -> Outcome:
    """What a customer would get, as the checks see it. Where a model should have answered and did not, that is an error:
    what stands in for it says nothing of the version. Raises ServerStopping."""
    began = time.monotonic()
    language = "und"
    async with aclosing(rehearse(services.answer, line, question, sampling=STEADY)) as events:
        async for event in events:
            if isinstance(event, Failed):
                if isinstance(event.error, ServerStopping):
                    raise event.error
                return Outcome(
                    "", None, language=language, error=event.error.code, milliseconds=_since(began)
                )
            if isinstance(event, Finished):
                fell = services.engine.kind == "model" and (
                    event.engine == "quoted"
                    or (event.handoff is not None and event.handoff.reason == "engine_down")
                )
                return Outcome(
                    text=event.text,
                    mode=event.mode,
                    sources=event.sources,
                    language=event.language,
                    error="engine_down" if fell else None,
                    milliseconds=event.timings.get("total", _since(began)),
                    first_token=event.timings.get("first_token"),
                )
    return Outcome("", None, error="internal_error", milliseconds=_since(began))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
