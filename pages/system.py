"""The System tab: its place in the console, its frame, and the register of its sections.

A section is one part of the tab behind one right, in a file of its own (`pages/system_keys.py` is an example). To
add one:

1. Write `pages/system_NAME.py` with a function `NAME_section() -> Section`. `show` gives the section's HTML; `ways`
   are the routes beneath `/system/NAME/`, each with the section's right or one of its own.
2. Name the function in `SECTIONS` below, in the order of the page.
3. Put `system_NAME` (the title) and `system_NAME_purpose` (one line beneath it) into a file of words in both
   languages, merged in `pages/console_words.py`.
4. List its routes in `tests/gateway/matrix.py`.

`pages/sections.py` says what the HTML of a section can do.
"""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.routing import Route

from pages.sections import FILL_JS, place_of, routes_of
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


def build_system_tab(t: Callable[[str], Any]) -> None:
    """Lay out the tab. `t` gives a word in the browser's language."""
    gr.Markdown(t("system_purpose"), elem_classes="xq-purpose")
    gr.HTML(place_of("system"), elem_id="xq-system", js_on_load=FILL_JS)


def system_routes(services: Services) -> list[Route]:
    """The routes under `/system`. Mount them inside the console's guard."""
    return routes_of("system", services, [make() for make in SECTIONS])
