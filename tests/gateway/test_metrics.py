"""What Prometheus reads: closed labels, sums over processes that never fall, and a page that names all of it."""

import asyncio
import re
from pathlib import Path

from prometheus_client import generate_latest

from core.events import Finished
from core.messages import Mode, Usage
from gateway.gathering import Families, Gathered, Remembered, add, families_of, packed, unpacked
from gateway.metrics import MOST_LINES, Metrics
from gateway.tallies import OTHER, Counts, Durations
from tests.gateway.conftest import Running

DOCUMENT = Path(__file__).parents[2] / "docs/metrics.md"


def finished(line: str = "shop", **timings: int) -> Finished:
    return Finished(
        conversation_id="c", turn_id="t", mode=Mode.GENERATED, line=line, language="zh", text="", sources=(),
        handoff=None, timings=timings, finish_reason="stop", usage=Usage(10, 20), engine="openai",
    )  # fmt: skip


def told(metrics: Metrics) -> str:
    return asyncio.run(metrics.exposition()).decode()


def test_an_answer_is_counted_by_line_mode_and_step() -> None:
    metrics = Metrics()
    metrics.finished(finished(record=2, retrieve=40, first_token=60, total=900))
    text = told(metrics)
    assert 'xiaoq_answers_total{engine="openai",line="shop",mode="generated"} 1.0' in text
    assert 'xiaoq_step_seconds_bucket{le="0.025",step="retrieve"} 0.0' in text
    assert 'xiaoq_step_seconds_bucket{le="0.05",step="retrieve"} 1.0' in text
    assert 'xiaoq_step_seconds_sum{step="record"} 0.002' in text
    assert 'xiaoq_first_token_seconds_bucket{engine="openai",le="0.1",mode="generated"} 1.0' in text
    assert 'xiaoq_answer_seconds_count{engine="openai",mode="generated"} 1.0' in text
    assert 'xiaoq_tokens_total{kind="completion"} 20.0' in text
    assert 'xiaoq_process_open_fds{process="house"}' in text


def test_lines_without_end_count_as_other() -> None:
    metrics = Metrics()
    for number in range(MOST_LINES + 50):
        metrics.finished(finished(f"line-{number}", total=1))
    text = told(metrics)
    assert text.count("xiaoq_answers_total{") == MOST_LINES + 1
    assert 'xiaoq_answers_total{engine="openai",line="other",mode="generated"} 50.0' in text


def test_series_are_bounded_whatever_the_labels() -> None:
    counts, durations = Counts("c", "c", ("a", "b"), most=3), Durations("d", "d", ("a",), (1.0,), most=3)
    for number in range(9):
        counts.labels(str(number), "x").inc()
        durations.observe(0.5, str(number))
    for source in (counts, durations):
        (family,) = families_of(source).values()
        assert {label for _, labels in family.samples for key, label in labels if key == "a"} == {
            "0",
            "1",
            "2",
            OTHER,
        }


def count(value: float) -> Families:
    counts = Counts("asked", "Asked.", ("who",))
    counts.labels("me").inc(value)
    return unpacked(packed(families_of(counts)))


def asked(families: Families) -> str:
    return generate_latest(Gathered(families)).decode()


def test_the_sum_does_not_fall_when_a_process_is_followed_by_another() -> None:
    remembered = Remembered()
    remembered.told(1, 1, count(5))
    assert 'asked_total{who="me"} 8.0' in asked(remembered.sum_with(count(3), {1: 1}))
    assert 'asked_total{who="me"} 8.0' in asked(remembered.sum_with(count(3), {})), "it is gone"
    remembered.told(1, 2, count(1))
    assert 'asked_total{who="me"} 9.0' in asked(remembered.sum_with(count(3), {1: 2}))


def test_gauges_of_a_process_that_is_gone_do_not_count() -> None:
    remembered, own = Remembered(), Metrics("worker-1")
    remembered.told(1, 1, families_of(own))
    gone = remembered.sum_with({}, {})
    assert "xiaoq_process_cpu_seconds" in gone
    assert "xiaoq_process_open_fds" not in gone
    both: Families = {}
    add(both, count(1))
    add(both, count(2))
    assert 'asked_total{who="me"} 3.0' in asked(both)


def test_the_page_names_every_metric_and_no_other(site: Running) -> None:
    families = families_of(site.app.state.metrics.registry)
    names = {f"{name}_total" if family.kind == "counter" else name for name, family in families.items()}
    documented = set(re.findall(r"^\| `(xiaoq_\w+)`", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == names
    alerts = set(
        re.findall(r"xiaoq_\w+", (DOCUMENT.parent / "prometheus-alerts.yml").read_text(encoding="utf-8"))
    )
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in alerts} <= names


def test_a_refusal_is_counted_by_its_code(site: Running) -> None:
    metrics: Metrics = site.app.state.metrics
    before = metrics.refused.labels("model_not_found").value
    import httpx

    body = {"model": "nobody", "messages": [{"role": "user", "content": "hi"}]}
    assert httpx.post(f"{site.url}/v1/chat/completions", json=body, timeout=60).status_code == 404
    assert metrics.refused.labels("model_not_found").value == before + 1
