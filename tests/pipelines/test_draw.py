"""Which version a new conversation begins with."""

from dataclasses import replace
from datetime import UTC, datetime

from core.messages import BusinessLine
from core.prompts import PromptVersion, Trial
from pipelines.draw import version_for

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LINE = BusinessLine("shop", {}, ("shop",))


def test_the_live_version_or_the_challenger_for_its_share() -> None:
    assert version_for(LINE, 0.0) is None
    live = replace(LINE, prompt=PromptVersion("shop", 3, {"en": "x"}, "published", NOW, NOW))
    assert version_for(live, 0.0) == 3
    tried = replace(live, trial=Trial("e", challenger=4, share=0.25))
    assert [version_for(tried, draw) for draw in (0.0, 0.249, 0.25, 0.999)] == [4, 4, 3, 3]
