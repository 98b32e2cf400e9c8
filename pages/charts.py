"""Draws the figures of the Analytics tab from the frames of pipelines/reports.py.

Knows nothing of layout or storage. Line and bar only, which the bundled plotly.js surely draws, and few
colours, used alike on every chart.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

ACCENT = {False: "#0f766e", True: "#2dd4bf"}
MUTED = {False: "#b45309", True: "#fbbf24"}
INK = {False: "#374151", True: "#d1d5db"}
GRID = {False: "#e5e7eb", True: "#374151"}
FONTS = 'system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


def questions_chart(frame: pd.DataFrame, say: Mapping[str, str], dark: bool) -> Figure:
    """Questions by hour or day, from columns `at` and `questions`."""
    import plotly.graph_objects as go

    bars = go.Bar(
        x=frame["at"].tolist(),
        y=frame["questions"].tolist(),
        marker_color=ACCENT[dark],
        hovertemplate="%{x|%Y-%m-%d %H:%M}<br>%{y}<extra></extra>",
    )
    figure = _laid_out(go.Figure(bars), say["chart_questions"], dark)
    figure.update_yaxes(tickformat="d", rangemode="tozero")
    return figure


def latency_chart(frame: pd.DataFrame, title: str, say: Mapping[str, str], dark: bool) -> Figure:
    """Median and 95th percentile over time, from columns `at`, `p50`, `p95` in seconds."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for column, colour, dash in (("p50", ACCENT[dark], "solid"), ("p95", MUTED[dark], "dot")):
        figure.add_trace(
            go.Scatter(
                x=frame["at"].tolist(),
                y=frame[column].tolist(),
                name=say[column],
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"size": 7},
                hovertemplate=f"%{{x|%Y-%m-%d %H:%M}}<br>%{{y:.2f}}{say['second']}<extra>{say[column]}</extra>",
            )
        )
    figure = _laid_out(figure, title, dark)
    figure.update_yaxes(rangemode="tozero", tickformat=".2~f")
    return figure


def counts_chart(frame: pd.DataFrame, title: str, prefix: str, say: Mapping[str, str], dark: bool) -> Figure:
    """How often each key came, from columns `key` and `turns`; a key reads `say[prefix + key]`."""
    import plotly.graph_objects as go

    labels = [say.get(f"{prefix}{key}", key) for key in frame["key"]]
    counts = frame["turns"].tolist()
    bars = go.Bar(
        x=counts,
        y=labels,
        orientation="h",
        marker_color=ACCENT[dark],
        text=counts,
        textposition="auto",
        hovertemplate="%{y}<br>%{x}<extra></extra>",
    )
    figure = _laid_out(go.Figure(bars), title, dark)
    figure.update_yaxes(autorange="reversed", automargin=True, showgrid=False)
    figure.update_xaxes(tickformat="d", rangemode="tozero")
    return figure


def _laid_out(figure: Figure, title: str, dark: bool) -> Figure:
    axis: dict[str, Any] = {"gridcolor": GRID[dark], "zeroline": False, "linecolor": GRID[dark]}
    figure.update_layout(
        template="none",
        title={"text": title, "x": 0, "xref": "container", "pad": {"l": 12}, "font": {"size": 15}},
        font={"family": FONTS, "size": 13, "color": INK[dark]},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        height=300,
        margin={"l": 48, "r": 16, "t": 56, "b": 40},
        bargap=0.35,
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"},
        xaxis=axis,
        yaxis=axis,
    )
    return figure
