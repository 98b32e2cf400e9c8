"""What the sample documents and lines of a fresh machine must contain."""

import csv
from pathlib import Path

import pytest

from knowledge.starter import starter_files, starter_lines

BASES = ("shop", "bank", "saas")
LANGUAGES = ("zh", "en")
LONGEST_ANSWER = 300


def read_pairs(base: str) -> list[dict[str, str]]:
    path = next(path for path in starter_files(base) if path.name == "faq.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("base", BASES)
def test_every_answer_is_short(base: str) -> None:
    long = {
        pair["question"]: len(pair["answer"])
        for pair in read_pairs(base)
        if len(pair["answer"]) > LONGEST_ANSWER
    }
    assert long == {}


@pytest.mark.parametrize("base", BASES)
def test_every_pair_has_an_answer_and_phrasings(base: str) -> None:
    bare = [
        pair["question"]
        for pair in read_pairs(base)
        if not (pair["answer"].strip() and pair["phrasings"].strip())
    ]
    assert bare == []


@pytest.mark.parametrize("base", BASES)
def test_each_base_has_both_languages(base: str) -> None:
    assert {pair["language"] for pair in read_pairs(base)} >= set(LANGUAGES)


def test_there_are_at_least_150_pairs() -> None:
    assert sum(len(read_pairs(base)) for base in BASES) >= 150


@pytest.mark.parametrize("base", BASES)
def test_each_base_has_three_formats(base: str) -> None:
    paths: list[Path] = starter_files(base)
    assert {"faq.csv", "manual.md"} <= {path.name for path in paths}
    assert {path.suffix for path in paths} - {".csv", ".md"}


def test_the_lines_are_the_four() -> None:
    assert [line.id for line in starter_lines()] == ["general", *BASES]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("line_id", ["general", *BASES])
def test_each_line_speaks_both_languages(line_id: str, language: str) -> None:
    line = next(line for line in starter_lines() if line.id == line_id)
    assert line.names[language]
    assert line.greeting[language]
    assert line.contact[language]
    assert len(line.suggestions[language]) == 4
