"""The gate before a publication: a version that makes a known question worse does not go live by itself.

Begins the run that decides; what follows from its end stands in settle.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.errors import Conflict
from core.golden import Evaluation
from core.messages import BusinessLine
from core.prompts import PromptVersion
from pipelines.golden import Clean
from pipelines.runs import check_open
from pipelines.served import check_difference
from pipelines.services import Services
from pipelines.sides import side_of


async def check_first(
    services: Services, line: BusinessLine, version: PromptVersion, actor: str, *, reason: str = ""
) -> Evaluation | None:
    """The run that decides on the version, begun or under way; None where the line has no golden question to ask.

    A draft becomes a candidate, so that what is published is what was checked. The run carries the reason to publish, for
    the audit. Raises Conflict for an archived line, ModelNotServed for a model.
    """
    if not await services.golden.list(line.id):
        return None
    check_open(line)
    await check_difference(services, line, replace(line, prompt=version))
    if version.status == "draft":
        await _put_forward(services, line, version.version)
    after = side_of(line, version.version) | ({"reason": Clean.of(line, services)(reason)} if reason else {})
    return await services.runs.begin(services, line, after, side_of(line), actor=actor, kind="gate")


async def _put_forward(services: Services, line: BusinessLine, version: int) -> None:
    """Once, however many publish it at once."""
    try:
        await services.prompts.set_status(line.id, version, "candidate")
    except Conflict:
        now = await services.prompts.get(line.id, version)
        if now is None or now.status != "candidate":
            raise


async def stop_checking(services: Services, line: BusinessLine, version: int) -> None:
    """What becomes of the version is decided already."""
    for run in await services.evaluations.list(line.id):
        if run.kind == "gate" and run.after.get("prompt") == version:
            await services.runs.stop(services, run)


def outcome_of_gate(run: Evaluation) -> str:
    """`checking`, `published`, `blocked`, `overtaken`, `unmeasured`, `stopped` or `failed`."""
    if run.status in ("waiting", "running"):
        return "checking"
    summary: Mapping[str, Any] = run.summary
    return str(summary.get("outcome", run.status))
