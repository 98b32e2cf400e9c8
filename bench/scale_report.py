"""The table and the curves of bench.scale. Knows no index."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
Line = tuple[str, str, Sequence[tuple[float, float]]]

_COLUMNS = (
    ("chunks", "chunks", "{:,.0f}"),
    ("build_per_s", "indexed/s", "{:,.0f}"),
    ("build_per_cpu_s", "a CPU second", "{:,.0f}"),
    ("open_s", "open, s", "{:.2f}"),
    ("p50_ms", "query p50, ms", "{:.1f}"),
    ("p95_ms", "p95", "{:.1f}"),
    ("p99_ms", "p99", "{:.1f}"),
    ("cpu_ms", "CPU p95, ms", "{:.1f}"),
    ("own_mb", "memory, MB", "{:,.0f}"),
    ("mapped_mb", "mapped files, MB", "{:,.0f}"),
    ("worker_mb", "worker's peak, MB", "{:,.0f}"),
    ("disk_mb", "disk, MB", "{:,.0f}"),
    ("hit1", "hit@1", "{:.1f}"),
    ("hit5", "hit@5", "{:.1f}"),
)
_OURS, _THEIRS = "#2563eb", "#94a3b8"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 540, 320, 70, 50, 44, 40


def report(measured: Iterable[Figures], docs: Path | None) -> None:
    """Print each size as soon as it is measured; at the end, with `docs`, write the table and the
    drawings."""
    rows = []
    print(_header(), flush=True)
    for one in measured:
        rows.append(one)
        for line in _lines(one):
            print(line, flush=True)
        print(f"(load of the machine {one['load']:.1f})", flush=True)
    if docs is not None:
        (docs / "images").mkdir(exist_ok=True)
        for name, title, key in (
            ("build", "Indexing: chunks per second", "build_per_s"),
            ("query", "One question, 95th percentile: milliseconds", "p95_ms"),
            ("memory", "Memory of the app's process: MB", "own_mb"),
        ):
            (docs / "images" / f"scale-{name}.svg").write_text(
                _drawing(title, _curves(rows, key)), encoding="utf-8"
            )
        table = "\n".join([_header(), *(line for one in rows for line in _lines(one))])
        _replace(docs / "scale.md", table)


def _header() -> str:
    names = ["", *(name for _, name, _ in _COLUMNS)]
    return f"| {' | '.join(names)} |\n|{'---|' * len(names)}"


def _lines(one: Figures) -> Iterable[str]:
    for name, figures in (("XiaoQ", one["xiaoq"]), ("bm25s", one["bm25s"])):
        if figures is not None:
            known = {"chunks": one["chunks"], **figures}
            cells = [form.format(known[key]) if key in known else "" for key, _, form in _COLUMNS]
            yield f"| {name} | {' | '.join(cells)} |"


def _replace(path: Path, table: str) -> None:
    """Put the table between the two marks of the page."""
    begin, end = "<!-- measured -->", "<!-- /measured -->"
    page = path.read_text(encoding="utf-8")
    head, _, rest = page.partition(begin)
    tail = rest.partition(end)[2]
    path.write_text(f"{head}{begin}\n{table}\n{end}{tail}", encoding="utf-8")


def _curves(rows: Sequence[Figures], key: str) -> list[Line]:
    lines = []
    for name, colour, who in (("XiaoQ", _OURS, "xiaoq"), ("bm25s", _THEIRS, "bm25s")):
        points = [(one["chunks"], one[who][key]) for one in rows if one[who] and key in one[who]]
        lines.append((name, colour, points))
    return lines


def _drawing(title: str, lines: Sequence[Line]) -> str:
    """Both axes logarithmic, a tick every power of ten."""
    every = [point for _, _, points in lines for point in points]
    xs, ys = _span([x for x, _ in every]), _span([max(y, 0.1) for _, y in every])

    def at(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - xs[0]) / (xs[1] - xs[0])
        up = (math.log10(max(y, 0.1)) - ys[0]) / (ys[1] - ys[0])
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _BOTTOM - _TOP),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        f' aria-label="{title}" font-family="system-ui, sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15" font-weight="600" fill="#111827">{title}</text>',
    ]
    for power in range(ys[0], ys[1] + 1):
        y = at(10 ** xs[0], 10**power)[1]
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e5e7eb"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{10**power:,g}", "end"))
    for power in range(xs[0], xs[1] + 1):
        parts.append(_text(at(10**power, 10 ** ys[0])[0], _HEIGHT - _BOTTOM + 20, f"{10**power:,}", "middle"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, "chunks", "middle"))
    for name, colour, points in lines:
        if points:
            placed = [at(x, y) for x, y in points]
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
            parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in placed]
            parts.append(_text(placed[-1][0] - 8, placed[-1][1] - 10, name, "end", colour))
    return "\n".join([*parts, "</svg>\n"])


def _span(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#4b5563") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{text}</text>'
