"""What other words add is worked out once for the same words, and little of it is kept."""

import numpy as np
import pytest

from knowledge.gains import Gain, Gains
from knowledge.lexical import LexicalIndex, expand, weigh
from knowledge.query import Expansion
from tests.knowledge.chunks import chunk


def _gain(lines: int) -> Gain:
    return Gain.among(np.arange(lines), np.ones(lines, np.float32), np.zeros(lines, np.float32))


def test_the_same_phrase_gives_the_same_expansion_from_one_question_to_the_next() -> None:
    index = LexicalIndex.of([chunk(0, "邮费由买家承担。"), chunk(1, "七天内可以申请。")])
    [one], [other] = (
        expand(question, weigh(question, [index]), [index]) for question in ("运费", "运费 xylophone")
    )
    assert one is other


def test_what_was_worked_out_is_not_worked_out_again() -> None:
    asked: list[Expansion] = []
    gains = Gains(lambda expansion: asked.append(expansion) or _gain(3))  # type: ignore[func-returns-value]
    first, second = Expansion({"a": 1.0}, []), Expansion({"a": 1.0}, [])
    for expansion in (first, second, first, second):
        assert gains.of(expansion).lines.tolist() == [0, 1, 2]
    assert asked == [first, second]


def test_what_was_used_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.gains._MOST_BYTES", 2 * 2000)
    asked: list[Expansion] = []
    gains = Gains(lambda expansion: asked.append(expansion) or _gain(50))  # type: ignore[func-returns-value]
    one, two, three = (Expansion({name: 1.0}, []) for name in "abc")
    for expansion in (one, two, one, three, one, two):
        gains.of(expansion)
    assert asked == [one, two, three, two]


def test_a_gain_is_known_by_its_lines() -> None:
    gain = Gain.among(
        np.arange(5), np.array([0, 1, 0, 2, 0], np.float32), np.array([0, 0, 3, 4, 0], np.float32)
    )
    assert gain.lines.tolist() == [1, 2, 3]
    assert gain.scores.tolist() == [1, 0, 2]
    assert gain.covered_in(np.array([4, 3, 1, 2, 0])).tolist() == [0, 4, 0, 3, 0]
    assert _gain(0).covered_in(np.array([4, 3])).tolist() == [0, 0]
