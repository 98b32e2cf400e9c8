"""Whatever is typed has a language or none, soon; and so has whatever a model says."""

import random
import time

import pytest

from pipelines.language import detect_language
from pipelines.language_reply import language_of_text
from pipelines.persona import LANGUAGE_NAMES
from tests.support.fuzzing import attempts

POOLS = [
    range(32, 127), range(0x00C0, 0x0250), range(0x0370, 0x0600), range(0x0600, 0x0780), range(0x0900, 0x1100),
    range(0x1780, 0x1800), range(0x3040, 0xA000), range(0xAC00, 0xD7A4), range(0xD800, 0xE000), range(32),
    range(0x110000),
]  # fmt: skip
SOON = 0.05
"""Seconds of the processor's own; the usual is a hundredth of it."""


def test_any_characters_at_all() -> None:
    pick = random.Random(8)
    for _ in range(attempts(1_000)):
        length = pick.choice((1, 3, 10, 80, 400))
        text = "".join(chr(pick.choice(pick.choice(POOLS))) for _ in range(length))
        assert detect_language(text) in (None, *LANGUAGE_NAMES)
        language_of_text(text, ("a", "的"), detect_language)


@pytest.mark.parametrize(
    "text",
    [
        "“" * 9_000,
        '"' * 8_999,
        "a" * 9_000,
        "`" * 9_000,
        "[A_" * 3_000,
        "](" * 4_000,
        "1a" * 4_000,
        "> " * 4_000,
    ],
)
def test_nothing_takes_long(text: str) -> None:
    detect_language("Where is my parcel?")
    began = time.process_time()
    detect_language(text)
    language_of_text(text, (), detect_language)
    assert time.process_time() - began < SOON
