"""/api/lines/{line}/experiments and /api/experiments: A/B tests of two published versions of a prompt.

It does not know what is compared; docs/experiments.md says so.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from core.access import Principal
from core.experiments import Experiment
from gateway.api.lines import open_line
from gateway.auth import Manager, Use
from gateway.body import described, json_body
from gateway.message_schema import Strict, whole
from pipelines.experiments import (
    LARGEST_MINIMUM,
    LEAST_MINIMUM,
    USUAL_MINIMUM,
    USUAL_SHARE,
    figures_of,
    find_test,
    promote_winner,
    start_test,
    stop_test,
)
from pipelines.services import Services

router = APIRouter(prefix="/api", tags=["Prompts"])

Version = Annotated[int, Field(ge=1, le=1_000_000_000), whole]


class NewExperiment(Strict):
    """`champion` is the live version, and says that the caller has seen it; left out, whichever is live."""

    challenger: Version
    champion: Version | None = None
    share: Annotated[float, Field(gt=0, lt=1)] = USUAL_SHARE
    minimum: Annotated[int, Field(ge=LEAST_MINIMUM, le=LARGEST_MINIMUM), whole] = USUAL_MINIMUM


@router.get("/lines/{line_id}/experiments")
async def list_experiments(line_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Newest first, without figures: `{experiments: [{id, status, champion, challenger, …}]}`."""
    line = await open_line(line_id, principal, services)
    return {"experiments": [experiment_json(one) for one in await services.experiments.list(line.id)]}


@router.post("/lines/{line_id}/experiments", status_code=201, openapi_extra=described(NewExperiment))
async def start(
    line_id: str,
    principal: Manager,
    body: Annotated[NewExperiment, Depends(json_body(NewExperiment))],
    services: Use,
) -> dict[str, Any]:
    """From now on `share` of the line's new conversations begin with the challenger; one test at a time."""
    line = await open_line(line_id, principal, services)
    begun = await start_test(
        services, line, principal.actor, body.challenger,
        champion=body.champion, share=body.share, minimum=body.minimum,
    )  # fmt: skip
    return experiment_json(begun)


@router.get("/experiments/{experiment_id}")
async def get_experiment(experiment_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """With `verdict`, `sides`, `differences` and `split`."""
    return await _whole(await _mine(experiment_id, principal, services), services)


@router.post("/experiments/{experiment_id}/stop")
async def stop(experiment_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """New conversations begin with the champion again; those that began with the challenger stay with it."""
    found = await _mine(experiment_id, principal, services)
    return await _whole(await stop_test(services, found, principal.actor), services)


@router.post("/experiments/{experiment_id}/promote")
async def promote(experiment_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Make the challenger live. 409 unless the verdict is `challenger_better`."""
    found = await _mine(experiment_id, principal, services)
    line = await open_line(found.line, principal, services)
    return await _whole(await promote_winner(services, line, found, principal.actor), services)


async def _mine(experiment_id: str, principal: Principal, services: Services) -> Experiment:
    found = await find_test(services, experiment_id)
    principal.check_line(found.line)
    return found


async def _whole(experiment: Experiment, services: Services) -> dict[str, Any]:
    return experiment_json(experiment) | dict(await figures_of(services, experiment))


def experiment_json(experiment: Experiment) -> dict[str, Any]:
    return {
        "id": experiment.id,
        "line": experiment.line,
        "champion": experiment.champion,
        "challenger": experiment.challenger,
        "share": experiment.share,
        "minimum": experiment.minimum,
        "status": experiment.status,
        "started_at": experiment.started_at.isoformat(),
        "started_by": experiment.started_by,
        "ended_at": experiment.ended_at.isoformat() if experiment.ended_at else None,
    }
