"""Whose word on how tokens are picked holds: the caller's, the version's, the line's, XiaoQ's own."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.messages import OPEN_PARAMETERS, UNSAID, BusinessLine, Sampling
from core.prompts import NO_PARAMETERS, Parameters, PromptVersion
from gateway.message_schema import ChatMessage
from gateway.schema import ChatRequest
from pipelines.parameters import as_moved, sampling_for

NOW = datetime(2026, 11, 25, tzinfo=UTC)
PLAIN = BusinessLine(id="shop", names={"en": "Shop"}, bases=["shop"])
LINE = replace(PLAIN, generation=Parameters(temperature=0.2, max_tokens=256, model="shop-lora"))


def version(parameters: Parameters = NO_PARAMETERS) -> PromptVersion:
    return PromptVersion("shop", 1, {"en": "x"}, "published", NOW, NOW, parameters)


def asked(**fields: object) -> Sampling:
    """What a request with these fields means."""
    request = ChatRequest.model_validate(
        {"model": "qwen2.5-7b", "messages": [ChatMessage(role="user", content="hi")], **fields}
    )
    return request.sampling()


def test_where_nobody_says_anything_the_defaults_stay() -> None:
    found = sampling_for(PLAIN, asked(), version())
    assert (found.temperature, found.top_p, found.max_tokens, found.model) == (0.7, 0.9, 512, None)
    assert sampling_for(PLAIN, UNSAID, None) == UNSAID


def test_the_lines_words_hold_where_neither_caller_nor_version_speaks() -> None:
    found = sampling_for(LINE, asked(), version())
    assert (found.temperature, found.top_p, found.max_tokens, found.model) == (0.2, 0.9, 256, "shop-lora")
    assert sampling_for(LINE, UNSAID, None).temperature == 0.2


def test_a_versions_words_go_before_the_lines() -> None:
    found = sampling_for(LINE, asked(), version(Parameters(temperature=0.0, top_p=0.5)))
    assert (found.temperature, found.top_p, found.max_tokens) == (0.0, 0.5, 256)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_what_the_caller_says_holds_even_where_it_is_the_default(field: str) -> None:
    found = sampling_for(LINE, asked(temperature=0.7, **{field: 512}), version(Parameters(temperature=0.1)))
    assert (found.temperature, found.max_tokens) == (0.7, 512)
    assert found.model == "shop-lora"


def test_null_is_not_said() -> None:
    assert asked(temperature=None).unsaid == OPEN_PARAMETERS
    assert sampling_for(LINE, asked(temperature=None), None).temperature == 0.2


def test_who_wants_many_choices_gets_no_longer_ones_from_a_line() -> None:
    long = replace(PLAIN, generation=Parameters(max_tokens=8192))
    assert sampling_for(long, asked(n=8), None).max_tokens == 2048
    assert sampling_for(long, asked(n=2), None).max_tokens == 8192


def test_a_sampling_made_by_hand_is_all_said() -> None:
    assert sampling_for(LINE, Sampling(), None) == Sampling()


def test_a_slider_that_was_not_moved_leaves_it_to_the_line() -> None:
    found = sampling_for(LINE, as_moved(0.7, 0.5, 512), None)
    assert (found.temperature, found.top_p, found.max_tokens, found.model) == (0.2, 0.5, 256, "shop-lora")
