"""Patterns found in one pass stand where a plain search finds them."""

import random

import pytest

from knowledge.occurrences import Patterns


def _plainly(text: str, pattern: str) -> set[int]:
    return {at for at in range(len(text)) if text.startswith(pattern, at)}


@pytest.mark.parametrize("alphabet", ["ab<>", "退货邮费运", "abcdefgh 退货<>", "กขค𠀀é\uffff"])
def test_every_place_of_every_pattern_is_found_and_no_other(alphabet: str) -> None:
    chance = random.Random(alphabet)
    texts = ["".join(chance.choices(alphabet, k=chance.randint(0, 80))) for _ in range(5)]
    patterns = sorted({"".join(chance.choices(alphabet, k=chance.randint(1, 6))) for _ in range(40)})
    joined = " ".join(texts)
    places, which = Patterns(patterns).found(joined)
    found = {pattern: set[int]() for pattern in patterns}
    for place, number in zip(places.tolist(), which.tolist(), strict=True):
        found[patterns[number]].add(place)
    assert found == {pattern: _plainly(joined, pattern) for pattern in patterns}
    assert len(places) == sum(map(len, found.values()))


def test_more_characters_than_one_byte_counts_are_found_too() -> None:
    letters = [chr(0x4E00 + n) for n in range(400)]
    places, which = Patterns(letters).found("".join(letters))
    assert sorted(places.tolist()) == sorted(which.tolist()) == list(range(400))
