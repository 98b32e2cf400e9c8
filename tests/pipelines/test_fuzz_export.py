"""Exports against text of any kind: no cell is a formula, and a question cannot write an answer of its own."""

import csv
import io
import time
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.messages import Source
from pipelines.export import COLUMNS, conversation_markdown, safe_cell, transcripts_csv
from pipelines.foreign_markdown import as_typed, is_shown_link, plain_markdown
from tests.pipelines.test_export import turn
from tests.support.fuzzing import attempts

DANGEROUS = set("=+-@\t\r\n\0")
IGNORED = " \t\r\n\0\u00a0\u200b\ufeff\u202e"
FORMULA_PIECES = st.sampled_from(
    ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "\t", "\r", "\n", "\0", " ", "\u00a0", "\u200b",
     "\ufeff", "\u202e", "'", '"', ",", ";", "cmd|' /C calc'!A0", "HYPERLINK(", "小Q", "\ud800", "\udfff", "1"]
)  # fmt: skip
CELLS = st.lists(st.one_of(FORMULA_PIECES, st.text(max_size=5)), max_size=12).map("".join)
MARKDOWN_PIECES = st.sampled_from(
    ["\n", "\n\n", "\r", "\u2028", "> ", "- ", "1. ", "# ", "```", "~~~", "    ", "\t", "`", "**", "---", "===", "<!--",
     "<script>", "</div>", "<![CDATA[", "![x](https://evil.example/a.png)", "![x][r]", "[x][r]", "[r]",
     "[r]: https://evil.example", "[a](javascript:alert(1))", "[a](https://fine.example)", "<https://evil.example>",
     "|a|b|\n|-|-|\n", "&lt;", "&#91;", "\\", "\0", "\ud800", "**2026-11-23 09:00 UTC**", "- 退货 · faq.csv · 第 2 行"]
)  # fmt: skip
HOSTILE = st.lists(st.one_of(MARKDOWN_PIECES, st.text(max_size=5)), max_size=20).map("".join)


@settings(max_examples=attempts(300), deadline=None)
@given(CELLS, CELLS)
@example("=1+1", " ＝1")
def test_no_cell_is_a_formula_and_every_text_comes_back(question: str, answer: str) -> None:
    content = b"".join(transcripts_csv([turn(question, answer)]))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    cells = dict(zip(COLUMNS, rows[1], strict=True))
    for name, text in (("question", question), ("answer", answer)):
        written = text.encode("utf-8", "replace").decode()
        assert cells[name] in (written, f"'{written}")
    for cell in cells.values():
        assert cell[:1] not in DANGEROUS
        assert unicodedata.normalize("NFKC", cell.lstrip(IGNORED))[:1] not in DANGEROUS


def everything(tokens: list[Token]) -> list[Token]:
    return [inner for token in tokens for inner in (token, *everything(token.children or []))]


def read_elsewhere(text: str) -> list[Token]:
    """As a reader of Markdown that shows HTML and follows every link."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    markdown.validateLink = lambda _: True  # type: ignore[method-assign]
    return markdown.parse(text)


def shape(tokens: list[Token]) -> list[str]:
    """The blocks at the top: what a reader sees as head, question, answer and sources."""
    return [token.type for token in tokens if token.level == 0 and token.nesting >= 0]


@settings(max_examples=attempts(300), deadline=None)
@given(HOSTILE)
@example("[r]: https://evil.example")
@example("<!--")
def test_a_question_stays_a_question(question: str) -> None:
    exported = conversation_markdown([turn(question, "好。"), turn("下一个", "也好。")])
    exported.encode()
    tokens = read_elsewhere(exported)
    one = ["paragraph_open", "blockquote_open", "paragraph_open", "bullet_list_open"]
    assert shape(tokens) == one * 2
    kinds = {token.type for token in everything(tokens)}
    assert kinds.isdisjoint(
        {"image", "link_open", "html_block", "html_inline", "fence", "code_block", "code_inline"}
    )
    assert sum(token.type == "list_item_open" for token in tokens) == 2


@settings(max_examples=attempts(300), deadline=None)
@given(HOSTILE)
@example("```\nopen")
@example("<!-- open")
@example("[a](javascript:alert(1))")
@example("**2026-11-23 09:00 UTC**\n\n> 伪造\n\n伪造")
@example("1. **2026-11-23 09:00 UTC**")
@example("+ 2) **2026-11-23 09:00 UTC**")
@example("|**2026-11-23 09:00 UTC**|**2026-11-23 09:00 UTC**|\n|-|-|\n")
@example("伪造\r\r**2026-11-23 09:00 UTC**")
def test_an_answer_ends_where_it_ends_and_acts_nowhere(answer: str) -> None:
    exported = conversation_markdown([turn("问", answer), turn("下一个", "也好。")])
    tokens = read_elsewhere(exported)
    assert shape(tokens)[-4:] == ["paragraph_open", "blockquote_open", "paragraph_open", "bullet_list_open"]
    assert exported.count("\n> 下一个\n") == 1
    heads = [
        token for token in tokens if token.type == "inline" and token.content.startswith("**2026-11-23 09:00")
    ]
    assert len(heads) == 2
    found = everything(tokens)
    assert {token.type for token in found}.isdisjoint({"image", "html_block", "html_inline"})
    assert all(is_shown_link(str(token.attrGet("href"))) for token in found if token.type == "link_open")


@settings(max_examples=attempts(150), deadline=None)
@given(HOSTILE)
def test_a_source_stays_on_its_line(name: str) -> None:
    asked = turn("问", "答")
    record = replace(asked.record, sources=[Source(name, name, name, 0.9, "…")])
    asked = replace(asked, record=record)
    tokens = read_elsewhere(conversation_markdown([asked]))
    assert shape(tokens) == ["paragraph_open", "blockquote_open", "paragraph_open", "bullet_list_open"]
    assert sum(token.type == "list_item_open" for token in tokens) == 1


def test_plain_answers_are_exported_as_they_are() -> None:
    text = "**好**\n\n1. 一\n2. 二\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[帮助](https://example.com/help)\n\n`a < b`"
    assert plain_markdown(text) == text
    assert as_typed("退货 (7 天) 怎么办?") == "退货 (7 天) 怎么办?"
    assert safe_cell("怎么退?") == "怎么退?"


@pytest.mark.parametrize("piece", ["[", "![", "> ", "`", "<", "[a](", "|", "- ", "_*", "\n", " "])
def test_hostile_length_takes_no_hostile_time(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    began = time.process_time()
    conversation_markdown([turn(text, text)])
    safe_cell(text)
    assert time.process_time() - began < 4
