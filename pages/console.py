"""The console: its tabs in one Gradio app, for operators; each sees those of their role.

Knows no sign-in: the guard around the mount has found out who it is.
"""

import sys
from typing import Any

import gradio as gr

from pages.analytics import build_analytics_tab
from pages.chat import build_chat_tab
from pages.console_tabs import ASKED_JS, FOLLOW_JS, Tabs
from pages.console_words import translations
from pages.events import clicking, needs
from pages.knowledge import build_knowledge_tab
from pages.prompts import build_prompts_tab
from pages.reader import READER_JS
from pages.system import build_system_tab
from pipelines.services import Services

CACHE_SECONDS = 3600
"""Uploads and exports that Gradio has cached are gone after this."""
THREADS = 40


def console_i18n(services: Services) -> gr.I18n:
    return gr.I18n(**translations(services.settings.ui_language))


def build_console(services: Services) -> gr.Blocks:
    """The console's pages over these services. Mount it with pages/mount.py, which dresses it."""
    t: Any = console_i18n(services)
    demo: gr.Blocks = gr.Blocks(
        title="小Q XiaoQ",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(CACHE_SECONDS, CACHE_SECONDS),
    )
    with demo:
        told = gr.Textbox(visible="hidden", elem_id="xq-told", label="reader")
        shown = gr.Textbox(visible="hidden", elem_id="xq-shown", label="tabs")
        place = gr.HTML(visible="hidden", elem_id="xq-place", js_on_load=FOLLOW_JS)
        with gr.Row(elem_id="xq-top"):
            gr.Markdown(t("console"), elem_id="xq-brand")
            gr.Button(
                t("customer_page"), link="/chat", size="sm", scale=0, min_width=120, link_target="_blank"
            )
            who = gr.HTML(elem_id="xq-who")
        with gr.Tabs(elem_id="xq-tabs") as group:
            with gr.Tab(t("tab_chat"), id="chat") as chat:
                build_chat_tab(services, t, told, demo)
            with gr.Tab(t("tab_knowledge"), id="knowledge", visible=False) as knowledge:
                build_knowledge_tab(t)
            with gr.Tab(t("tab_prompts"), id="prompts", visible=False) as prompts:
                build_prompts_tab(t)
            with gr.Tab(t("tab_analytics"), id="analytics", visible=False) as analytics:
                build_analytics_tab(services, t, told, demo, analytics)
            with gr.Tab(t("tab_system"), id="system", visible=False) as system:
                build_system_tab(t)
        tabs = Tabs(
            services.settings,
            group,
            {
                "chat": chat,
                "knowledge": knowledge,
                "prompts": prompts,
                "analytics": analytics,
                "system": system,
            },
            who,
            shown,
        )
        tabs.follow(place)
        demo.load(needs(None, tabs.fit), [shown], tabs.parts, js=ASKED_JS, **clicking())
        demo.load(None, None, [told], js=READER_JS, api_visibility="private")
    demo.max_threads = THREADS
    demo.queue(default_concurrency_limit=16, api_open=False, max_size=1000)
    # Else Gradio's queue counts every event since the start anew after each one, for a page that is off.
    demo._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    return demo
