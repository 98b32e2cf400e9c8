"""The version of its line's prompt that a conversation stays on: picked when it begins, looked up ever after.

Knows no text of a prompt; the line that it gives carries the version to whoever composes.
"""

import random
from collections.abc import Callable
from dataclasses import replace

import structlog

from core.messages import BusinessLine
from core.prompts import PromptStore
from pipelines.draw import version_for

log = structlog.get_logger()


class Versions:
    """`draw` gives a number in [0, 1) for each new conversation; where a test runs, it decides who gets the challenger."""

    def __init__(self, prompts: PromptStore, draw: Callable[[], float] = random.random) -> None:
        self._prompts = prompts
        self._draw = draw

    def begin(self, line: BusinessLine) -> int | None:
        """What a conversation that begins now is pinned to; None: XiaoQ's own words."""
        return version_for(line, self._draw() if line.trial else 1.0)

    async def pinned(self, line: BusinessLine, version: int | None) -> BusinessLine:
        """The line as a conversation has it that began with `version`.

        Nothing is read where that is the live one; another published one is read once. One that is not there any
        more, as after an old backup was put back, gives way to the live one.
        """
        if version == (line.prompt.version if line.prompt else None):
            return line
        prompt = None if version is None else await self._prompts.get(line.id, version)
        if version is not None and prompt is None:
            log.warning("prompt version is gone", line=line.id, version=version)
            return line
        return replace(line, prompt=prompt)
