"""The Analytics tab's layout and wiring: filters above, charts, conversations, one transcript beneath.

What happens on a press stands in analytics_handlers.py.
"""

from collections.abc import Callable
from typing import Any

import gradio as gr

from core.access import Right
from pages.analytics_handlers import AnalyticsHandlers, AnalyticsParts
from pages.events import DOWNLOAD_JS, PRESS_JS, clicking, needs
from pages.reader import READER_JS
from pipelines.services import Services

CHART_ROWS = (("questions",), ("total", "first_token"), ("modes", "languages"), ("fidelity",))
WORD_CHARTS = ("words", "categories")
"""Shown where there are hits only."""


def build_analytics_tab(
    services: Services, t: Callable[[str], Any], told: gr.Textbox, demo: gr.Blocks, tab: gr.Tab
) -> None:
    """Lay out the tab and wire it. `told` holds what the browser says of its reader."""
    gr.Markdown(t("analytics_purpose"), elem_classes="xq-purpose")
    with gr.Row(elem_classes="xq-toolbar", elem_id="xq-filters"):
        period = gr.Dropdown(choices=[], label=t("period"), filterable=False, min_width=150)
        line = gr.Dropdown(choices=[], label=t("line"), filterable=False, min_width=150)
        mode = gr.Dropdown(choices=[], label=t("mode"), filterable=False, min_width=150)
        refresh = gr.Button(t("refresh"), size="sm", scale=0, min_width=90, elem_id="xq-refresh")
        to_csv = gr.Button(
            t("download"), variant="primary", size="sm", scale=0, min_width=120, elem_id="xq-transcripts"
        )
        download = gr.DownloadButton(visible="hidden", elem_id="xq-transcripts-file")
    with gr.Row(visible=False) as dates:
        since = gr.Textbox(label=t("since"), placeholder=t("date_hint"), min_width=150, max_length=10)
        until = gr.Textbox(label=t("until"), placeholder=t("date_hint"), min_width=150, max_length=10)
    problem = gr.HTML(elem_classes="xq-slot")
    summary = gr.HTML(elem_classes="xq-slot")
    with gr.Column(visible=False, elem_id="xq-charts") as charts:
        plots = {name: _plot(t, name) for pair in CHART_ROWS for name in pair}
        for pair in CHART_ROWS:
            with gr.Row():
                for name in pair:
                    plots[name].render()  # type: ignore[no-untyped-call]
        with gr.Row(visible=False) as hits:
            for name in WORD_CHARTS:
                plots[name] = _plot(t, name)
                plots[name].render()  # type: ignore[no-untyped-call]
        gr.Markdown(t("conversations"), elem_classes="xq-heading")
        conversations = gr.HTML(elem_id="xq-conversations", js_on_load=PRESS_JS)
        gr.Markdown(t("transcript"), elem_classes="xq-heading")
        shown = gr.HTML(elem_id="xq-transcript")
    parts = AnalyticsParts(
        line=line, period=period, mode=mode, dates=dates, problem=problem, charts=charts, hits=hits, **plots,
        summary=summary, conversations=conversations, transcript=shown, download=download,
    )  # fmt: skip
    act = AnalyticsHandlers(services, parts)
    filters = [period, since, until, line, mode, told]
    view = parts.view()
    showing: dict[str, Any] = clicking() | {"show_progress": "minimal", "show_progress_on": [summary]}
    demo.load(
        needs(Right.CHARTS, act.load, quiet=True), [line, mode, period], [line, mode, period], **clicking()
    )
    # The theme may have changed since the page was loaded: charts are drawn for it.
    told_again = f"(...all) => [...all.slice(0, 5), ({READER_JS})()]"
    gr.on([tab.select, refresh.click], needs(Right.CHARTS, act.show), filters, view, js=told_again, **showing)
    gr.on(
        [period.input, line.input, mode.input, since.submit, until.submit, since.blur, until.blur],
        needs(Right.CHARTS, act.show), filters, view, js=told_again, **showing,
    )  # fmt: skip
    conversations.select(needs(Right.READ, act.open), [told], [shown], **clicking())
    to_csv.click(needs(Right.READ, act.export), filters, [download], js=told_again, **clicking()).then(
        None, [download], js=DOWNLOAD_JS, api_visibility="private"
    )


def _plot(t: Callable[[str], Any], name: str) -> gr.Plot:
    """A place for a chart; the chart's own title stands in the figure, with its unit."""
    return gr.Plot(
        label=t(f"chart_{name}"), show_label=False, min_width=280, elem_id=f"xq-chart-{name}", render=False
    )
