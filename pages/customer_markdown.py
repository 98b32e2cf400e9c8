"""Turns an answer's Markdown into HTML that is safe to show: no raw HTML, no images, only plain links.

Knows nothing of who asked or where the text came from: a model's answer and a passage are equally foreign.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from pipelines.foreign_markdown import foreign_markdown

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_LATIN = re.compile("[A-Za-z]")
_NUMBER = re.compile(r"\+?\(?\d(?:[ \-().:/]{0,2}\d){6,}")
"""Telephones and dates with their time, whose groups would stand in the wrong order among Arabic or Hebrew words."""
_ALIGNMENT = re.compile(r"text-align:(left|right|center)")


def render_markdown(text: str) -> str:
    """The HTML of a Markdown text, whole or still growing. Never raises on foreign input."""
    return str(_renderer().render(text, {"rtl": _RIGHT_TO_LEFT.search(text) is not None}))


@cache
def _renderer() -> MarkdownIt:
    markdown = foreign_markdown()
    markdown.renderer = _SafeHtml(markdown)
    return markdown


class _SafeHtml(RendererHTML):
    """The renderer's rules where ours differ; the method's name is the token's."""

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _escaped(self.renderInlineAsText(tokens[idx].children or [], options, env))

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        tokens[idx].attrSet("target", "_blank")
        tokens[idx].attrSet("rel", "noopener noreferrer nofollow")
        return str(self.renderToken(tokens, idx, options, env))

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        shown = _escaped(tokens[idx].content)
        return _NUMBER.sub(r'<bdi dir="ltr">\g<0></bdi>', shown) if env.get("rtl") else shown

    def _directed(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """A block's tag, which says where its lines begin: the page is read from left to right."""
        if env.get("rtl") and _is_rtl(tokens, idx):
            tokens[idx].attrSet("dir", "rtl")
        return str(self.renderToken(tokens, idx, options, env))

    paragraph_open = bullet_list_open = ordered_list_open = blockquote_open = _directed

    def heading_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        # The page's own title is the only h1 and a turn's label is an h2.
        return f"<{_lowered(tokens[idx])}{_direction(tokens, idx, env)}>"

    def heading_close(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f"</{_lowered(tokens[idx])}>\n"

    def table_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return f'<div class="table" tabindex="0"{_direction(tokens, idx, env)}><table>\n'

    def table_close(self, *_: Any) -> str:
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])

    def td_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return _cell(tokens[idx])


def _direction(tokens: Sequence[Token], idx: int, env: EnvType) -> str:
    return ' dir="rtl"' if env.get("rtl") and _is_rtl(tokens, idx) else ""


def _is_rtl(tokens: Sequence[Token], idx: int) -> bool:
    """Whether a block that stands in no other is in Arabic or Hebrew letters, names in Latin ones or not."""
    if tokens[idx].level:
        return False
    inside = takewhile(lambda token: token.level, tokens[idx + 1 :])
    written = "".join(token.content for token in inside)
    letters = len(_RIGHT_TO_LEFT.findall(written))
    return bool(letters) and letters * 2 >= len(_LATIN.findall(written))


def _lowered(heading: Token) -> str:
    return f"h{min(int(heading.tag[1:]) + 2, 6)}"


def _cell(token: Token) -> str:
    """A cell's tag; its alignment as a class, because the page's policy forbids style attributes."""
    alignment = _ALIGNMENT.search(str(token.attrGet("style") or ""))
    return f'<{token.tag} class="{alignment[1]}">' if alignment else f"<{token.tag}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
