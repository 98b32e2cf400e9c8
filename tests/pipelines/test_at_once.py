"""What is answered from memory without waiting, and all that must send a question the whole path instead."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.events import Finished
from core.messages import FrequentRules, Message, Mode, Question, Sampling, TurnStatus
from core.prompts import Trial
from core.words import WordList
from pipelines.at_once import REMEMBERED, AtOnce, stands_alone
from pipelines.words.live import Words
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.words import SqlWordStore
from tests.pipelines.test_approved import ANSWER, LINE, Desk, pair
from tests.support.keys import MASTER

ASKED = "怎么退款?"


class Counter(Desk):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.log, self.words = SqlConversationLog(database), SqlWordStore(database)

    def question(self, text: str = ASKED, **changes: Any) -> Question:
        return replace(Question(text=text, owner="chat:1", channel="chat", request_id="r2"), **changes)

    def at_once(self, text: str = ASKED, **changes: Any) -> Finished | None:
        told = self.pipeline.at_once(self.question(text, **changes))
        return told and told.finished()

    @property
    def lists(self) -> Words:
        words: Words = self.pipeline._screening._words
        return words


@pytest.fixture
async def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    monkeypatch.setattr("storage.lines.KNOWN_SECONDS", 1000.0)  # however busy the machine is
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = Counter(database)
    await made.lines.put(LINE)
    await made.put(pair("怎么退款"))
    yield made
    await made.lists.aclose()
    await database.aclose()


async def test_the_second_of_two_is_answered_at_once_as_the_first_was(counter: Counter) -> None:
    assert counter.at_once() is None
    first = (await counter.ask(ASKED))[-1]
    second = counter.at_once()
    assert isinstance(first, Finished)
    assert second is not None
    same = {"conversation_id": "", "turn_id": "", "timings": {}}
    assert replace(second, **same) == replace(first, **same)
    assert (second.mode, second.text) == (Mode.APPROVED, ANSWER)
    (stored,) = await counter.log.turns(second.conversation_id, "chat:1")
    (usual,) = await counter.log.turns(first.conversation_id, "chat:1")
    assert (stored.id, stored.question, stored.request_id) == (second.turn_id, ASKED, "r2")
    assert replace(stored.record, timings={}) == replace(usual.record, timings={})
    assert stored.record.status is TurnStatus.DONE


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation_id": "conv-1"},
        {"messages": (Message("user", "hi"), Message("user", ASKED))},
        {"system": "Be rude."},
        {"replaces": "turn-1"},
        {"continues": True},
        {"sampling": Sampling(n=2)},
        {"sampling": Sampling(extra={"stop": "."})},
        {"line": "other"},
    ],
)
async def test_only_a_text_that_stands_alone(counter: Counter, changes: dict[str, Any]) -> None:
    await counter.ask(ASKED)
    assert counter.at_once(**changes) is None
    assert counter.at_once() is not None


async def test_other_spellings_go_the_whole_path_first(counter: Counter) -> None:
    await counter.ask(ASKED)
    assert counter.at_once("怎么退款") is None
    assert counter.at_once("怎么退款，我的手机是13800138000") is None


async def test_what_was_masked_or_hit_is_never_remembered(counter: Counter) -> None:
    asked = "我的手机 13800138000,怎么退款"
    await counter.ask(asked)
    assert counter.at_once(asked) is None
    await counter.words.put(WordList("w1", "words", "other", "flag", ("怎么",)))
    await counter.lists.refresh()
    await counter.ask(ASKED)
    assert counter.at_once() is None


async def test_a_changed_word_list_a_changed_line_and_a_changed_answer_are_seen_at_once(
    counter: Counter,
) -> None:
    await counter.ask(ASKED)
    await counter.words.put(WordList("w1", "words", "other", "block", (ANSWER[1:5],)))
    await counter.lists.refresh()
    assert counter.at_once() is None
    await counter.ask(ASKED)  # remembered again, but the answer holds a word
    assert counter.at_once() is None
    await counter.words.delete("w1")
    await counter.lists.refresh()
    await counter.ask(ASKED)
    assert counter.at_once() is not None
    await counter.put(pair("怎么退款", "换一个答案。"))
    assert counter.at_once() is None
    await counter.ask(ASKED)
    changed = counter.at_once()
    assert changed is not None
    assert changed.text == "换一个答案。"
    await counter.lines.put(replace(LINE, frequent=FrequentRules(approved=False)))
    assert counter.at_once() is None
    await counter.ask(ASKED)
    assert counter.at_once() is None


async def test_an_archived_line_answers_nobody(counter: Counter) -> None:
    await counter.ask(ASKED)
    await counter.lines.put(replace(LINE, archived=True))
    assert counter.at_once() is None


async def test_who_may_be_part_of_a_test_is_drawn(counter: Counter) -> None:
    await counter.ask(ASKED)
    line = await counter.lines.get(LINE.id)
    assert line is not None
    tested = replace(line, trial=Trial("e1", 2, 0.5))
    counter.lines._known[LINE.id] = (float("inf"), tested)
    counter.pipeline._at_once.note(counter.question(), tested, counter.lists.at_hand(), "zh")  # type: ignore[union-attr, arg-type]
    assert counter.at_once() is None


async def test_a_line_read_anew_and_unchanged_is_the_same(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.ask(ASKED)
    before = await counter.lines.get(LINE.id)
    monkeypatch.setattr("storage.lines.KNOWN_SECONDS", -1.0)
    assert counter.at_once() is None, "a line that would have to be read is not waited for"
    assert await counter.lines.get(LINE.id) is before
    monkeypatch.setattr("storage.lines.KNOWN_SECONDS", 1000.0)
    assert counter.at_once() is not None


async def test_an_answer_like_a_placeholder_goes_the_whole_path(counter: Counter) -> None:
    await counter.put(pair("怎么退款", "写 [PHONE_1] 就行。"))
    await counter.ask(ASKED)
    assert counter.at_once() is None


async def test_where_the_disk_is_behind_nobody_is_promised_anything(counter: Counter) -> None:
    await counter.ask(ASKED)
    answered = 0
    while counter.at_once() is not None:
        answered += 1
    assert answered > 400, "two transactions' worth"
    told = await counter.pipeline.soon(counter.question())
    assert told is not None, "a moment later there is room"
    await counter.log.conversations("chat:1")
    assert counter.at_once() is not None


async def test_it_remembers_so_many(counter: Counter) -> None:
    await counter.ask(ASKED)
    at_once: AtOnce = counter.pipeline._at_once  # type: ignore[assignment]
    line, lexicon = await counter.lines.get(LINE.id), counter.lists.at_hand()
    assert line is not None
    assert lexicon is not None
    for number in range(REMEMBERED - 1):
        at_once.note(counter.question(f"question {number}"), line, lexicon, "en")
    assert counter.at_once() is not None
    at_once.note(counter.question("one more"), line, lexicon, "en")
    assert len(at_once._seen) == REMEMBERED
    assert counter.at_once() is not None, "what is asked stays"
    assert not stands_alone(counter.question("x" * 501))


async def test_a_rehearsal_is_never_answered_at_once(counter: Counter) -> None:
    await counter.ask(ASKED)
    assert counter.pipeline.rehearsing(counter.lines, counter.log).at_once(counter.question()) is None
