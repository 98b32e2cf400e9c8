"""Which parameters of the engine hold for a question: what the caller said, else the version's, else the line's.

Knows no engine and no window; `compose` sees to it that the answer fits.
"""

from dataclasses import replace
from typing import Any

from core.messages import OPEN_PARAMETERS, BusinessLine, Sampling
from core.prompts import NO_PARAMETERS, Parameters, PromptVersion

FEW = 2
SHORT = 2048
"""Tokens: beyond FEW choices each is this long at most, so that no request asks for over 16,384."""


def sampling_for(line: BusinessLine, said: Sampling, version: PromptVersion | None) -> Sampling:
    """The sampling with what its caller left open filled in: by the prompt's `version` (the one that the conversation
    began with), else by the line; XiaoQ's own defaults stand in `said` already. Costs a microsecond."""
    if not said.unsaid:
        return said
    ours = version.parameters if version is not None else NO_PARAMETERS
    if ours == NO_PARAMETERS and line.generation == NO_PARAMETERS:
        return said
    chosen = {
        name: value for name in said.unsaid if (value := _first(name, ours, line.generation)) is not None
    }
    if said.n > FEW and "max_tokens" in chosen:
        chosen["max_tokens"] = min(chosen["max_tokens"], SHORT)
    return replace(said, **chosen)


def as_moved(temperature: float, top_p: float, max_tokens: int) -> Sampling:
    """What three sliders say: one that stands where it stood at first says nothing."""
    chosen, usual = Sampling(temperature, top_p, max_tokens), Sampling()
    moved = {name for name in OPEN_PARAMETERS if getattr(chosen, name) != getattr(usual, name)}
    return replace(chosen, unsaid=OPEN_PARAMETERS - moved)


def _first(name: str, *layers: Parameters) -> Any:
    return next((value for layer in layers if (value := getattr(layer, name)) is not None), None)
