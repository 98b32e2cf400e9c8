"""The Knowledge tab's layout and wiring: drop files, see what is there, try a question.

What happens on a press stands in knowledge_handlers.py.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from pages.events import PRESS_JS, clicking
from pages.knowledge_handlers import KnowledgeHandlers, KnowledgeParts, KnowledgeState
from pipelines.services import Services

FILE_TYPES = [".md", ".txt", ".csv", ".pdf", ".docx"]
UPLOADS_AT_ONCE = 4


def build_knowledge_tab(
    services: Services, t: Callable[[str], Any], told: gr.Textbox, demo: gr.Blocks, tab: gr.Tab
) -> None:
    """Lay out the tab and wire it. `told` holds what the browser says of its reader."""
    gr.Markdown(t("knowledge_purpose"), elem_classes="xq-purpose")
    state = gr.State(KnowledgeState())
    with gr.Row(elem_id="xq-knowledge"):
        with gr.Column(scale=3, min_width=280):
            line = gr.Dropdown(choices=[], label=t("line"), filterable=False, elem_id="xq-base")
            files = gr.File(
                label=t("files"), file_count="multiple", file_types=FILE_TYPES, height=150, elem_id="xq-files"
            )
            gr.Markdown(t("files_hint"), elem_classes="xq-hint")
            progress = gr.HTML(elem_id="xq-upload", elem_classes="xq-slot")
            gr.Markdown(t("documents"), elem_classes="xq-heading")
            with gr.Row(visible=False, elem_id="xq-confirm", elem_classes="xq-banner") as confirm_row:
                confirm_text = gr.Markdown(sanitize_html=True)
                keep = gr.Button(t("delete_no"), size="sm", scale=0, min_width=90)
                delete = gr.Button(t("delete_yes"), variant="stop", size="sm", scale=0, min_width=90)
            with gr.Row(visible=False, elem_id="xq-undo", elem_classes="xq-banner") as undo_row:
                undo_text = gr.Markdown(sanitize_html=True)
                undo = gr.Button(t("undo"), size="sm", scale=0, min_width=90)
            documents = gr.HTML(elem_id="xq-documents", js_on_load=PRESS_JS)
        with gr.Column(scale=2, min_width=280):
            gr.Markdown(t("try"), elem_classes="xq-heading")
            with gr.Row(equal_height=True, elem_classes="xq-search"):
                question = gr.Textbox(
                    label=t("try"), show_label=False, placeholder=t("try_hint"), container=False,
                    max_length=2000, scale=4, min_width=160, elem_id="xq-try",
                )  # fmt: skip
                search = gr.Button(t("try_button"), variant="primary", scale=0, min_width=80)
            found = gr.HTML(elem_id="xq-found", elem_classes="xq-slot")
    parts = KnowledgeParts(
        line, files, progress, documents, state, confirm_row, confirm_text, undo_row, undo_text, found
    )
    act = KnowledgeHandlers(services, parts)
    gr.on([demo.load, tab.select], act.load, [line, told], [line, documents], **clicking())
    line.input(act.choose, [line, state, told], [*parts.view(), progress, found], **clicking())
    files.upload(
        act.upload, [line, files, told], [progress, documents, files],
        concurrency_limit=UPLOADS_AT_ONCE, api_visibility="private", show_progress="hidden",
    )  # fmt: skip
    documents.select(act.ask_delete, [line, state], parts.view(), **clicking())
    keep.click(act.keep, [state], parts.view(), **clicking())
    delete.click(act.delete, [state, told], parts.view(), **clicking())
    undo.click(act.undo, [state, told], parts.view(), **clicking())
    gr.on([search.click, question.submit], act.try_question, [line, question], [found], **clicking())
