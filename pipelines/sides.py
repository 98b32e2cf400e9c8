"""What a side of a comparison is: a version of a line's prompt with parameters, and the line as it would be with it.

Asks nothing. A side is plain data, so that a run which is resumed compares what it began with.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import orjson

from core.errors import NotFound
from core.messages import BusinessLine
from core.prompts import Parameters, PromptStore
from pipelines.bases import searched
from pipelines.services import Services

OWN_WORDS = 0
"""The version that is none: XiaoQ's own words."""
PARAMETERS = ("temperature", "top_p", "max_tokens", "model")
_OF_THE_LINE = ("persona", "languages", "glossary", "hours", "handoff", "generation", "frequent", "contact")


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


async def state_of(services: Services, line: BusinessLine) -> dict[str, str]:
    """What a line's answers stand on beside its prompt, as digests: they are compared, never read."""
    knowledge = {base: await services.documents.version(base) for base in searched(line)}
    settings = services.settings
    model = [services.engine.name, settings.model, str(settings.engine_url)]
    own = asdict(replace(line, prompt=None, trial=None))
    return {
        "knowledge": _digest(knowledge),
        "model": _digest(model),
        "line": _digest({name: own[name] for name in _OF_THE_LINE}),
    }


def _digest(value: Any) -> str:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:16]
