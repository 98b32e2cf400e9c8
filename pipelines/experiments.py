"""A/B tests of two published versions of a line's prompt: begun, looked at, stopped, won. Both doors call this.

Draws nobody (pipelines/draw.py does) and computes nothing (pipelines/arms.py does). Rights are checked at the door;
everything is in the audit before it is done.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import uuid4

from core.errors import Conflict, NotFound, Unfit
from core.experiments import Experiment
from core.messages import BusinessLine
from core.security import Act
from pipelines.arms import figures
from pipelines.publish import make_live
from pipelines.served import check_difference
from pipelines.services import Services

USUAL_SHARE, USUAL_MINIMUM = 0.5, 200
LEAST_MINIMUM, LARGEST_MINIMUM = 20, 1_000_000
"""Conversations a side. With fewer the figures' arithmetic is only roughly true."""


async def start_test(
    services: Services,
    line: BusinessLine,
    actor: str,
    challenger: int,
    *,
    champion: int | None = None,
    share: float = USUAL_SHARE,
    minimum: int = USUAL_MINIMUM,
) -> Experiment:
    """Give `share` of the line's new conversations to the challenger from now on.

    `champion`, where it is named, must be the live version: whoever starts it has seen what is live. Raises NotFound,
    Unfit, ModelNotServed for a model, and Conflict where a test runs or something else is live.
    """
    live = await services.prompts.live(line.id)
    if line.archived:
        raise Conflict("This line is archived; nobody asks it anything.")
    if live is None:
        raise Conflict("No version is live on this line yet: publish one, then test another against it.")
    if champion not in (None, live):
        raise Conflict(f"Version {champion} is not live any more; version {live} is.", param="champion")
    await _check_challenger(services, line, challenger, live)
    if not 0 < share < 1:
        raise Unfit("The challenger's share lies between 0 and 1.", param="share")
    if not LEAST_MINIMUM <= minimum <= LARGEST_MINIMUM:
        raise Unfit(f"Ask for at least {LEAST_MINIMUM} conversations a side.", param="minimum")
    begun = Experiment(
        f"exp-{uuid4().hex}", line.id, live, challenger, share, minimum, "running", datetime.now(UTC), actor
    )
    if any(one.status == "running" for one in await services.experiments.list(line.id)):
        raise Conflict("A test runs on this line already; end it before you begin another.")
    await services.audit.note(actor, Act.EXPERIMENT_STARTED, object=line.id, detail=_said(begun))
    await services.experiments.start(begun)
    return begun


async def _check_challenger(services: Services, line: BusinessLine, challenger: int, live: int) -> None:
    found = await services.prompts.get(line.id, challenger)
    if found is None:
        raise NotFound(f"This line has no version {challenger} of its prompt.", param="challenger")
    if challenger == live:
        raise Unfit(f"Version {challenger} is live: test another one against it.", param="challenger")
    if found.status != "published":
        raise Unfit(
            f"Version {challenger} was never published: its golden questions have to pass before customers meet it.",
            param="challenger",
        )
    await check_difference(services, line, replace(line, prompt=found))


async def find_test(services: Services, experiment_id: str) -> Experiment:
    """Raises NotFound."""
    found = await services.experiments.get(experiment_id)
    if found is None:
        raise NotFound("There is no such A/B test.", param="experiment")
    return found


async def figures_of(services: Services, experiment: Experiment) -> Mapping[str, Any]:
    """See pipelines.arms.figures; those of a test that somebody ended are as they were then."""
    if experiment.outcome:
        return experiment.outcome
    turns = await services.experiments.turns(experiment)
    return await asyncio.to_thread(figures, experiment, turns)


async def stop_test(services: Services, experiment: Experiment, actor: str) -> Experiment:
    """New conversations begin with the champion again. Raises Conflict where it has ended."""
    return await _end(services, experiment, actor, "stopped", Act.EXPERIMENT_STOPPED)


async def promote_winner(
    services: Services, line: BusinessLine, experiment: Experiment, actor: str
) -> Experiment:
    """End the test and make the challenger live. Both versions passed their golden questions when they were
    published, so none are asked again. Raises Conflict where it has not been shown to be better."""
    _check_running(experiment)
    found = await figures_of(services, experiment)
    if found["verdict"] != "challenger_better":
        raise Conflict(
            "The challenger has not been shown to be better. Stop the test, and publish the version if you want it anyway."
        )
    ended = await _end(services, experiment, actor, "promoted", Act.EXPERIMENT_PROMOTED)
    if ended.status != "promoted":
        raise Conflict("This test has ended already.")
    await make_live(services, line, experiment.challenger, actor, over=experiment.champion)
    return ended


async def _end(
    services: Services, experiment: Experiment, actor: str, status: Literal["stopped", "promoted"], act: Act
) -> Experiment:
    experiment = await find_test(services, experiment.id)  # a publication may have ended it meanwhile
    _check_running(experiment)
    outcome = await figures_of(services, experiment)
    detail = {**_said(experiment), "verdict": str(outcome["verdict"])}
    await services.audit.note(actor, act, object=experiment.line, detail=detail)
    await services.experiments.end(experiment.id, status, outcome)
    return await find_test(services, experiment.id)


def _check_running(experiment: Experiment) -> None:
    if experiment.status != "running":
        raise Conflict("This test has ended already.")


def _said(experiment: Experiment) -> dict[str, str | int]:
    return {
        "experiment": experiment.id,
        "champion": experiment.champion,
        "challenger": experiment.challenger,
        "share": f"{experiment.share:g}",
        "minimum": experiment.minimum,
    }
