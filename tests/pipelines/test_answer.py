"""The path of one question: what is stored, what the engine receives, what the reader is told."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from core.documents import Chunk
from core.errors import (
    ContextOverflow,
    EngineBroken,
    EngineError,
    EngineRejected,
    NotFound,
    StorageUnavailable,
)
from core.events import Delta, Event, Failed, Finished, Handoff, Sources, Started
from core.messages import BusinessLine, Message, Mode, Passage, Question, Retrieval, TurnStatus
from core.ports import EngineChunk, EngineKind, GenerationRequest, Health
from pipelines.answer import AnswerPipeline
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.lines import SqlLineStore
from storage.words import SqlWordStore
from tests.support.keys import MASTER
from tests.support.versions import versions
from tests.support.words import screening

SHIPPING = Passage(
    id="p1", base="shop", document_id="d1", document="faq.csv", title="发货", location="第 2 行",
    text="付款后 48 小时内发货。", score=0.9, kind="faq", question="什么时候发货?",
)  # fmt: skip
CONTACT = "请拨打 400-000-0000。"


class EchoEngine:
    """Answers with the prompt it was given, in two pieces; keeps every request. Fails as told."""

    name = "echo"
    kind: EngineKind = "model"
    context_tokens = 8192

    def __init__(self) -> None:
        self.requests: list[GenerationRequest] = []
        self.fail_first: list[EngineError] = []
        self.break_after: int | None = None
        self.hold: asyncio.Event | None = None
        self.at_once = False
        self.closed = asyncio.Event()
        self.when_asked: Callable[[], None] = lambda: None

    async def start(self) -> None:
        return None

    async def health(self) -> Health:
        return Health(ready=True)

    async def aclose(self) -> None:
        return None

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        self.requests.append(request)
        self.when_asked()
        if self.fail_first:
            raise self.fail_first.pop(0)
        try:
            for number, piece in enumerate(("ECHO:", request.messages[0].content)):
                if number == self.break_after:
                    raise EngineBroken("The engine stopped in the middle of its answer.")
                yield EngineChunk(text=piece, engine=self.name, more=self.at_once)
                if self.hold:
                    await self.hold.wait()
            yield EngineChunk(finish_reason="stop")
        finally:
            self.closed.set()


class OnePassage:
    """Knows one thing."""

    def __init__(self) -> None:
        self.passages: Sequence[Passage] = [SHIPPING]

    async def retrieve(self, bases: Sequence[str], question: str, k: int = 5) -> Retrieval:
        return Retrieval(self.passages, answerable=bool(self.passages), threshold=0.4)

    async def among(self, chunks: Sequence[Chunk], question: str, k: int = 5) -> Retrieval:
        raise AssertionError("no conversation here has files")


class House:
    """A pipeline over a real database."""

    def __init__(self, database: Database) -> None:
        self.log = SqlConversationLog(database)
        self.lines = SqlLineStore(database)
        self.engine = EchoEngine()
        self.retriever = OnePassage()
        self.words = SqlWordStore(database)
        self.pipeline = AnswerPipeline(
            self.log,
            self.lines,
            self.retriever,
            self.engine,
            "shop",
            SqlAttachmentStore(database),
            screening(database),
            versions(database),
        )

    async def ask(self, text: str, **changes: object) -> list[Event]:
        question = Question(text=text, owner="chat:1", channel="chat", request_id="r1")
        return [event async for event in self.pipeline.ask(replace(question, **changes))]  # type: ignore[arg-type]

    async def stored(self, events: Sequence[Event]) -> TurnStatus:
        started = events[0]
        assert isinstance(started, Started)
        return (await self.log.turns(started.conversation_id, "chat:1"))[-1].record.status


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = House(database)
    await made.lines.put(
        BusinessLine(id="shop", names={"zh": "商城"}, bases=["shop"], contact={"zh": CONTACT},
                     greeting={"zh": "您好,我是小Q。"})
    )  # fmt: skip
    yield made
    await database.aclose()


@contextmanager
def elsewhere(folder: Path) -> Iterator[sqlite3.Connection]:
    """The database as another process has it open."""
    with closing(sqlite3.connect(folder / "x.db", isolation_level=None)) as connection:
        yield connection


def turns_in(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("SELECT count(*) FROM turn").fetchone()
    assert isinstance(count, int)
    return count


def finished(events: Sequence[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


async def test_an_answer_is_streamed_with_its_sources_and_stored(house: House) -> None:
    events = await house.ask("我的订单为什么还没发货?")
    assert [type(event) for event in events] == [Started, Sources, Delta, Delta, Finished]
    end = finished(events)
    assert (end.mode, end.line, end.language, end.engine) == (Mode.GENERATED, "shop", "zh", "echo")
    assert {"record", "retrieve", "compose", "first_token", "generate", "total"} <= set(end.timings)
    (turn,) = await house.log.turns(end.conversation_id, "chat:1")
    assert turn.record.answer == end.text
    assert turn.record.status is TurnStatus.DONE
    assert [source.text for source in turn.record.sources] == [SHIPPING.text]


async def test_what_comes_at_once_goes_on_as_one_piece(house: House) -> None:
    house.engine.at_once = True
    events = await house.ask("我的订单为什么还没发货?")
    assert [type(event) for event in events] == [Started, Sources, Delta, Finished]
    assert [event.text for event in events if isinstance(event, Delta)] == [finished(events).text]


async def test_the_model_sees_the_passage_and_the_earlier_turns(house: House) -> None:
    first = finished(await house.ask("什么时候发货?"))
    await house.ask("那运费呢?", conversation_id=first.conversation_id)
    system, *dialogue = house.engine.requests[-1].messages
    assert SHIPPING.text in system.content
    assert [message.role for message in dialogue] == ["user", "assistant", "user"]
    assert dialogue[-1] == Message("user", "那运费呢?")


async def test_the_question_is_stored_before_the_engine_is_called(house: House) -> None:
    house.engine.hold = asyncio.Event()
    question = Question(text="什么时候发货?", owner="chat:1", channel="chat", request_id="r1")
    async with aclosing(house.pipeline.ask(question)) as events:
        started = await anext(events)
        assert isinstance(started, Started)
        assert house.engine.requests == []
        (turn,) = await house.log.turns(started.conversation_id, "chat:1")
    assert (turn.question, turn.record.status) == ("什么时候发货?", TurnStatus.RUNNING)


async def test_nothing_is_told_and_no_engine_asked_until_the_question_is_committed(
    house: House, tmp_path: Path
) -> None:
    """Another process holds the lock meanwhile; what the engine finds in the file when it is called is there for good."""
    told: list[Event] = []
    stored_when_asked: list[int] = []

    async def read() -> None:
        question = Question(text="什么时候发货?", owner="chat:1", channel="chat", request_id="r1")
        told.extend([event async for event in house.pipeline.ask(question)])

    with elsewhere(tmp_path) as other, elsewhere(tmp_path) as look:
        house.engine.when_asked = lambda: stored_when_asked.append(turns_in(look))
        other.execute("BEGIN IMMEDIATE")
        reading = asyncio.create_task(read())
        await asyncio.sleep(0.3)
        assert (told, house.engine.requests, turns_in(look)) == ([], [], 0)
        other.execute("ROLLBACK")
        await reading
    assert stored_when_asked == [1]
    assert isinstance(told[0], Started)
    assert await house.stored(told) is TurnStatus.DONE


async def test_a_question_that_cannot_be_stored_reaches_no_engine(house: House, tmp_path: Path) -> None:
    with elsewhere(tmp_path) as other:
        other.execute("ALTER TABLE turn RENAME TO away")
        with pytest.raises(StorageUnavailable):
            await house.ask("什么时候发货?")
        other.execute("ALTER TABLE away RENAME TO turn")
        assert (house.engine.requests, turns_in(other)) == ([], 0)
    assert await house.stored(await house.ask("什么时候发货?")) is TurnStatus.DONE
    assert len(house.engine.requests) == 1


async def test_leaving_stops_the_engine_and_keeps_what_was_said(house: House) -> None:
    house.engine.hold = asyncio.Event()
    question = Question(text="什么时候发货?", owner="chat:1", channel="chat", request_id="r1")
    async with aclosing(house.pipeline.ask(question)) as events:
        started = await anext(events)
        async for event in events:
            if isinstance(event, Delta):
                break
    assert isinstance(started, Started)
    await asyncio.wait_for(house.engine.closed.wait(), 1)
    (turn,) = await house.log.turns(started.conversation_id, "chat:1")
    assert (turn.record.answer, turn.record.status) == ("ECHO:", TurnStatus.STOPPED)


async def test_a_broken_answer_ends_in_failed_and_is_kept(house: House) -> None:
    house.engine.break_after = 1
    events = await house.ask("什么时候发货?")
    assert isinstance(events[-1], Failed)
    assert events[-1].error.code == "engine_broken"
    assert await house.stored(events) is TurnStatus.FAILED


async def test_no_engine_at_all_hands_over_and_says_so(house: House) -> None:
    house.engine.fail_first = [EngineError("down")]
    end = finished(await house.ask("什么时候发货?"))
    assert end.mode is Mode.HANDOFF
    assert end.handoff is not None
    assert (end.handoff.reason, end.handoff.contact) == ("engine_down", CONTACT)
    assert CONTACT in end.text


async def test_a_refused_request_is_not_dressed_up_as_an_answer(house: House) -> None:
    house.engine.fail_first = [EngineRejected("The model refused the request (status 400).")]
    events = await house.ask("什么时候发货?")
    assert isinstance(events[-1], Failed)


async def test_a_prompt_too_long_for_the_engine_is_shortened(house: House) -> None:
    house.engine.fail_first = [ContextOverflow("too long"), ContextOverflow("too long")]
    end = finished(await house.ask("什么时候发货?"))
    assert end.mode is Mode.GENERATED
    assert len(house.engine.requests) == 3


async def test_who_asks_for_a_person_gets_one_without_a_search(house: House) -> None:
    events = await house.ask("我要转人工")
    assert isinstance(events[1], Handoff)
    end = finished(events)
    assert (end.mode, end.sources) == (Mode.HANDOFF, ())
    assert CONTACT in end.text
    assert house.engine.requests == []


@pytest.mark.parametrize("text", ["你们用人工智能吗?", "我要找人工智能方面的书", "What is the agent fee?"])
async def test_talk_of_machines_and_fees_is_no_request_for_a_person(house: House, text: str) -> None:
    assert finished(await house.ask(text)).mode is Mode.GENERATED


async def test_a_greeting_is_greeted(house: House) -> None:
    end = finished(await house.ask("你好!"))
    assert (end.mode, end.text) == (Mode.APPROVED, "您好,我是小Q。")


async def test_an_undetermined_message_takes_the_conversations_language(house: House) -> None:
    first = finished(await house.ask("Where is my parcel and when will it arrive?"))
    second = finished(await house.ask("123456", conversation_id=first.conversation_id))
    assert second.language == "en"


async def test_the_name_of_a_thing_leaves_a_conversation_in_its_language(house: House) -> None:
    first = finished(await house.ask("我想换一台手机，可以吗"))
    second = finished(await house.ask("iPhone 15 Pro", conversation_id=first.conversation_id))
    third = finished(await house.ask("OK", conversation_id=first.conversation_id))
    assert (second.language, third.language) == ("zh", "zh")


@pytest.mark.parametrize(
    ("said", "then", "language"),
    [
        ("我昨天下的訂單還沒有出貨，請幫我查一下", "你好", "zh-Hant"),
        ("我昨天下的訂單還沒有出貨，請幫我查一下", "可以退吗", "zh"),
        ("荷物がまだ届かないのですが、どうなっていますか？", "東京", "ja"),
        ("荷物がまだ届かないのですが、どうなっていますか？", "注文番号", "ja"),
        ("荷物がまだ届かないのですが、どうなっていますか？", "发货了", "zh"),
        ("荷物がまだ届かないのですが、どうなっていますか？", "我的快递在哪里", "zh"),
        ("我昨天下的订单还没有发货，请帮我查一下", "東京", "zh-Hant"),
        ("Boleh tolong beritahu kenapa bungkusan saya masih belum sampai?", "terima kasih", "ms"),
        ("Boleh tolong beritahu kenapa bungkusan saya masih belum sampai?", "lama lagi ke", "ms"),
        ("Boleh tolong beritahu kenapa bungkusan saya masih belum sampai?", "kapan dikirim", "id"),
        ("Kenapa pesanan saya belum dikirim? Kapan bisa sampai?", "refund", "id"),
        ("मेरा ऑर्डर अभी तक क्यों नहीं भेजा गया?", "order kab tak aayega", "hi"),
    ],
)
async def test_what_is_written_alike_in_several_is_in_the_conversations(
    house: House, said: str, then: str, language: str
) -> None:
    first = finished(await house.ask(said))
    assert finished(await house.ask(then, conversation_id=first.conversation_id)).language == language


@pytest.mark.parametrize(
    "name", ["Berlin", "Hong Kong", "John Smith", "Anna Müller", "Siti Nurhaliza", "Kuala Lumpur"]
)
async def test_somebodys_name_leaves_a_conversation_in_its_language(house: House, name: str) -> None:
    first = finished(await house.ask("Où est mon colis, s'il vous plaît ?"))
    assert finished(await house.ask(name, conversation_id=first.conversation_id)).language == "fr"
    dialogue = (
        Message("user", "Où est mon colis, s'il vous plaît ?"),
        Message("assistant", "?"),
        Message("user", name),
    )
    assert finished(await house.ask(name, messages=dialogue)).language == "fr"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hallo", "de"),
        ("tesekkurler", "tr"),
        ("cam on nhieu", "vi"),
        ("dekuji moc", "cs"),
        ("唔該晒", "zh-Hant"),
        ("terima kasih kak", "id"),
    ],
)
async def test_a_greeting_or_thanks_as_phones_type_it_is_answered_by_heart(
    house: House, text: str, language: str
) -> None:
    said = finished(await house.ask(text))
    assert (said.mode, said.language) == (Mode.APPROVED, language)


async def test_a_word_that_greets_in_another_language_keeps_the_conversations(house: House) -> None:
    first = finished(await house.ask("¿Dónde está mi pedido?"))
    assert finished(await house.ask("chao", conversation_id=first.conversation_id)).language == "es"


async def test_who_says_one_known_word_in_another_language_is_answered_in_it(house: House) -> None:
    first = finished(await house.ask("Where is my parcel and when will it arrive?"))
    for text in ("Rechnung", "Stornierung", "Merci beaucoup"):
        said = finished(await house.ask(text, conversation_id=first.conversation_id))
        assert said.language == ("fr" if text.startswith("M") else "de")


async def test_what_is_written_alike_is_in_the_language_of_the_dialogue_sent_along(house: House) -> None:
    dialogue = (
        Message("user", "我昨天下的訂單還沒有出貨，請幫我查一下"),
        Message("assistant", "好的"),
        Message("user", "你好"),
    )
    assert finished(await house.ask("你好", messages=dialogue)).language == "zh-Hant"


async def test_a_dialogue_sent_along_is_a_conversation_too(house: House) -> None:
    before = (
        Message("user", "Où est mon colis, s'il vous plaît ?"),
        Message("assistant", "It is on its way."),
    )
    for undetermined in ("OK 15", "iPhone 15 Pro"):
        dialogue = (
            *before,
            Message("user", "12345"),
            Message("assistant", "?"),
            Message("user", undetermined),
        )
        assert finished(await house.ask(undetermined, messages=dialogue)).language == "fr"


async def test_an_unknown_line_and_a_foreign_conversation_are_named_errors(house: House) -> None:
    with pytest.raises(NotFound):
        await house.ask("?", line="nowhere")
    mine = finished(await house.ask("什么时候发货?"))
    with pytest.raises(NotFound):
        await house.ask("?", conversation_id=mine.conversation_id, owner="chat:2")


async def test_a_conversation_stays_on_its_line(house: House) -> None:
    await house.lines.put(BusinessLine(id="bank", names={}, bases=["bank"]))
    first = finished(await house.ask("什么时候发货?"))
    second = finished(await house.ask("转账呢", conversation_id=first.conversation_id, line="bank"))
    assert second.line == "shop"


async def test_a_retry_replaces_the_turn_in_the_history(house: House) -> None:
    first = finished(await house.ask("什么时候发货?"))
    again = finished(
        await house.ask("什么时候发货呢?", conversation_id=first.conversation_id, replaces=first.turn_id)
    )
    turns = await house.log.turns(again.conversation_id, "chat:1")
    assert [turn.question for turn in turns] == ["什么时候发货呢?"]
    assert len(house.engine.requests[-1].messages) == 2


async def test_two_conversations_at_once_do_not_mix(house: House) -> None:
    answers = await asyncio.gather(*(house.ask(f"第{i}个问题怎么办", owner=f"chat:{i}") for i in range(20)))
    assert len({finished(events).conversation_id for events in answers}) == 20
    for number, events in enumerate(answers):
        (turn,) = await house.log.turns(finished(events).conversation_id, f"chat:{number}")
        assert turn.question == f"第{number}个问题怎么办"
