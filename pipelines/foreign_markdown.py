"""Markdown that somebody else wrote, a model, a document or a customer, read so that nothing in it can act.

An image is a request to somewhere else, and with a made-up address a way to carry data out; so is a link whose
address stands apart from it, where nobody looks. Neither is kept; the words are. It does not know who shows it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_SHOWN = re.compile(
    r"(?:https://[^\s\x00-\x20\x7f]+|mailto:[^\s\x00-\x20\x7f]+|tel:[+0-9().,;=-]+)", re.IGNORECASE
)
_TURN_HEAD = re.compile(
    r"(?:^|[\r|])(?:[^\S\r\n]|[>*_#+-]|\d{1,9}[.)])*\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC", re.MULTILINE
)
"""In a list, a quotation or a table, too. Each line is looked at by itself: over many empty ones it would take long."""
_ACTIVE = re.compile(r"([\\`\[\]<&!|])")
_LINE_START = re.compile(r"^([-+*>#=~_:])|^(\d+)([.)])", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_AFTER = "xq-after"


def is_shown_link(url: str) -> bool:
    """Whether a link may lead there: a page over TLS, a mailbox or a phone."""
    return _SHOWN.fullmatch(url) is not None


def foreign_markdown(*, html: bool = False) -> MarkdownIt:
    """A parser whose tokens hold no link but those that may be followed; `html` reads HTML as such, to find it."""
    markdown = MarkdownIt("commonmark", {"html": html, "breaks": True, "store_labels": True})
    markdown.enable(["table", "strikethrough"])
    # Every link is read as one, so that one we do not want leaves its words and not its source.
    markdown.validateLink = _any_link  # type: ignore[method-assign]
    markdown.core.ruler.push("shown_links", _only_shown_links)
    return markdown


def plain_markdown(text: str) -> str:
    """The text where it is harmless in any reader of Markdown and ends where it ends, else its words alone.

    Harmless: no image, no HTML, no link but is_shown_link's, nothing that looks like the head of a turn.
    """
    if not text.strip() or (_is_harmless(text) and not _TURN_HEAD.search(text)):
        return text
    return as_typed("\n\n".join(_words(_reader().parse(text))))


def as_typed(text: str) -> str:
    """Markdown that shows the text as it stands, line by line."""
    lines = "\n".join(text.replace("\0", "\ufffd").splitlines())
    escaped = _LINE_START.sub(_escaped_start, _ACTIVE.sub(r"\\\1", lines))
    # Four plain spaces would make it code, where a backslash is a backslash.
    return _INDENT.sub(lambda found: "\u00a0" * len(found[0].expandtabs(4)), escaped)


def on_one_line(text: str) -> str:
    """A name inside a line of Markdown."""
    return as_typed(" ".join(text.split()))


@cache
def _reader() -> MarkdownIt:
    return foreign_markdown(html=True)


@cache
def _finder() -> MarkdownIt:
    """Reads everything as what it would be elsewhere, to find it."""
    markdown = foreign_markdown(html=True)
    markdown.core.ruler.disable("shown_links")
    return markdown


def _any_link(url: str) -> bool:
    return True


def _only_shown_links(state: StateCore) -> None:
    for token in state.tokens:
        if token.children:
            token.children = list(_without_hidden_links(token.children))


def _without_hidden_links(tokens: Sequence[Token]) -> Iterator[Token]:
    """Links do not nest, so that one flag knows whether the closing one is kept."""
    kept = True
    for token in tokens:
        if token.type == "link_open":
            kept = "label" not in token.meta and is_shown_link(str(token.attrGet("href")))
        if kept or token.type not in ("link_open", "link_close"):
            yield token


def _is_harmless(text: str) -> bool:
    environment: dict[str, object] = {}
    tokens = _finder().parse(f"{text}\n\n{_AFTER}", environment)
    return not environment.get("references") and _ends(tokens) and not any(map(_acts, _all(tokens)))


def _ends(tokens: Sequence[Token]) -> bool:
    """Whether what comes after it stands on its own: no fence or comment was left open."""
    last = tokens[-2] if len(tokens) > 2 else None
    return last is not None and last.type == "inline" and last.content == _AFTER and last.level == 1


def _all(tokens: Iterable[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _all(token.children or ())


def _acts(token: Token) -> bool:
    if token.type == "link_open":
        return not is_shown_link(str(token.attrGet("href")))
    return token.type in ("image", "html_inline", "html_block")


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(_word(child) for child in token.children or ())
        elif token.type in ("fence", "code_block", "html_block"):
            yield token.content.strip("\n")


def _word(token: Token) -> str:
    return "\n" if token.type in ("softbreak", "hardbreak") else token.content


def _escaped_start(found: re.Match[str]) -> str:
    mark, number, dot = found.groups()
    return f"\\{mark}" if mark else f"{number}\\{dot}"
