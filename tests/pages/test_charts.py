"""The figures hold the numbers of the turns they were drawn from."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from core.messages import Mode, StoredTurn, TurnRecord, TurnStatus
from core.words import WordHit
from pages.charts import counts_chart, fidelity_chart, latency_chart, questions_chart, words_chart
from pages.console_words import words
from pipelines.reports import (
    bucket,
    fidelity,
    language_counts,
    latency_over_time,
    mode_counts,
    questions_over_time,
    word_categories,
    words_over_time,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai


def turn(
    minutes: int, total: int | None, mode: Mode | None = Mode.QUOTED, language: str = "zh"
) -> StoredTurn:
    timings = {} if total is None else {"total": total, "first_token": total // 2}
    record = TurnRecord("", mode, TurnStatus.DONE, language, "quoted", timings=timings)
    at = START + timedelta(minutes=minutes)
    return StoredTurn(f"t{minutes}", "c", at, "?", record, "chat", "shop", "r")


TURNS = [turn(0, 1000), turn(10, 3000), turn(60, 5000, Mode.HANDOFF, "en"), turn(200, None, None)]


def test_questions_are_counted_by_the_readers_hour() -> None:
    frame = questions_over_time(TURNS, SHANGHAI)
    assert frame["at"].iloc[0].isoformat() == "2026-11-22T23:00:00"
    assert frame["questions"].tolist() == [2, 1, 0, 1]


def test_a_longer_span_is_counted_by_day() -> None:
    turns = [turn(0, 1), turn(60, 1), turn(60 * 24 * 3, 1)]
    assert bucket(turns) == timedelta(days=1)
    assert questions_over_time(turns, SHANGHAI)["questions"].tolist() == [1, 1, 0, 1]


def test_percentiles_in_seconds() -> None:
    frame = latency_over_time(TURNS, "total", SHANGHAI)
    assert frame["p50"].tolist() == [2.0, 5.0]
    assert frame["p95"].round(2).tolist() == [2.9, 5.0]
    assert latency_over_time(TURNS, "first_token", SHANGHAI)["p50"].tolist() == [1.0, 2.5]


def test_no_answers_give_empty_frames_and_figures() -> None:
    frame = latency_over_time([turn(0, None)], "total", SHANGHAI)
    assert frame.columns.tolist() == ["at", "p50", "p95"]
    assert frame.empty
    assert latency_chart(frame, timedelta(hours=1), "t", words("en"), False).to_json()


def test_modes_and_languages_are_counted() -> None:
    assert dict(mode_counts(TURNS).values.tolist()) == {"quoted": 2, "handoff": 1, "none": 1}
    assert dict(language_counts(TURNS).values.tolist()) == {"zh": 3, "en": 1}


def test_titles_state_the_unit_in_the_readers_language() -> None:
    say = words("zh")
    figure = questions_chart(questions_over_time(TURNS, SHANGHAI), bucket(TURNS), say, True)
    assert figure.layout.title.text == "提问数（次）"
    assert list(figure.data[0].y) == [2, 1, 0, 1]
    named = counts_chart(mode_counts(TURNS), say["chart_modes"], "mode_", say, False)
    assert named.data[0].y[0] == "资料原文"


def test_both_percentiles_are_drawn_and_told_apart_without_colour() -> None:
    frame = latency_over_time(TURNS, "total", SHANGHAI)
    figure = latency_chart(frame, bucket(TURNS), "title", words("en"), False)
    assert {trace.line.dash for trace in figure.data} == {"solid", "dot"}
    assert {trace.name for trace in figure.data} == {"Median (p50)", "Slowest 5% (p95)"}


def test_hits_of_words_are_stacked_by_action_and_counted_by_category() -> None:
    hits = [
        WordHit(START + timedelta(minutes=minutes), "shop", None, "input", "l", "L", category, action, number)
        for minutes, category, action, number in (
            (0, "abuse", "replace", 2), (10, "legal", "handoff", 1), (130, "abuse", "replace", 3),
        )
    ]  # fmt: skip
    frame = words_over_time(hits, SHANGHAI)
    assert frame["replace"].tolist() == [2, 0, 3]
    assert frame["handoff"].tolist() == [1, 0, 0]
    assert word_categories(hits).values.tolist() == [["abuse", 5], ["legal", 1]]
    figure = words_chart(frame, timedelta(hours=1), words("zh"), False)
    assert [trace.name for trace in figure.data] == ["转人工", "替换"]
    assert figure.layout.title.text == "敏感词命中（次）"


def test_fidelity_counts_the_answers_whose_language_is_known() -> None:
    def answered(language: str, answer: str | None) -> StoredTurn:
        one = turn(0, 1, Mode.GENERATED, language)
        return replace(one, record=replace(one.record, answer_language=answer))

    turns = [*[answered("de", "de")] * 3, answered("de", "en"), answered("de", None), answered("zh", "zh")]
    frame = fidelity(turns)
    assert frame.values.tolist() == [["de", 3, 4], ["zh", 1, 1]]
    for language, title, name, hover in (
        ("en", "Answers in the customer's language (%)", "German", "3 of 4"),
        ("zh", "用提问语言作答的比例（%）", "德文", "3 / 4 次"),
    ):
        figure = fidelity_chart(frame, words(language), False)
        assert figure.layout.title.text == title
        assert (figure.data[0].y[0], list(figure.data[0].x), figure.data[0].customdata[0]) == (
            name,
            [75, 100],
            hover,
        )
    assert fidelity([answered("de", None)]).empty
