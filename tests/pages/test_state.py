"""What a visitor has open, without Gradio: exchanges, retries, thumbs, and that visitors share nothing."""

from copy import deepcopy
from datetime import UTC, datetime

from core.messages import Mode, StoredTurn, TurnRecord, TurnStatus
from pages.state import ChatState


def stored(number: int, score: int | None = None) -> StoredTurn:
    record = TurnRecord(f"answer {number}", Mode.QUOTED, TurnStatus.DONE, "en", "quoted")
    return StoredTurn(
        f"turn{number}", "c1", datetime(2026, 11, 23, tzinfo=UTC), f"question {number}", record, "console",
        "shop", f"req{number}", score,
    )  # fmt: skip


def opened() -> ChatState:
    state = ChatState()
    state.open("c1", [stored(0, 1), stored(1), stored(2, -1)], "en")
    return state


def test_two_messages_an_exchange_and_their_thumbs() -> None:
    state = opened()
    assert [message["role"] for message in state.messages()] == ["user", "assistant"] * 3
    assert state.feedback() == ["Like", None, "Dislike"]
    assert state.line == "shop"
    found = state.exchange_at(3)
    assert found is not None
    assert found.turn_id == "turn1"


def test_a_retry_replaces_the_turn_and_all_after_it() -> None:
    state = opened()
    exchange, replaced = state.ask("question 1, put better", replaces=1)
    assert replaced == "turn1"
    assert [each.question for each in state.exchanges] == ["question 0", "question 1, put better"]
    assert state.exchanges[-1] is exchange


def test_a_new_answer_stops_the_one_before() -> None:
    state = ChatState()
    first = state.begin_answer()
    second = state.begin_answer()
    assert first.is_set()
    assert not second.is_set()
    state.clear()
    assert second.is_set()


def test_sessions_share_nothing() -> None:
    # Gradio copies the initial value for every session.
    initial = ChatState()
    one, other = deepcopy(initial), deepcopy(initial)
    one.ask("mine")
    one.begin_answer()
    assert other.exchanges == []
    assert other.stopping is None
    assert initial.exchanges == []


def test_a_message_that_is_not_there() -> None:
    assert opened().exchange_at(99) is None
    assert opened().exchange_at(-1) is None


def test_a_question_is_shown_as_typed() -> None:
    state = ChatState()
    state.ask("<b>a & b</b>")
    assert state.messages()[0]["content"] == "&lt;b>a &amp; b&lt;/b>"
