"""Draws the figures of the Analytics tab from the frames of pipelines/reports.py.

Knows nothing of layout or storage. Line and bar only, which the bundled plotly.js surely draws, and few
colours, used alike on every chart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

ACCENT = {False: "#0f766e", True: "#2dd4bf"}
MUTED = {False: "#b45309", True: "#fbbf24"}
INK = {False: "#374151", True: "#d1d5db"}
SOFT = {False: "#8cc3bd", True: "#1c756b"}
FAINT = {False: "#b9bec6", True: "#5b6472"}
"""Lighter sisters of ACCENT and INK: a legend does not show what is merely transparent."""
GRID = {False: "#e5e7eb", True: "#374151"}
HOVER_TIME = "%{x|%Y-%m-%d %H:%M}"
MIN_BUCKETS = 12
FONTS = 'system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif'


def questions_chart(frame: pd.DataFrame, width: timedelta, say: Mapping[str, str], dark: bool) -> Figure:
    """Questions by hour or day (`width`), from columns `at` and `questions`."""
    import plotly.graph_objects as go

    bars = go.Bar(
        x=_moments(frame),
        y=frame["questions"].tolist(),
        width=width.total_seconds() * 1000 * 0.7,
        marker_color=ACCENT[dark],
        hovertemplate=f"{HOVER_TIME}<br>%{{y}}<extra></extra>",
    )
    figure = _laid_out(go.Figure(bars), say["chart_questions"], dark)
    _count_axis(figure.update_yaxes, frame["questions"].tolist())
    return _over_time(figure, frame, width)


def latency_chart(
    frame: pd.DataFrame, width: timedelta, title: str, say: Mapping[str, str], dark: bool
) -> Figure:
    """Median and 95th percentile over time, from columns `at`, `p50`, `p95` in seconds."""
    import plotly.graph_objects as go

    figure = go.Figure()
    styles = (("p95", MUTED[dark], "dot", "circle-open", 11), ("p50", ACCENT[dark], "solid", "circle", 7))
    for column, colour, dash, symbol, size in styles:
        figure.add_trace(
            go.Scatter(
                x=_moments(frame),
                y=frame[column].tolist(),
                name=say[column],
                mode="lines+markers",
                line={"color": colour, "dash": dash, "width": 2},
                marker={"size": size, "symbol": symbol},
                hovertemplate=f"{HOVER_TIME}<br>%{{y:.2f}}{say['second']}<extra>{say[column]}</extra>",
            )
        )
    figure = _laid_out(figure, title, dark)
    figure.update_yaxes(rangemode="tozero", tickformat=".3~f", nticks=6)
    figure.update_layout(margin={"t": 84})  # the legend has a row of its own, beneath the title
    return _over_time(figure, frame, width)


def counts_chart(frame: pd.DataFrame, title: str, prefix: str, say: Mapping[str, str], dark: bool) -> Figure:
    """How often each key came, from columns `key` and `turns`; a key reads `say[prefix + key]`."""
    labels = [say.get(f"{prefix}{key}", key) for key in frame["key"]]
    counts = frame["turns"].tolist()
    figure = _ranked(labels, counts, counts, "%{y}<br>%{x}<extra></extra>", title, dark)
    _count_axis(figure.update_xaxes, counts)
    return figure


def fidelity_chart(frame: pd.DataFrame, say: Mapping[str, str], dark: bool) -> Figure:
    """In how many of a hundred answers the model kept to the language, from columns `key`, `right` and `turns`."""
    labels = [say.get(f"language_{key}", key) for key in frame["key"]]
    rights, counts = frame["right"].tolist(), frame["turns"].tolist()
    shares = [100 * right / count for right, count in zip(rights, counts, strict=True)]
    told = [
        say["fidelity_of"].format(right=right, all=count) for right, count in zip(rights, counts, strict=True)
    ]
    shown = [f"{share:.0f}" for share in shares]
    hover = "%{y}<br>%{x:.1f}%<br>%{customdata}<extra></extra>"
    figure = _ranked(labels, shares, shown, hover, say["chart_fidelity"], dark, told)
    figure.update_xaxes(range=[0, 105], tickvals=[0, 25, 50, 75, 100])
    figure.update_layout(height=max(300, 100 + 28 * len(labels)))
    return figure


def words_chart(frame: pd.DataFrame, width: timedelta, say: Mapping[str, str], dark: bool) -> Figure:
    """Hits of sensitive words by hour or day, one part of a bar for each action, from columns `at` and the actions."""
    import plotly.graph_objects as go

    looks = (("block", MUTED), ("handoff", ACCENT), ("replace", SOFT), ("flag", FAINT))
    figure = go.Figure()
    for action, colour in looks:
        if action in frame:
            figure.add_trace(
                go.Bar(
                    x=_moments(frame),
                    y=frame[action].tolist(),
                    name=say[f"does_{action}"],
                    width=width.total_seconds() * 1000 * 0.7,
                    marker_color=colour[dark],
                    hovertemplate=f"{HOVER_TIME}<br>%{{y}}<extra>{say[f'does_{action}']}</extra>",
                )
            )
    figure = _laid_out(figure, say["chart_words"], dark)
    totals = frame.drop(columns="at").sum(axis=1).astype(int).tolist()
    _count_axis(figure.update_yaxes, totals)
    figure.update_layout(barmode="stack", showlegend=True, margin={"t": 84})
    figure.update_layout(legend={"traceorder": "normal"})
    return _over_time(figure, frame, width)


def _moments(frame: pd.DataFrame) -> list[str]:
    return [moment.isoformat() for moment in frame["at"]]


def _count_axis(update: Callable[..., Any], counts: list[int]) -> None:
    """Whole numbers only, from zero."""
    highest = max(counts, default=0)
    update(rangemode="tozero", tickformat="d", **({"dtick": 1} if highest < 6 else {"nticks": 6}))


def _over_time(figure: Figure, frame: pd.DataFrame, width: timedelta) -> Figure:
    """A time axis in digits, the same in every language, never so narrow that it shows fractions."""
    if not frame.empty:
        first, last = frame["at"].min(), frame["at"].max() + width
        middle = first + (last - first) / 2
        half = max((last - first) / 2, width * MIN_BUCKETS / 2)
        figure.update_xaxes(range=[(middle - half).isoformat(), (middle + half).isoformat()])
    hourly = width < timedelta(days=1)
    figure.update_xaxes(
        type="date", tickformat="%H:%M<br>%m-%d" if hourly else "%m-%d", nticks=7, tickangle=0
    )
    return figure


def _ranked(
    labels: Sequence[str],
    values: Sequence[float],
    shown: Sequence[Any],
    hover: str,
    title: str,
    dark: bool,
    told: Sequence[str] | None = None,
) -> Figure:
    """A bar for each label from the top, with what is `shown` at its end; one lonely bar is no thicker than one of four."""
    import plotly.graph_objects as go

    bars = go.Bar(
        x=values,
        y=labels,
        width=0.6,
        orientation="h",
        marker_color=ACCENT[dark],
        text=shown,
        textposition="outside",
        cliponaxis=False,
        customdata=told,
        hovertemplate=hover,
    )
    figure = _laid_out(go.Figure(bars), title, dark)
    figure.update_yaxes(range=[max(len(labels), 4) - 0.5, -0.5], automargin=True, showgrid=False)
    # What stands at the end of the longest bar has its room on a phone, too.
    figure.update_layout(margin={"r": 44})
    return figure


def _laid_out(figure: Figure, title: str, dark: bool) -> Figure:
    axis: dict[str, Any] = {"gridcolor": GRID[dark], "zeroline": False, "linecolor": GRID[dark]}
    figure.update_layout(
        template="none",
        title={
            "text": title,
            "x": 0,
            "xref": "container",
            "y": 0.95,
            "yanchor": "top",
            "pad": {"l": 12},
            "font": {"size": 15},
        },
        font={"family": FONTS, "size": 13, "color": INK[dark]},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        height=300,
        margin={"l": 48, "r": 16, "t": 56, "b": 40},
        legend={
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.0,
            "yanchor": "bottom",
            "traceorder": "reversed",
        },
        xaxis=axis,
        yaxis=axis,
    )
    return figure
