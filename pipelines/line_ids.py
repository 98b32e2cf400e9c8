"""Which ids a business line may have: a caller names a line where a model's name could stand. Knows no line."""

import re

from core.documents import SHARED_BASE
from core.errors import InvalidRequest
from core.settings import Settings

OPENAI_NAME = re.compile(r"(?:gpt-|chatgpt-|o[134](?:-|$)).{0,100}")
"""OpenAI's own model names are served by the one model there is, so that a program written for OpenAI runs with
only its base_url changed; the reply names the model that answered."""


def check_id(line_id: str, settings: Settings) -> None:
    """Raises InvalidRequest for an id that means something else already."""
    if line_id in (SHARED_BASE, settings.served_model, settings.model) or OPENAI_NAME.fullmatch(line_id):
        raise InvalidRequest(f"The id '{line_id}' is taken by XiaoQ itself; choose another.", param="id")
