"""A business line as one file: what is written is read back, and what is wrong is named with its place."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Unfit
from core.golden import Expected, GoldenQuestion
from core.hours import DAYS
from core.line_fields import LanguageTag
from core.messages import BusinessLine, FrequentRules, HandoffRules, LanguageRules
from core.prompts import Parameters
from core.whole import WholeLine
from core.words import WordList
from knowledge.starter import starter_lines
from pipelines.line_file import FORMAT, golden_id, read_line, write_line
from pipelines.line_yaml import LARGEST, MOST_NODES, line_of, read_yaml, write_yaml

THEN = datetime(2026, 11, 25, tzinfo=UTC)
WORDS = st.text(min_size=1, max_size=30).filter(str.strip)
TAGS = st.sampled_from(["zh", "zh-Hant", "en", "de", "ar"])
TEXT = st.text(max_size=80)


def localised(values: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(TAGS, values, min_size=least, max_size=3)


def some(values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=3, unique=True).map(tuple)


PARAMETERS = st.builds(
    Parameters, st.none() | st.floats(0, 2), st.none() | st.floats(0.01, 1), st.none() | st.integers(1, 8192),
    st.none() | st.text(min_size=1, max_size=20),
)  # fmt: skip
LINES = st.builds(
    BusinessLine,
    id=st.just("tea"),
    names=localised(WORDS, 1),
    bases=st.sampled_from([("tea",), ("tea", "shared"), ("tea", "shop", "bank")]),
    persona=st.none() | st.text(min_size=1, max_size=200).filter(str.strip),
    greeting=localised(WORDS),
    suggestions=localised(some(WORDS)),
    contact=localised(WORDS),
    archived=st.booleans(),
    languages=st.builds(LanguageRules, st.none() | st.just("en"), st.just(("en", "zh")), some(st.just("de"))),
    glossary=some(WORDS),
    hours=st.dictionaries(
        st.sampled_from(DAYS), st.just(("09:00-12:00", "22:00-06:00")) | st.just(("00:00-24:00",)), max_size=3
    ),
    time_zone=st.sampled_from(["UTC", "Asia/Shanghai", "America/Argentina/Buenos_Aires"]),
    handoff=st.builds(HandoffRules, some(WORDS), st.none() | st.integers(1, 20), st.booleans()),
    generation=PARAMETERS,
    frequent=st.builds(
        FrequentRules, st.booleans(), st.booleans(), st.integers(60, 10_000), st.just(False), st.none()
    ),
)
LISTS = st.builds(
    WordList, id=st.just(""), name=WORDS, category=WORDS, line=st.just("tea"), replacement=TEXT,
    action=st.sampled_from(["block", "replace", "handoff", "flag"]), homophones=st.booleans(),
    enabled=st.booleans(), words=some(WORDS),
)  # fmt: skip
EXPECTED = st.builds(
    Expected, some(WORDS), some(WORDS), some(WORDS), st.none() | TAGS, st.none() | st.just("quoted"),
    st.none() | st.integers(1, 900),
)  # fmt: skip
GOLDEN = st.builds(
    lambda question, **rest: GoldenQuestion(
        id=golden_id("tea", question), line="tea", question=question, origin="import", created_at=THEN, **rest
    ),
    question=WORDS,
    language=TAGS,
    expected=EXPECTED,
    reference=TEXT,
    base=st.sampled_from(["", "tea", "shop"]),
    document_id=TEXT,
    document=TEXT,
    location=TEXT,
    passage_id=TEXT,
    text=TEXT,
)
PROMPTS = localised(WORDS.filter(lambda text: not set("{}") & set(text)))
WHOLE = st.builds(
    WholeLine, line=LINES, texts=PROMPTS, parameters=PARAMETERS, note=TEXT,
    word_lists=st.lists(LISTS, max_size=2),
    golden=st.lists(GOLDEN, max_size=2, unique_by=lambda one: one.question),
)  # fmt: skip


def comparable(given: WholeLine) -> WholeLine:
    """Without what a file does not say: when it was made; a prompt's parameters where there is no prompt."""
    bare = given if given.texts else replace(given, parameters=Parameters(), note="")
    return replace(
        bare,
        golden=[replace(one, created_at=THEN) for one in given.golden],
        word_lists=[*given.word_lists],
    )


@settings(max_examples=150, deadline=None)
@given(given_=WHOLE)
async def test_a_line_comes_back_as_it_was_written(given_: WholeLine) -> None:
    text = await write_line(given_)
    again = await read_line(text.encode())
    assert comparable(again) == comparable(given_)
    assert await write_line(again) == text


@settings(max_examples=200, deadline=None)
@given(
    content=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_whatever_is_written_is_read_again(content: Any) -> None:
    assert read_yaml(write_yaml(content).encode()) == content


async def test_under_another_id_its_own_base_goes_with_it() -> None:
    golden = GoldenQuestion("", "tea", "q", "tea", "d", "a.md", "", "p", "", THEN)
    line = BusinessLine(id="tea", names={"en": "Tea"}, bases=("tea", "shop"))
    text = await write_line(WholeLine(line, golden=[golden]))
    moved = await read_line(text.encode(), "mate")
    assert moved.line.id == "mate"
    assert moved.line.bases == ("mate", "shop")
    assert (moved.golden[0].base, moved.golden[0].line) == ("mate", "mate")
    with pytest.raises(Unfit, match="id will not do"):
        await read_line(text.encode(), "No!")


HEAD = f"format: {FORMAT}\nline:\n  id: tea\n  names: {{en: Tea}}\n"


@pytest.mark.parametrize(
    ("text", "line", "param"),
    [
        (f"{HEAD}  colour: green\n", 5, "line.colour"),
        (f"{HEAD}colour: green\n", 5, "colour"),
        (f"{HEAD}  hours:\n    mon: ['09:00-12:00']\n    tue:\n    - '10:00-12:00'\n    - 9-5\n", 9, "line.hours.tue[1]"),
        (f"{HEAD}  time_zone: Asia/Peking\n", 5, "line.time_zone"),
        (f"{HEAD}  contact:\n    en: '  '\n", 6, "line.contact.en"),
        (f"{HEAD}  languages: {{forbidden: [{', '.join(get_args(LanguageTag))}]}}\n", 5, "line.languages.forbidden"),
        (f"{HEAD}  languages:\n    pinned: en\n    allowed: [de]\n", 6, "line.languages.pinned"),
        (f"{HEAD}  suggestions:\n    en: [2026-11-25]\n", 6, "line.suggestions.en[0]"),
        (f"{HEAD}prompt:\n  texts:\n    zh: ok\n    en: 'Hello {{nobody}}'\n", 8, "prompt.texts.en"),
        (f"{HEAD}golden:\n- question: a\n- question: a\n", 7, "golden[1].question"),
        (f"{HEAD}golden:\n- question: a\n  expected: {{mode: loud}}\n", 7, "golden[0].expected.mode"),
        (f"{HEAD}golden:\n- question: a\n  expected: {{mode: cached}}\n", 7, "golden[0].expected.mode"),
        (f"{HEAD}word_lists:\n- name: x\n  action: block\n", 6, "word_lists[0].category"),
        ("line: {id: tea}\n", None, "format"),
        ("format: xiaoq.line/9\n", None, "format"),
        (f"format: {FORMAT}\nline:\n  names: {{en: x}}\n", 3, "line.id"),
        ("- a\n- b\n", 1, "the file"),
        ("hello", 1, "the file"),
        ("", 1, "the file"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_with_its_place(text: str, line: int | None, param: str) -> None:
    with pytest.raises(Unfit) as refused:
        await read_line(text.encode())
    assert refused.value.param == param
    assert "LineFile" not in refused.value.message
    if line is not None:
        assert refused.value.message.startswith(f"Line {line}: ")


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BOMB.encode(), "Line 1: write it out"),
        (b"a: !!python/object/apply:os.system [id]\n", "tags"),
        (b"x: !!binary aGVsbG8=\n", "tags"),
        (b"[" * 5000, "levels deep"),
        (b"- \n" * (MOST_NODES + 1), "more than 150,000 values"),
        (b"a: 1\n" * 2, "Line 2: 'a' stands here for the second time"),
        (b"a: 1\n---\nb: 2\n", "Line 2: a second document"),
        (b"? [a]\n: 1\n", "a key must be a word"),
        (b"a:\n  no: 1\n", "Line 2: put the key 'no' in quotes"),
        (b"<<: {a: 1}\n", "Line 1: put the key '<<' in quotes"),
        (b"a: " + b"1:" * 500_000 + b"1\n", "no number is this long"),
        (b"a: " + b"9" * 100_000 + b"\n", "no number is this long"),
        (b"a: [\n", "Line 2: this is no YAML"),
        (b"a: 1\nb: \xff\xfe\n", "Line 2: this is not UTF-8"),
        (b"a: \x00\n", "no YAML"),
        (b" " * (LARGEST + 1), "larger than 2,000,000 bytes"),
    ],
)
def test_a_file_that_would_harm_is_refused_at_once(data: bytes, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(Unfit, match=said):
        read_yaml(data)
    assert time.monotonic() - began < 10


def test_the_line_of_a_value_is_found() -> None:
    data = b"a:\n  b:\n  - 1\n  - c: 2\n"
    assert [line_of(data, path) for path in [("a",), ("a", "b", 1, "c"), ("a", "b", 1, "d"), ("z",)]] == [
        2,
        4,
        4,
        1,
    ]


async def test_the_example_in_the_docs_is_such_a_file() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "lines.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    line = await read_line(example.encode())
    assert (line.line.id, len(line.word_lists), len(line.golden), list(line.texts)) == ("shop", 1, 1, ["zh"])


def test_the_starter_lines_are_written_as_a_file_has_them() -> None:
    for line in starter_lines():
        assert line.hours
        assert line.time_zone == "Asia/Shanghai"
        assert line.glossary
