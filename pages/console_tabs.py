"""Which tabs a reader sees, and the line above them that says who is signed in and signs out.

Hiding a tab keeps the page calm; what protects it stands at its events and routes.
"""

from collections.abc import Mapping, Sequence

import gradio as gr

from core.access import VISITOR, Principal, Right
from core.settings import Settings
from pages.console_words import words
from pages.lists import text
from pages.reader import language_of, principal_of
from pages.system import RIGHTS as SYSTEM_RIGHTS

TABS: Mapping[str, frozenset[Right]] = {
    "chat": frozenset({Right.ASK}),
    "knowledge": frozenset({Right.BROWSE}),
    "prompts": frozenset({Right.MANAGE}),
    "analytics": frozenset({Right.CHARTS}),
    "system": SYSTEM_RIGHTS,
}
"""Any one of these rights shows the tab; in the order of the page."""
ASKED_JS = "() => window.xiaoqTabs.asked()"
CHOSEN_JS = "(shown) => {{ window.xiaoqTabs.chosen('{tab}', shown); }}"
WANTED_JS = "(shown) => window.xiaoqTabs.wanted(shown)"
FOLLOW_JS = "window.addEventListener('hashchange', () => trigger('change'));"
"""What a tab does with the address's fragment: see static/console/tabs.js."""


def shown_tabs(principal: Principal) -> Sequence[str]:
    return [tab for tab, rights in TABS.items() if any(map(principal.may, rights))]


class Tabs:
    """Fits the page to its reader when it opens. Holds the widgets, never a visitor."""

    def __init__(
        self, settings: Settings, group: gr.Tabs, tabs: Mapping[str, gr.Tab], who: gr.HTML, shown: gr.Textbox
    ) -> None:
        self._settings = settings
        self._group, self._tabs, self._who, self._shown = group, tabs, who, shown

    @property
    def parts(self) -> list[gr.Tabs | gr.Tab | gr.HTML | gr.Textbox]:
        return [self._group, *self._tabs.values(), self._who, self._shown]

    def follow(self, place: gr.HTML) -> None:
        """Wire the tabs to the address's fragment, both ways. All of it happens in the browser."""
        for name, tab in self._tabs.items():
            tab.select(None, [self._shown], None, js=CHOSEN_JS.format(tab=name), api_visibility="private")
        place.change(None, [self._shown], [self._group], js=WANTED_JS, api_visibility="private")

    async def fit(self, asked: str, request: gr.Request) -> dict[object, object]:
        """`asked` is the tab that the address names, which the reader's role may not show."""
        principal = principal_of(request)
        shown = shown_tabs(principal)
        return {
            self._group: gr.Tabs(selected=asked if asked in shown else shown[0]) if shown else gr.skip(),
            self._shown: ",".join(shown),
            **{
                tab: gr.Tab(visible=name in shown)
                for name, tab in self._tabs.items()
                if tab.visible != (name in shown)
            },
            self._who: who_html(principal, language_of(request, self._settings)),
        }


def who_html(principal: Principal, language: str) -> str:
    """The reader's name and role, and the way out; for a visitor the way in."""
    say = words(language)
    if principal.kind == VISITOR:
        return f'<p class="xq-who"><a class="xq-quiet" href="/login">{text(say["sign_in"])}</a></p>'
    name = text(principal.name or say["the_operator"])
    role = text(say.get(f"role_{principal.role}", principal.role))
    return (
        f'<form class="xq-who" method="post" action="/logout"><span class="xq-title">{name}</span>'
        f'<span class="xq-meta">{role}</span>'
        f'<button type="submit" class="xq-quiet">{text(say["sign_out"])}</button></form>'
    )
