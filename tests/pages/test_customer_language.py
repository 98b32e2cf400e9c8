"""Both languages of the page are complete, and the visitor reads the one they prefer."""

import re
from pathlib import Path
from typing import Literal

import pytest
from starlette.requests import Request

from core import errors
from pages.customer import SAID_BY_THE_PAGE
from pages.customer_language import ERRORS, WORDS, error_sentence, page_language

STATIC = Path(__file__).parents[2] / "pages" / "static" / "customer"


def request(accept: str = "", query: str = "") -> Request:
    headers = [(b"accept-language", accept.encode())] if accept else []
    return Request({"type": "http", "headers": headers, "query_string": query.encode()})


@pytest.mark.parametrize(
    ("setting", "accept", "query", "expected"),
    [
        ("auto", "zh-CN,zh;q=0.9,en;q=0.8", "", "zh"),
        ("auto", "en-GB,en;q=0.9", "", "en"),
        ("auto", "en;q=0.5, zh-TW;q=0.8", "", "zh"),
        ("auto", "de-DE,de;q=0.9,zh;q=0.4", "", "zh"),
        ("auto", "fr", "", "en"),
        ("auto", "", "", "en"),
        ("auto", "zh;q=abc, ,;;", "", "en"),
        ("auto", "en", "lang=zh", "zh"),
        ("zh", "en", "lang=en", "zh"),
        ("en", "zh-CN", "", "en"),
    ],
)
def test_language(setting: Literal["auto", "zh", "en"], accept: str, query: str, expected: str) -> None:
    assert page_language(request(accept, query), setting) == expected


def test_both_languages_say_everything() -> None:
    assert WORDS["zh"].keys() == WORDS["en"].keys()
    assert ERRORS["zh"].keys() == ERRORS["en"].keys()
    assert all(sentence for words in (*WORDS.values(), *ERRORS.values()) for sentence in words.values())


def test_every_word_is_used_and_every_used_word_exists() -> None:
    html = "".join(path.read_text("utf-8") for path in STATIC.glob("*.html"))
    script = (STATIC / "chat.js").read_text("utf-8")
    in_html = set(re.findall(r"\{\{word_(\w+)\}\}", html))
    in_script = set(re.findall(r"words\.(\w+)", script))
    by_mode = {
        f"mode_{mode}"
        for mode in ("approved", "cached", "generated", "quoted", "handoff", "human", "refused")
    }
    assert in_html | in_script <= WORDS["en"].keys() | SAID_BY_THE_PAGE
    assert ERRORS["en"].keys() >= SAID_BY_THE_PAGE <= in_script
    assert WORDS["en"].keys() - in_html - in_script - by_mode <= {"greeting"}


def test_every_error_a_question_can_meet_has_its_own_sentence() -> None:
    met: list[type[errors.XiaoQError]] = [errors.NotFound, errors.Conflict, errors.TooLarge, errors.InvalidRequest, errors.Forbidden,
           errors.StorageUnavailable, *errors.EngineError.__subclasses__(), errors.ContextOverflow]  # fmt: skip
    assert {error.code for error in met} <= ERRORS["en"].keys()


def test_an_unknown_error_reads_as_ours() -> None:
    assert error_sentence("made_up", "en") == ERRORS["en"]["internal_error"]
