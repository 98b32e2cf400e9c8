"""The Chat tab's layout and wiring: the question at the bottom, sources under the answer, sliders folded away.

What happens on a press stands in chat_handlers.py and chat_files.py.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.access import Right
from pages.chat_files import ChatFiles
from pages.chat_handlers import ChatHandlers, ChatParts
from pages.chat_inspect import ChatInspect, wire_inspect
from pages.events import DOWNLOAD_JS, PRESS_JS, clicking, needs
from pages.reader import READER_JS
from pages.state import ChatState
from pipelines.services import Services

ANSWERS_AT_ONCE = 64


def ask(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Every event of this tab needs the one right."""
    return needs(Right.ASK, handler)


def build_chat_tab(services: Services, t: Callable[[str], Any], told: gr.Textbox, demo: gr.Blocks) -> None:
    """Lay out the tab and wire it. `told` holds what the browser says of its reader."""
    gr.Markdown(t("chat_purpose"), elem_classes="xq-purpose")
    state = gr.State(ChatState())
    with gr.Row(elem_id="xq-chat"):
        with gr.Column(scale=1, min_width=240, elem_id="xq-side"):
            gr.Markdown(t("history"), elem_classes="xq-heading")
            history = gr.HTML(elem_id="xq-history", js_on_load=PRESS_JS)
        with gr.Column(scale=4, min_width=280, elem_id="xq-main"):
            with gr.Row(elem_classes="xq-toolbar"):
                line = gr.Dropdown(
                    choices=[], label=t("line"), elem_id="xq-line", scale=2, min_width=180, filterable=False
                )
                new = gr.Button(t("new"), size="sm", scale=0, min_width=110, elem_id="xq-new")
                to_markdown = gr.Button(
                    t("export_markdown"), size="sm", scale=0, min_width=120, elem_id="xq-md"
                )
                to_csv = gr.Button(t("export_csv"), size="sm", scale=0, min_width=100, elem_id="xq-csv")
                download = gr.DownloadButton(visible="hidden", elem_id="xq-download")
            chatbot = gr.Chatbot(
                label=t("conversation"), show_label=False, height="calc(100vh - 440px)", min_height=320, layout="bubble",
                editable="user", sanitize_html=True, allow_tags=False, buttons=["copy"],
                latex_delimiters=[], placeholder=t("welcome"), elem_id="xq-chatbot",
            )  # fmt: skip
            with gr.Row(visible=False, elem_id="xq-reason") as reason_row:
                reason = gr.Textbox(label=t("reason"), max_length=1000, scale=4, min_width=200)
                give_reason = gr.Button(t("reason_send"), size="sm", scale=0, min_width=110)
            files = gr.HTML(elem_id="xq-attached", elem_classes="xq-slot", js_on_load=PRESS_JS)
            suggestions = gr.HTML(elem_id="xq-suggestions", elem_classes="xq-slot", js_on_load=PRESS_JS)
            inspected = gr.HTML(elem_id="xq-inspected", elem_classes="xq-slot", js_on_load=PRESS_JS)
            with gr.Row(elem_id="xq-composer", equal_height=True):
                attach = gr.UploadButton(
                    t("attach"), file_count="multiple", scale=0, min_width=96, elem_id="xq-attach"
                )
                box = gr.Textbox(
                    label=t("composer"), show_label=False, placeholder=t("placeholder"), lines=1, max_lines=6,
                    max_length=8000, autofocus=True, container=False, scale=5, min_width=160, elem_id="xq-box",
                )  # fmt: skip
                inspect = gr.Button(t("inspect"), scale=0, min_width=110, elem_id="xq-inspect")
                send = gr.Button(t("send"), variant="primary", scale=0, min_width=88, elem_id="xq-send")
                stop = gr.Button(t("stop"), visible=False, scale=0, min_width=88, elem_id="xq-stop")
            with gr.Accordion(t("settings"), open=False, elem_id="xq-settings"), gr.Row():
                sliders = [
                    gr.Slider(
                        0, 2, 0.7, step=0.1, label=t("temperature"), info=t("temperature_info"), min_width=200
                    ),
                    gr.Slider(0.05, 1, 0.9, step=0.05, label=t("top_p"), info=t("top_p_info"), min_width=200),
                    gr.Slider(
                        16,
                        4096,
                        512,
                        step=16,
                        label=t("max_tokens"),
                        info=t("max_tokens_info"),
                        min_width=200,
                    ),
                ]
    current = gr.Textbox(visible="hidden", elem_id="xq-current", label="conversation")
    parts = ChatParts(
        chatbot, state, current, history, suggestions, line, box, send, stop, reason_row, reason, download,
        files, attach, sliders, told,
    )  # fmt: skip
    act = ChatHandlers(services, parts)
    _wire(act, parts, (new, to_markdown, to_csv, give_reason), demo)
    _wire_files(ChatFiles(services, parts, act), parts)
    wire_inspect(ChatInspect(services, parts, inspected), parts, inspect, inspected)


def _wire(
    act: ChatHandlers,
    parts: ChatParts,
    buttons: tuple[gr.Button, gr.Button, gr.Button, gr.Button],
    demo: gr.Blocks,
) -> None:
    new, to_markdown, to_csv, give_reason = buttons
    view, told = parts.view(), parts.told
    asking: dict[str, Any] = {
        "inputs": parts.asking(), "outputs": view, "concurrency_limit": ANSWERS_AT_ONCE, "concurrency_id": "answers",
        "api_visibility": "private", "show_progress": "hidden",
    }  # fmt: skip
    gr.on([parts.box.submit, parts.send.click], ask(act.send), **asking)
    parts.suggestions.select(ask(act.suggest), **asking)
    parts.chatbot.retry(ask(act.retry), **asking)
    parts.chatbot.edit(ask(act.edit), **asking)
    parts.stop.click(ask(act.stop), [parts.state], [parts.state], **clicking())
    new.click(ask(act.new), [parts.state, parts.line, told], view, **clicking())
    parts.line.input(ask(act.new), [parts.state, parts.line, told], view, **clicking())
    parts.history.select(ask(act.open), [parts.state, told], view, **clicking())
    parts.chatbot.like(
        ask(act.rate), [parts.state], [parts.state, parts.reason_row, parts.reason], **clicking()
    )
    gr.on(
        [give_reason.click, parts.reason.submit], ask(act.give_reason), [parts.state, parts.reason],
        [parts.state, parts.reason_row], **clicking(),
    )  # fmt: skip
    for button, export in ((to_markdown, act.export_markdown), (to_csv, act.export_csv)):
        button.click(ask(export), [parts.state], [parts.download], **clicking()).then(
            None, [parts.download], js=DOWNLOAD_JS, api_visibility="private"
        )
    # This browser tab remembers what it had open; whose it is the server checks.
    parts.current.change(
        None, [parts.current], js="(id) => { sessionStorage.setItem('xiaoq.conversation', id); }",
        api_visibility="private",
    )  # fmt: skip
    demo.load(
        needs(Right.ASK, act.load, quiet=True), [parts.state, parts.current, told], view, **clicking(),
        js=f"(state) => [state, sessionStorage.getItem('xiaoq.conversation') || '', ({READER_JS})()]",
    )  # fmt: skip


def _wire_files(act: ChatFiles, parts: ChatParts) -> None:
    view, told = parts.view(), parts.told
    parts.attach.upload(ask(act.add), [parts.attach, parts.state, parts.line, told], view, **clicking())
    parts.files.select(ask(act.remove), [parts.state, told], view, **clicking())
