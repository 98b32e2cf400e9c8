"""Answers are shown as Markdown that can load nothing and run nothing."""

import html

import pytest

from core.errors import EngineBroken
from core.messages import Mode, Source, TurnRecord, TurnStatus
from pages.bubbles import answer_bubble, failure_note, footer, question_bubble, safe_html, source_list

SOURCE = Source("faq.csv", "退货", "第 3 行", 0.9, "**七天**内可退。\n\n- 运费自理\n\n```\na\n\nb\n```")


@pytest.mark.parametrize(
    ("foreign", "forbidden"),
    [
        ("![x](http://evil.example/p.png)", "evil.example"),
        ("![x](http://evil.example/p.png 'title')", "evil.example"),
        ("![x][r]\n\n[r]: http://evil.example/p.png", "evil.example"),
        ("[x][r]\n\n[r]: http://evil.example/p.png", "evil.example"),
        ("<img src=http://evil.example/p.png>", "<img"),
        ("<script>alert(1)</script>", "<script"),
        ("[click](javascript:alert(1))", "javascript:"),
        ("[click](data:text/html;base64,AAAA)", "data:"),
    ],
)
def test_nothing_foreign_is_loaded_or_run(foreign: str, forbidden: str) -> None:
    shown = safe_html(foreign)
    assert forbidden not in shown
    assert "<img" not in shown
    assert "<script" not in shown


def test_markdown_becomes_html_on_one_line() -> None:
    shown = safe_html("**好**\n\n1. 一\n2. 二\n\n[帮助](https://example.com/help)")
    assert "<strong>好</strong>" in shown
    assert "<li>一</li>" in shown
    assert 'href="https://example.com/help"' in shown
    assert "\n" not in shown


def test_code_keeps_its_angle_brackets() -> None:
    assert "<code>&lt;b&gt;</code>" in safe_html("use `<b>` and so on")


def test_a_question_keeps_its_words_where_it_is_edited() -> None:
    typed = "Is <b> & [this](https://a.b) &amp; `code`\n  a question?"
    shown = question_bubble(typed)
    assert html.unescape(shown) == typed
    assert "<" not in shown
    assert "[" not in shown


def test_sources_are_one_html_block() -> None:
    shown = source_list([SOURCE], "zh")
    assert "\n" not in shown
    assert "<details" in shown
    assert "<strong>七天</strong>" in shown
    assert "faq.csv" in shown


def test_hostile_source_names_are_text() -> None:
    source = Source("<img src=x>.md", "[x](http://evil.example)", "{{7*7}}", 0.5, "${alert(1)}")
    shown = source_list([source], "en")
    assert "<img" not in shown
    assert "](http" not in shown
    assert "{{" not in shown
    assert "${" not in shown


def test_footer_names_mode_and_times() -> None:
    timings = {"first_token": 86, "total": 1430, "retrieve": 3}
    assert footer(Mode.QUOTED, timings, "zh") == "资料原文 · 首字 86 毫秒 · 共 1.4 秒"
    assert footer(Mode.QUOTED, timings, "en") == "Quoted from a document · first token 86 ms · total 1.4 s"
    assert footer(None, {}, "en") == ""


@pytest.mark.parametrize("status", [TurnStatus.STOPPED, TurnStatus.INTERRUPTED, TurnStatus.FAILED])
def test_an_unfinished_answer_says_so_and_keeps_its_text(status: TurnStatus) -> None:
    record = TurnRecord("半句", None, status, "zh", "openai", error="engine_broken")
    shown = answer_bubble(record, "zh")
    assert "半句" in shown
    assert "xq-note" in shown


def test_a_failure_names_what_was_kept_and_the_request() -> None:
    error = EngineBroken("secret detail of another system")
    note = failure_note(error, "req_7", "half", "en")
    assert "the text so far" in note
    assert "req_7" in note
    assert "secret" not in note
    assert "the text so far" not in failure_note(error, "req_7", "", "en")
