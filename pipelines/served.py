"""Whether the model's server has the models that a comparison names: it answers for any other with its own.

On a line that is only answered that is wanted (docs/lines.md); in a comparison it would pass for the other's answer.
"""

from collections.abc import Sequence

from core.errors import ModelNotServed
from core.messages import UNSAID, BusinessLine
from pipelines.parameters import sampling_for
from pipelines.services import Services


async def check_models(services: Services, lines: Sequence[BusinessLine]) -> None:
    """Raises ModelNotServed. A server that does not answer, or does not list its models, is taken at its word later."""
    settings = services.settings
    named = dict.fromkeys(map(model_of, lines))
    others = [one for one in named if one not in (None, settings.model, settings.served_model)]
    served = (await services.engine.health()).models if others else ()
    for model in others:
        if served and model not in served:
            raise ModelNotServed(model, served)


async def check_difference(services: Services, before: BusinessLine, after: BusinessLine) -> None:
    """`check_models` where the two are to be answered by different ones: else nothing in the comparison hangs on it, and what
    is live may be mended while its model is away."""
    if model_of(before) != model_of(after):
        await check_models(services, [after])


def model_of(line: BusinessLine) -> str | None:
    """The model that the line or its version names; None: the engine's own."""
    return sampling_for(line, UNSAID, line.prompt).model
