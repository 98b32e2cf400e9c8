"""The figures of an A/B test as HTML: a table of both sides, each difference with its interval drawn small.

Knows nothing of how they are computed: `figures` is what pipelines.arms.figures gives.
"""

from collections.abc import Mapping
from typing import Any

from pages.lists import table, text

WIDTH, HEIGHT = 160, 20
"""Of a drawn interval, in its own units."""
RATES = ("resolved", "handed_over", "liked")
TIMES = ("total_ms", "first_token_ms")


def verdict_line(figures: Mapping[str, Any], minimum: int, say: Mapping[str, str], *, over: bool) -> str:
    """What may be concluded, in a sentence."""
    sides, verdict = figures["sides"], figures["verdict"]
    sentence = say[f"ab_over_{verdict}" if over else f"ab_{verdict}"].format(
        version=sides["challenger"]["version"],
        minimum=minimum,
        champion=sides["champion"]["conversations"],
        challenger=sides["challenger"]["conversations"],
    )
    kind = "yes" if verdict == "challenger_better" else "no"
    shown = f'<p class="xq-verdict {kind}" role="status">{text(sentence)}</p>'
    split = figures["split"]
    if split["honoured"] or split["seen"] is None:
        return shown
    askew = say["ab_askew"].format(seen=percent(split["seen"]), asked=percent(split["asked"]))
    return f'{shown}<p class="xq-verdict no">{text(askew)}</p>'


def figures_table(figures: Mapping[str, Any], say: Mapping[str, str]) -> str:
    champion, challenger = figures["sides"]["champion"], figures["sides"]["challenger"]
    head = [
        say["ab_figure"],
        f"{say['ab_side_champion']} v{champion['version']}",
        f"{say['ab_side_challenger']} v{challenger['version']}",
        say["ab_difference"],
    ]
    rows = [
        [
            text(say["ab_conversations"]),
            f"{champion['conversations']:,}",
            f"{challenger['conversations']:,}",
            "",
        ]
    ]
    for name in RATES:
        change = figures["differences"][name]
        if name == "resolved" and change:
            always = figures["differences"]["resolved_whenever_looked"]
            change = {**change, "low": always["low"], "high": always["high"]}
        drawn = _change(change, say[f"ab_{name}"], _points(say), say)
        rows.append(
            [text(say[f"ab_{name}"]), _rate(champion, name, say), _rate(challenger, name, say), drawn]
        )
    for name in TIMES:
        change = figures["differences"][name]
        drawn = _change(change, say[f"ab_{name}"], _seconds(say, signed=True), say)
        rows.append(
            [text(say[f"ab_{name}"]), _time(champion, name, say), _time(challenger, name, say), drawn]
        )
    return f'<div class="xq-ab">{table(say["prompts_experiments"], head, rows)}</div>'


def percent(value: float) -> str:
    return f"{value * 100:.1f}%"


def _rate(side: Mapping[str, Any], name: str, say: Mapping[str, str]) -> str:
    found = side[name]
    if found["rate"] is None:
        return f'<span class="xq-meta">{text(say["ab_unknown"])}</span>'
    range_ = f"{found['low'] * 100:.1f}–{found['high'] * 100:.1f}%"
    rated = f" · {say['ab_of'].format(of=found['of'])}" if name == "liked" else ""
    return f'{percent(found["rate"])} <span class="xq-meta">{text(range_ + rated)}</span>'


def _time(side: Mapping[str, Any], name: str, say: Mapping[str, str]) -> str:
    found, seconds = side[name], _seconds(say)
    if found["p50"] is None:
        return f'<span class="xq-meta">{text(say["ab_unknown"])}</span>'
    return text(say["ab_spread"].format(p50=seconds(found["p50"]), p95=seconds(found["p95"])))


def _change(change: Mapping[str, Any] | None, figure: str, shown: "_Shown", say: Mapping[str, str]) -> str:
    """The difference in words and as a dot on its interval, with zero marked."""
    if change is None:
        return f'<span class="xq-meta">{text(say["ab_unknown"])}</span>'
    difference, low, high = change["difference"], change["low"], change["high"]
    spoken = say["ab_interval"].format(
        figure=figure, change=shown(difference), low=shown(low), high=shown(high)
    )
    return (
        f'<span class="xq-ab-change">{text(shown(difference))}</span>'
        f"{interval(difference, low, high, spoken)}"
        f'<span class="xq-meta">{text(shown.number(low))} … {text(shown(high))}</span>'
    )


def interval(difference: float, low: float, high: float, spoken: str) -> str:
    """An interval from `low` to `high` on a scale with zero in its middle; filled where it does not hold zero."""
    reach = max(abs(low), abs(high)) or 1.0

    def at(value: float) -> float:
        return round(WIDTH / 2 + value / reach * (WIDTH / 2 - 6), 1)

    sure = " xq-ab-sure" if low > 0 or high < 0 else ""
    return (
        f'<svg class="xq-ab-interval{sure}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(spoken)}">'
        f'<line class="xq-ab-zero" x1="{WIDTH / 2}" x2="{WIDTH / 2}" y1="1" y2="{HEIGHT - 1}"/>'
        f'<line class="xq-ab-range" x1="{at(low)}" x2="{at(high)}" y1="{HEIGHT / 2}" y2="{HEIGHT / 2}"/>'
        f'<circle class="xq-ab-dot" cx="{at(difference)}" cy="{HEIGHT / 2}" r="4"/></svg>'
    )


class _Shown:
    """How a difference reads."""

    def __init__(self, template: str, name: str, scale: float, digits: int, *, signed: bool) -> None:
        self._template, self._name, self._scale, self._digits = template, name, scale, digits
        self._sign = "+" if signed else ""

    def __call__(self, value: float) -> str:
        return self._template.format(**{self._name: self.number(value)})

    def number(self, value: float) -> str:
        shown = round(value * self._scale, self._digits) or 0.0  # not −0.00
        sign = self._sign if shown else ""  # what is nothing as it is shown goes neither up nor down
        return f"{shown:{sign}.{self._digits}f}".replace("-", "−")


def _points(say: Mapping[str, str]) -> _Shown:
    return _Shown(say["ab_points"], "change", 100, 1, signed=True)


def _seconds(say: Mapping[str, str], *, signed: bool = False) -> _Shown:
    return _Shown(say["ab_seconds"], "seconds", 0.001, 2, signed=signed)
