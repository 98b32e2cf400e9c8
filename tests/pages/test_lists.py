"""Lists escape what people wrote, and say what they are for."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from core.messages import ConversationSummary
from pages.analytics_handlers import filter_of
from pages.lists import conversations_table, history_list, marked, size
from pages.reader import reader_of

NOW = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
HOSTILE = "<img src=x onerror=alert(1)> ${x} {{y}}"


def conversation(title: str) -> ConversationSummary:
    return ConversationSummary("c1", "shop", "chat", "chat:1", NOW, NOW, 2, title, "zh", True)


def test_what_people_wrote_is_text() -> None:
    pages = [
        history_list([conversation(HOSTILE)], "c1", ZONE, "zh"),
        conversations_table([conversation(HOSTILE)], {}, ZONE, "zh"),
    ]
    for page in pages:
        assert "<img" not in page
        assert "${" not in page
        assert "{{" not in page


def test_the_open_conversation_is_marked_and_times_are_local() -> None:
    shown = history_list([conversation("退货")], "c1", ZONE, "zh")
    assert 'aria-current="true"' in shown
    assert "2026-11-23 12:05" in shown


def test_empty_lists_say_what_to_do_next() -> None:
    assert "Type a question" in history_list([], None, ZONE, "en")


def test_sizes_and_readers() -> None:
    assert [size(870), size(12_288), size(3_565_158)] == ["870 B", "12 KB", "3.4 MB"]
    assert reader_of("Asia/Shanghai|dark").dark
    assert str(reader_of("../../etc/passwd|light").zone) == "UTC"
    assert str(reader_of(None).zone) == "UTC"


def test_the_last_day_of_a_range_is_shown_whole() -> None:
    where = filter_of("custom", "2026-11-01", "2026-11-02", "all", "quoted", ZONE)
    assert where is not None
    assert where.since == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert where.until == datetime(2026, 11, 2, 16, tzinfo=UTC)
    assert (where.line, where.mode) == (None, "quoted")
    assert filter_of("custom", "yesterday", "", None, None, ZONE) is None
    everything = filter_of("all", "", "", None, None, ZONE)
    assert everything is not None
    assert everything.since is None


def test_placeholders_stand_out_and_what_is_in_a_tag_stays() -> None:
    assert marked("call [ID_CARD_12] &lt;b&gt; [2] [~PHONE_1]") == (
        "call <mark>[ID_CARD_12]</mark> &lt;b&gt; [2] [~PHONE_1]"
    )
    assert marked('<a href="/[PHONE_1]">[PHONE_1]</a>') == '<a href="/[PHONE_1]"><mark>[PHONE_1]</mark></a>'
