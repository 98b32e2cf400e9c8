"""The System tab: its place in the console, its frame, and the register of its sections.

A section is one part of the tab behind one right, in a file of its own (`pages/system_keys.py` is an example). To
add one:

1. Write `pages/system_NAME.py` with a function `NAME_section() -> Section`. `show` gives the section's HTML; `ways`
   are the routes beneath `/system/NAME/`, each with the section's right or one of its own.
2. Name the function in `SECTIONS` below, in the order of the page.
3. Put `system_NAME` (the title) and `system_NAME_purpose` (one line beneath it) into a file of words in both
   languages, merged in `pages/console_words.py`.
4. List its routes in `tests/gateway/matrix.py`.

`static/console/system.js` acts on attributes in the HTML, so that a section needs no script of its own:

- `<form data-post="NAME/way">` sends its fields as a JSON object; a repeated field is a list; with
  `data-into="ID"` what it reveals is shown in the element of that id, which is emptied first;
- `<button data-post="NAME/way" data-id="…" data-ask="Sure?" data-yes="Revoke">` asks, then sends `{"id": …}`;
- `data-get="NAME/way" data-into="ID"` on a form or a button fetches a fragment into the element of that id, a form's
  fields (or the button's `data-query`) as the query;
- `<form data-file="NAME/way">` sends the one file it holds as the body (`pages.knowledge_calls.sent_file`), its other
  fields as the query; what is to be saved is a plain `<a href="/system/NAME/way" download>`.

A POST answers with `told({...})`: `message` is said above the section, `reveal` is HTML shown there until the next
press, `reload: True` shows the section anew. An error's sentence appears in the form or above the section; raise
`pages.knowledge_calls.Spoken` for one in the reader's own words.
"""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
import orjson
from starlette.responses import Response
from starlette.routing import Route

from core.access import Principal
from core.errors import NotFound
from pages.console_words import words
from pages.knowledge_calls import Call, endpoint, fragment
from pages.lists import text
from pages.system_audit import audit_section
from pages.system_customers import customers_section
from pages.system_keys import keys_section
from pages.system_lists import lists_section
from pages.system_operators import operators_section
from pages.system_section import Section
from pipelines.services import Services

SECTIONS: Sequence[Callable[[], Section]] = (
    operators_section,
    keys_section,
    lists_section,
    customers_section,
    audit_section,
)
RIGHTS = frozenset(make().right for make in SECTIONS)
"""Any one of these shows the tab."""
FILL_JS = "window.xiaoqSystem(element);"
SPOKEN = ("cancel", "error_internal_error", "copy", "copied")
"""Words that the script says itself."""


def build_system_tab(t: Callable[[str], Any]) -> None:
    """Lay out the tab. `t` gives a word in the browser's language."""
    gr.Markdown(t("system_purpose"), elem_classes="xq-purpose")
    gr.HTML('<div class="xq-sys-root" aria-busy="true"></div>', elem_id="xq-system", js_on_load=FILL_JS)


def system_routes(services: Services) -> list[Route]:
    """The routes under `/system`. Mount them inside the console's guard."""
    sections = [make() for make in SECTIONS]
    routes = [Route("/system/frame", endpoint(services, None, _framing(sections)))]
    for section in sections:
        shown = endpoint(services, section.right, _showing(section))
        routes.append(Route(f"/system/{section.name}", shown))
        routes += [
            Route(
                f"/system/{section.name}/{way.name}",
                endpoint(services, way.right or section.right, way.action),
                methods=[way.method],
            )
            for way in section.ways
        ]
    return routes


def _framing(sections: Sequence[Section]) -> Callable[[Call], Any]:
    async def frame(call: Call) -> Response:
        """The tab's list of sections, those of the reader's role."""
        mine = allowed(sections, call.principal)
        if not mine:
            raise NotFound("Your role has no part of this page.")
        say = words(call.language)
        items = "".join(
            f'<li><button type="button" data-section="{section.name}">{text(say[f"system_{section.name}"])}</button></li>'
            for section in mine
        )
        spoken = orjson.dumps({key: say[key] for key in SPOKEN}).decode()
        return fragment(
            f'<div class="xq-kb xq-sys" data-words="{text(spoken)}"><nav aria-label="{text(say["tab_system"])}"><ul>{items}</ul></nav>'
            '<div class="xq-sys-main"><div class="xq-sys-said" aria-live="polite"></div>'
            '<section class="xq-sys-section" tabindex="-1"></section></div></div>'
        )

    return frame


def _showing(section: Section) -> Callable[[Call], Any]:
    async def show(call: Call) -> Response:
        say = words(call.language)
        title, purpose = say[f"system_{section.name}"], say[f"system_{section.name}_purpose"]
        body = await section.show(call)
        return fragment(f'<h3>{text(title)}</h3><p class="xq-meta">{text(purpose)}</p>{body}')

    return show


def allowed(sections: Sequence[Section], principal: Principal) -> Sequence[Section]:
    return [section for section in sections if principal.may(section.right)]
