"""The Prompts tab: its place in the console, the choice of a business line, and the register of its sections.

A section is one part of the tab, in a file of its own, made as pages/system.py says, with `prompts_NAME` for its words
and `/prompts/NAME/` for its routes. What it is about is the line in the query
(pages/chosen_line.py).
"""

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from starlette.routing import Route

from core.access import Right
from pages.chosen_line import line_names
from pages.console_words import words
from pages.knowledge_calls import Call
from pages.lists import text
from pages.prompts_evaluations import evaluations_section
from pages.prompts_experiments import experiments_section
from pages.prompts_frequent import frequent_section
from pages.prompts_golden import golden_section
from pages.prompts_line import line_section
from pages.prompts_playground import playground_section
from pages.prompts_versions import versions_section
from pages.sections import FILL_JS, place_of, routes_of
from pages.system_section import Section, options
from pipelines.services import Services

SECTIONS: Sequence[Callable[[], Section]] = (
    line_section,
    versions_section,
    playground_section,
    golden_section,
    evaluations_section,
    experiments_section,
    frequent_section,
)
RIGHT = Right.MANAGE


def build_prompts_tab(t: Callable[[str], Any]) -> None:
    """Lay out the tab. `t` gives a word in the browser's language."""
    gr.Markdown(t("prompts_purpose"), elem_classes="xq-purpose")
    gr.HTML(place_of("prompts"), elem_id="xq-prompts", js_on_load=FILL_JS)


def prompts_routes(services: Services) -> list[Route]:
    """The routes under `/prompts`. Mount them inside the console's guard."""
    return routes_of("prompts", services, [make() for make in SECTIONS], _head)


async def _head(call: Call) -> str:
    lines = await call.services.lines.all()
    mine = [line for line in lines if call.principal.line in (None, line.id)]
    asked = call.query("line") or call.services.settings.default_line
    chosen = asked if any(line.id == asked for line in mine) else mine[0].id if mine else ""
    say = words(call.language)
    names = line_names(mine, call.language)
    return (
        f'<label class="xq-field xq-prompts-line"><span>{text(say["line"])}</span>'
        f"<select data-line-choice>{options(names, chosen)}</select></label>"
    )
