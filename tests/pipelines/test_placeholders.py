"""Placeholders: the fixed list, what is wrong and where, one pass."""

import re
import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from core.prompts import PromptProblem
from pipelines.placeholders import (
    LONGEST_TEXT,
    MOST_PROBLEMS,
    PLACEHOLDERS,
    escaped,
    filled,
    names_in,
    problems_of,
)

ROOT = Path(__file__).parents[2]


def the_problem(text: str) -> PromptProblem:
    (problem,) = problems_of({"zh": text})
    return problem


def test_every_placeholder_is_filled_in_one_pass() -> None:
    text = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    assert problems_of({"zh": text}) == []
    assert names_in(text) == [*PLACEHOLDERS]
    assert filled(text, lambda name: f"{{passages}}<{name}>") == " ".join(
        f"{{passages}}<{name}>" for name in PLACEHOLDERS
    )


def test_doubled_braces_are_braces() -> None:
    text = '例:{{"order": "A1"}} {{persona}} {{{persona}}}'
    assert problems_of({"zh": text}) == []
    assert filled(text, lambda _: "小Q") == '例:{"order": "A1"} {persona} {小Q}'
    assert filled(escaped("{a} }{"), lambda _: "x") == "{a} }{"


def test_an_unknown_one_is_named_with_its_place() -> None:
    text = "你是小Q。\n今天是{today},您的订单{order_id}"
    problem = the_problem(text)
    assert (problem.code, problem.detail) == ("unknown_placeholder", {"name": "order_id"})
    assert text[problem.start : problem.end] == "{order_id}"
    assert (problem.language, problem.line, problem.column) == ("zh", 2, 16)
    for unknown in ("{Persona}", "{ persona }", "{姓名}", "{}", "{persona!r}", "{persona:>10}", "{a.b}"):
        assert the_problem(f"x {unknown}").code == "unknown_placeholder"


def test_an_open_one_and_a_stray_brace_have_places_too() -> None:
    for text, at, end in (
        ("你好 {persona", 3, 11),
        ("{persona \n{today}", 0, 8),
        ("a {b {today}", 2, 4),
        ("{", 0, 1),
    ):
        problem = the_problem(text)
        assert (problem.code, problem.start, problem.end) == ("unclosed_placeholder", at, end)
    assert (the_problem("a\nb }").code, the_problem("a\nb }").line, the_problem("a\nb }").column) == (
        "stray_brace", 2, 3,
    )  # fmt: skip


def test_empty_and_long_ones_are_told_by_language() -> None:
    assert [problem.code for problem in problems_of({})] == ["empty"]
    found = problems_of({"zh": " \n", "en": "x" * (LONGEST_TEXT + 1), "de": "gut"})
    assert [(problem.code, problem.language) for problem in found] == [("empty", "zh"), ("too_long", "en")]


def test_a_text_of_braces_costs_no_time() -> None:
    began = time.monotonic()
    assert len(problems_of({"en": "{" * 9_999 + "{\n" * 5_000})) == MOST_PROBLEMS
    assert time.monotonic() - began < 1


@given(st.text(alphabet="{}ab \npersona", max_size=60), st.text(alphabet="{}personatday", max_size=20))
def test_what_passes_the_check_leaves_nothing_unfilled(text: str, value: str) -> None:
    if problems_of({"en": text}):
        return
    told: list[str] = []
    plain = filled(text, lambda name: told.append(name) or "\x00")  # type: ignore[func-returns-value]
    assert told == names_in(text)
    assert filled(text, lambda _: value) == plain.replace("\x00", value)
    assert filled(escaped(text), lambda _: value) == text


def test_the_documented_list_is_the_list() -> None:
    documented = re.findall(r"(?m)^\| `\{(\w+)\}` \|", (ROOT / "docs" / "prompts.md").read_text())
    assert documented == [*PLACEHOLDERS]
