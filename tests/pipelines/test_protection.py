"""Steps 2, 3 and 10 of an answer: what the engine receives, what the database holds, what each reader is told."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from core.events import Delta, Finished, Handoff
from core.messages import BusinessLine, Mode, Sampling
from core.ports import EngineChunk, GenerationRequest, TranscriptFilter
from core.words import Action, WordList
from pipelines.conceal import hide
from storage.database import Database
from storage.transcripts import SqlTranscriptReader
from tests.pipelines.test_answer import CONTACT, House, finished
from tests.support.canaries import CANARIES, SENTENCE, leaks
from tests.support.keys import MASTER

PHONE = CANARIES["phone"]


class Scripted(House):
    """Its engine says these pieces, whatever is asked, or the prompt where there are none."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.pieces: list[str] = []
        self.transcripts = SqlTranscriptReader(database, hide)
        echo = self.engine.stream

        async def stream(request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
            if not self.pieces:
                async for chunk in echo(request):
                    yield chunk
                return
            self.engine.requests.append(request)
            try:
                for piece in self.pieces:
                    yield EngineChunk(text=piece, engine="echo")
                    await asyncio.sleep(0)
                yield EngineChunk(finish_reason="stop")
            finally:
                self.engine.closed.set()

        self.engine.stream = stream  # type: ignore[method-assign]

    async def forbid(self, action: Action, *words: str) -> None:
        some = WordList(
            id=action, name=f"{action} list", category="test", action=action, words=words, count=len(words)
        )
        await self.words.put(some)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Scripted]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = Scripted(database)
    await made.lines.put(BusinessLine(id="shop", names={}, bases=["shop"], contact={"zh": CONTACT}))
    yield made
    await database.aclose()


async def test_the_engine_reads_placeholders_and_the_customer_their_own_words(house: Scripted) -> None:
    house.pieces = ["好的，我会打给[PHO", "NE_1]，不会打给[PHONE_2]。"]
    end = finished(await house.ask(f"请打{PHONE}给我，别打这个：{SENTENCE}"))
    request = house.engine.requests[-1]
    assert set(leaks(repr(request).encode())) == set()
    assert end.text == f"好的，我会打给{PHONE}，不会打给+44 7911 123456。"
    (mine,) = await house.log.turns(end.conversation_id, "chat:1")
    assert (mine.question.startswith(f"请打{PHONE}"), mine.record.answer) == (True, end.text)
    (theirs,) = await house.transcripts.turns(TranscriptFilter())
    assert set(leaks(repr(theirs).encode())) == set()
    assert theirs.record.answer == "好的，我会打给[PHONE_1]，不会打给[PHONE_2]。"


async def test_a_number_is_the_same_one_in_every_turn(house: Scripted) -> None:
    first = finished(await house.ask(f"我的手机号是{PHONE}"))
    await house.ask("换成 13800138000 吧", conversation_id=first.conversation_id)
    await house.ask("还是 139 5827 1046 好", conversation_id=first.conversation_id)
    said = [message.content for message in house.engine.requests[-1].messages if message.role == "user"]
    assert said == ["我的手机号是[PHONE_1]", "换成 [PHONE_2] 吧", "还是 [PHONE_1] 好"]


async def test_questions_at_once_in_one_conversation_never_share_a_placeholder(house: Scripted) -> None:
    first = finished(await house.ask("你好"))
    numbers = [f"1395827{number:04}" for number in range(20)]
    house.pieces = ["[PHONE_1] [PHONE_2] [PHONE_3]"]
    await asyncio.gather(
        *(house.ask(f"我的手机是{number}", conversation_id=first.conversation_id) for number in numbers)
    )
    entries = await house.log.vault(first.conversation_id, "chat:1")
    assert sorted(entry.value for entry in entries) == numbers
    assert len({entry.placeholder for entry in entries}) == 20
    turns = await house.transcripts.conversation(first.conversation_id)
    named = {entry.placeholder: entry.value for entry in entries}
    mine = await house.log.turns(first.conversation_id, "chat:1")
    for masked, plain in zip(turns[1:], mine[1:], strict=True):
        assert f"我的手机是{named[masked.question.removeprefix('我的手机是')]}" == plain.question


async def test_another_customers_placeholder_says_nothing(house: Scripted) -> None:
    await house.ask(f"我的手机号是{PHONE}", owner="chat:2")
    house.pieces = ["[PHONE_1]"]
    assert finished(await house.ask("我的手机号是多少?")).text == "[PHONE_1]"


async def test_a_message_of_numbers_alone_is_answered_in_the_conversations_language(house: Scripted) -> None:
    first = finished(await house.ask("我要改绑手机号,应该怎么操作?"))
    second = finished(await house.ask(PHONE, conversation_id=first.conversation_id))
    assert second.language == "zh"


async def test_json_with_the_customers_words_in_it_stays_json(house: Scripted) -> None:
    house.pieces = ['{"email": "[EMAIL_1]"}']
    sampling = Sampling(extra={"response_format": {"type": "json_object"}})
    end = finished(await house.ask(f"邮箱{CANARIES['email']}", sampling=sampling))
    assert end.text == f'{{"email": "{CANARIES["email"]}"}}'


async def test_a_blocked_question_never_reaches_the_engine(house: Scripted) -> None:
    await house.forbid("block", "走私香烟")
    events = await house.ask("有 走·私香 烟 吗?")
    end = finished(events)
    assert (end.mode, end.finish_reason, house.engine.requests) == (Mode.REFUSED, "content_filter", [])
    assert any(isinstance(event, Handoff) for event in events)
    assert CONTACT in end.text
    (hit,) = await house.words.hits()
    assert (hit.direction, hit.action, hit.turn_id) == ("input", "block", end.turn_id)


async def test_a_word_may_call_a_person_or_only_be_noted_or_replaced(house: Scripted) -> None:
    await house.forbid("handoff", "我要起诉")
    await house.forbid("flag", "差评")
    await house.forbid("replace", "笨蛋")
    sued = finished(await house.ask("我要起诉你们"))
    assert sued.handoff is not None
    assert (sued.mode, sued.handoff.reason) == (Mode.HANDOFF, "sensitive")
    finished(await house.ask("你们这些笨蛋，我要给差评"))
    assert house.engine.requests[-1].messages[-1].content == "你们这些***，我要给差评"
    assert sorted(hit.action for hit in await house.words.hits()) == ["flag", "handoff", "replace"]


async def test_an_answer_stops_before_a_forbidden_word(house: Scripted) -> None:
    await house.forbid("block", "走私香烟")
    house.pieces = ["我们有走", "私香", "烟，", "还有别的", "!" * 50]
    events = await house.ask("你们卖什么?")
    shown = "".join(event.text for event in events if isinstance(event, Delta))
    end = finished(events)
    assert (end.mode, end.finish_reason) == (Mode.REFUSED, "content_filter")
    assert shown == end.text
    assert shown.startswith("我们有\n\n抱歉")
    assert "走" not in shown
    assert house.engine.closed.is_set(), "the engine was stopped"
    (stored,) = await house.log.turns(end.conversation_id, "chat:1")
    assert stored.record.answer == end.text
    (hit,) = await house.words.hits()
    assert hit.direction == "output"


async def test_an_answer_may_lead_to_a_person(house: Scripted) -> None:
    await house.forbid("handoff", "法律责任")
    house.pieces = ["这涉及法律", "责任。"]
    end = finished(await house.ask("要赔钱吗?"))
    assert end.handoff is not None
    assert (end.mode, end.handoff.reason) == (Mode.GENERATED, "sensitive")
    assert end.text.startswith("这涉及法律责任。\n\n")
    assert CONTACT in end.text


async def test_what_was_left_unmasked_by_a_dead_process_is_masked_for_operators(house: Scripted) -> None:
    from core.messages import Question

    await house.log.begin(Question(SENTENCE, owner="chat:9", channel="chat", request_id="r"), "shop")
    (turn,) = await house.transcripts.turns(TranscriptFilter())
    assert set(leaks(repr(turn).encode())) == set()
    assert "[PHONE_1]" in turn.question


async def test_the_first_event_comes_before_the_engine_is_asked_and_after_masking(house: Scripted) -> None:
    events = await house.ask(f"我的手机号是{PHONE}")
    assert isinstance(events[-1], Finished)
    assert {"record", "mask", "screen", "language", "retrieve"} <= set(events[-1].timings)
