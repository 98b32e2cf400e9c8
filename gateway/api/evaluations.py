"""/api/lines/{line}/evaluations and /api/evaluations: runs of golden questions, begun, watched, stopped.

It does not know how an answer is judged. A gate's run is begun by publishing (prompts.py).
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from core.access import Principal, Right
from core.golden import Evaluation
from gateway.api.lines import open_line
from gateway.api.prompts import Number
from gateway.auth import Manager, Use, allow
from gateway.body import described, json_body
from gateway.golden_shapes import (
    EvaluationBody,
    OverrideBody,
    SideBody,
    evaluation_json,
    pairs_json,
)
from pipelines.runs import run_of
from pipelines.scores import in_order, pairs_of
from pipelines.services import Services
from pipelines.settle import override
from pipelines.sides import side_of

router = APIRouter(prefix="/api", tags=["Golden questions"])

LIVE = EvaluationBody()
Overrider = Annotated[Principal, Depends(allow(Right.OVERRIDE))]


@router.get("/lines/{line_id}/evaluations")
async def list_evaluations(
    line_id: str, principal: Manager, services: Use, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> dict[str, Any]:
    """Newest first, without their results: `{evaluations: [{id, kind, status, done, total, summary, …}]}`."""
    line = await open_line(line_id, principal, services)
    runs = await services.evaluations.list(line.id, limit)
    return {"evaluations": [evaluation_json(run) for run in runs]}


@router.post(
    "/lines/{line_id}/evaluations", status_code=202, openapi_extra=described(EvaluationBody, required=False)
)
async def evaluate(
    line_id: str,
    principal: Manager,
    body: Annotated[EvaluationBody, Depends(json_body(EvaluationBody, empty=LIVE))],
    services: Use,
) -> dict[str, Any]:
    """Ask the line's golden questions in the background, on one side or before and after a change."""
    line = await open_line(line_id, principal, services)

    def side(said: SideBody) -> dict[str, Any]:
        return side_of(line, said.prompt, said.model_dump(exclude={"prompt"}))

    before = side(body.before) if body.before is not None else None
    after = side(body.after) | ({"judge": True} if body.judge else {})
    run = await services.runs.begin(services, line, after, before, actor=principal.actor)
    return evaluation_json(run)


@router.get("/evaluations/{evaluation_id}")
async def get_evaluation(evaluation_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """How far a run is, its summary once it has ended, and every question that was answered: lost ones first."""
    run = await _mine(evaluation_id, principal, services)
    pairs = pairs_of(await services.evaluations.results(run.id), both=bool(run.before))
    return evaluation_json(run) | {"results": pairs_json(in_order(pairs))}


@router.post("/evaluations/{evaluation_id}/stop")
async def stop(evaluation_id: str, principal: Manager, services: Use) -> dict[str, Any]:
    """Leave the rest unasked; what was answered stays. A run that has ended stays as it ended."""
    run = await _mine(evaluation_id, principal, services)
    await services.runs.stop(services, run)
    return evaluation_json(await run_of(services, run.id))


@router.post("/lines/{line_id}/prompts/{version}/override", openapi_extra=described(OverrideBody))
async def publish_all_the_same(
    line_id: str,
    version: Number,
    principal: Overrider,
    body: Annotated[OverrideBody, Depends(json_body(OverrideBody))],
    services: Use,
) -> dict[str, Any]:
    """Publish a version that makes a golden question worse. The audit keeps who answers for it, and the reason."""
    line = await open_line(line_id, principal, services)
    published = await override(services, principal, line, version, body.reason)
    return {"version": published.version, "status": published.status}


async def _mine(evaluation_id: str, principal: Principal, services: Services) -> Evaluation:
    run = await run_of(services, evaluation_id)
    principal.check_line(run.line)
    return run
