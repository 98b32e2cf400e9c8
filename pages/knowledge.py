"""The Knowledge tab in the console: a place that static/console/knowledge.js fills from knowledge_routes.py.

Gradio has no list with actions, no progress a file and no test bench; so it only holds the tab here.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

FILL_JS = "window.xiaoqKnowledge(element);"


def build_knowledge_tab(t: Callable[[str], Any]) -> None:
    """Lay out the tab. `t` gives a word in the browser's language."""
    gr.Markdown(t("knowledge_purpose"), elem_classes="xq-purpose")
    gr.HTML('<div class="xq-kb-root" aria-busy="true"></div>', elem_id="xq-knowledge", js_on_load=FILL_JS)
