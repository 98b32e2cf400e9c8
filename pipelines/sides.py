"""What a side of a comparison is: a version of a line's prompt with parameters, and the line as it would be with it.

Asks nothing. A side is plain data, so that a run which is resumed compares what it began with.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from core.errors import NotFound
from core.messages import BusinessLine
from core.prompts import Parameters, PromptStore

OWN_WORDS = 0
"""The version that is none: XiaoQ's own words."""
PARAMETERS = ("temperature", "top_p", "max_tokens", "model")


def side_of(
    line: BusinessLine, prompt: int | None = None, parameters: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A side as it is kept; without a `prompt` it is what is live now."""
    live = line.prompt.version if line.prompt else OWN_WORDS
    said = {name: value for name, value in (parameters or {}).items() if value is not None}
    return {"prompt": live if prompt is None else prompt, **said}


async def line_under(prompts: PromptStore, line: BusinessLine, side: Mapping[str, Any]) -> BusinessLine:
    """The line as it would be with that side live. Raises NotFound for a version that is not there."""
    said = Parameters(**{name: side[name] for name in PARAMETERS if name in side})
    number = int(side["prompt"])
    if number == OWN_WORDS:
        return replace(line, prompt=None, generation=_over(line.generation, said))
    version = (
        line.prompt if line.prompt and line.prompt.version == number else await prompts.get(line.id, number)
    )
    if version is None:
        raise NotFound(f"This line has no version {number} of its prompt.", param="prompt")
    return replace(line, prompt=replace(version, parameters=_over(version.parameters, said)))


def _over(below: Parameters, said: Parameters) -> Parameters:
    return replace(below, **{name: value for name, value in asdict(said).items() if value is not None})
