"""Cached answers: given to the very same question, by nothing that changed since, and made once for many."""

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.documents import Document, DocumentStatus
from core.errors import EngineBroken, EngineRejected
from core.events import Delta, Event, Failed, Finished, Sources
from core.messages import BusinessLine, FrequentRules, Message, Mode, Question, Sampling
from core.ports import EngineChunk, EngineKind, GenerationRequest, Health
from core.prompts import Parameters, PromptVersion
from core.words import WordList
from pipelines.answer import AnswerPipeline
from pipelines.answer_keys import Grounds, answer_key, refusal_key
from pipelines.answer_memory import AnswerMemory
from pipelines.approved import ApprovedAnswers
from pipelines.cached import CachedAnswers
from pipelines.feedback import withdraw
from pipelines.frequent import FrequentAnswers
from pipelines.pinned import Versions
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.lines import SqlLineStore
from storage.prompts import SqlPromptStore
from storage.refusals import SqlRefusals
from storage.tables import experiment
from storage.transcripts import SqlTranscriptReader
from storage.words import SqlWordStore
from tests.pipelines.test_answer import OnePassage
from tests.pipelines.test_approved import pair
from tests.support.asking import until
from tests.support.keys import MASTER
from tests.support.words import screening

LINE = BusinessLine("shop", {"zh": "商城"}, ["shop"], persona="你是小Q。")
QUESTION = "我的包裹现在到哪里了"


class CountingEngine:
    """Says how often it was asked, and fails or waits as told."""

    name = "counting"
    kind: EngineKind = "model"
    context_tokens = 8192

    def __init__(self) -> None:
        self.asked = 0
        self.closed = 0
        self.failures: list[Exception] = []
        self.breaks: list[Exception] = []
        self.hold: asyncio.Event | None = None
        self.says: tuple[str, ...] = ("物流信息", "在订单页查看。")
        self.reason = "stop"

    async def start(self) -> None:
        return None

    async def health(self) -> Health:
        return Health(ready=True)

    async def aclose(self) -> None:
        return None

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        self.asked += 1
        try:
            if self.failures:
                raise self.failures.pop(0)
            for piece in self.says:
                yield EngineChunk(text=piece, engine=self.name, kind="model")
                if self.hold:
                    await self.hold.wait()
                if self.breaks:
                    raise self.breaks.pop(0)
            yield EngineChunk(text=f" #{self.asked}", engine=self.name, kind="model")
            yield EngineChunk(finish_reason=self.reason)
        finally:
            self.closed += 1


class Shop:
    def __init__(self, database: Database) -> None:
        self.documents = SqlDocumentStore(database)
        self.lines = SqlLineStore(database)
        self.prompts = SqlPromptStore(database, self.lines.forget)
        self.draw = 1.0
        self.words = SqlWordStore(database)
        self.log = SqlConversationLog(database)
        self.transcripts = SqlTranscriptReader(database)
        self.engine = CountingEngine()
        self.approved = ApprovedAnswers(self.documents)
        self.cached = CachedAnswers(self.approved.version, "7b", "counting", SqlRefusals(database))
        self.frequent = FrequentAnswers(self.approved, self.cached)
        self.screening = screening(database)
        self.pipeline = AnswerPipeline(
            self.log,
            self.lines,
            OnePassage(),
            self.engine,
            "shop",
            SqlAttachmentStore(database),
            self.screening,
            Versions(self.prompts, lambda: self.draw),
            frequent=self.frequent,
        )

    def question(self, text: str = QUESTION, **changes: object) -> Question:
        asked = Question(text=text, owner="chat:1", channel="chat", request_id="r1")
        return replace(asked, **changes)  # type: ignore[arg-type]

    async def ask(self, text: str = QUESTION, **changes: object) -> Finished:
        events = [event async for event in self.pipeline.ask(self.question(text, **changes))]
        assert isinstance(events[-1], Finished), events
        return events[-1]

    async def twice(self, text: str = QUESTION, **changes: object) -> tuple[Mode, int]:
        """The second answer's mode, and how often the engine was asked for both."""
        before = self.engine.asked
        await self.ask(text, **changes)
        await settled()
        end = await self.ask(text, **changes)
        return end.mode, self.engine.asked - before

    async def put_document(self, text: str) -> None:
        document = Document("faq", "shop", "faq.csv", 1, "0" * 64, DocumentStatus.READY, 1, datetime.now(UTC))
        await self.documents.put(document, [pair("其他问题", text)], None)


async def settled() -> None:
    """What follows an answer's end is done."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setattr("storage.lines.KNOWN_SECONDS", 1000.0)  # however busy the machine is
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = Shop(database)
    # a midnight in between makes answers anew, as one test below says
    made.cached._today = cache(made.cached._today)
    await made.lines.put(LINE)
    yield made
    await made.frequent.aclose()
    await database.aclose()


CACHED = (Mode.CACHED, 1)
ANEW = (Mode.GENERATED, 2)


async def test_the_same_question_gets_the_same_answer_without_the_model(shop: Shop) -> None:
    first = await shop.ask()
    await settled()
    for text in (QUESTION, "您好，我的包裹现在到哪里了？谢谢！", "我的包裹　现在到哪里了"):
        again = await shop.ask(text, owner="chat:2")
        assert (again.mode, again.text, again.sources) == (Mode.CACHED, first.text, first.sources)
        assert (again.engine, again.finish_reason, again.usage.estimated) == ("counting", "stop", True)
        assert "saved" in again.timings or first.timings["total"] == 0
    assert (first.mode, shop.engine.asked) == (Mode.GENERATED, 1)
    assert (await shop.ask("我的包裹昨天到哪里了")).mode is Mode.GENERATED


async def test_it_is_in_memory_at_once(shop: Shop) -> None:
    await shop.ask()
    await settled()
    line, words = await shop.lines.get("shop"), (await shop.screening._words.lexicon()).version
    assert line is not None
    known = shop.frequent.at_hand(shop.question(), line, "zh", words)
    assert known is not None
    assert known[0] is Mode.CACHED
    assert shop.frequent.at_hand(shop.question("别的问题"), line, "zh", words) is None
    assert shop.pipeline.at_once(shop.question()) is not None
    await withdraw(shop, (await shop.ask()).turn_id)  # type: ignore[arg-type]
    assert shop.pipeline.at_once(shop.question()) is None


async def test_only_what_stands_alone_is_cached(shop: Shop) -> None:
    alone: list[dict[str, object]] = [
        {"fresh": True},
        {"system": "Be short."},
        {"messages": (Message("user", "早"), Message("assistant", "好"), Message("user", QUESTION))},
        {"sampling": Sampling(extra={"response_format": {"type": "text"}})},
        {"sampling": Sampling(extra={"tools": []})},
    ]
    for changes in alone:
        assert await shop.twice(**changes) == ANEW, changes
    assert await shop.twice("我的手机号是13812345678，包裹到哪了") == ANEW
    before = shop.engine.asked
    end = await shop.ask("那么运费呢", conversation_id=(await shop.ask("先问一个别的")).conversation_id)
    await settled()
    assert (await shop.ask("那么运费呢")).mode is Mode.GENERATED
    assert shop.engine.asked == before + 3
    assert end.mode is Mode.GENERATED


async def test_an_answer_that_is_not_whole_or_not_anybody_s_is_not_kept(shop: Shop) -> None:
    shop.engine.reason = "length"
    assert await shop.twice() == ANEW
    shop.engine.reason = "stop"
    shop.engine.says = ("请拨打 13812345678。",)
    assert await shop.twice() == ANEW
    shop.engine.says = ("占位 [PHONE_1]",)
    assert await shop.twice() == ANEW
    shop.engine.says = ("好的",)
    shop.cached._speaker = "another rung"
    assert await shop.twice() == ANEW


async def test_a_line_may_do_without(shop: Shop) -> None:
    await shop.lines.put(replace(LINE, frequent=FrequentRules(cache=False)))
    assert await shop.twice() == ANEW
    await shop.lines.put(replace(LINE, frequent=FrequentRules(cache_seconds=0)))
    assert await shop.twice() == ANEW


async def test_any_change_makes_the_old_answer_unreachable(shop: Shop) -> None:
    assert await shop.twice() == CACHED
    await shop.put_document("新的答案")
    assert await shop.twice() == CACHED
    changed = [
        replace(LINE, persona="你是小Q，说话简短。"),
        replace(LINE, generation=Parameters(temperature=0.1)),
        replace(LINE, glossary=("小Q",)),
        replace(LINE, bases=("shop", "bank")),
    ]
    for line in changed:
        before = shop.engine.asked
        await shop.lines.put(line)
        assert (await shop.ask()).mode is Mode.GENERATED, line
        assert shop.engine.asked == before + 1
    assert await shop.twice(sampling=Sampling(temperature=0.2)) == CACHED
    await shop.words.put(WordList("w", "w", "c", "flag", ("别的词",)))
    await shop.screening._words.refresh()
    assert (await shop.ask()).mode is Mode.GENERATED
    shop.cached._engine = "72b"
    assert await shop.twice() == CACHED


def test_every_component_is_in_the_key() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    prompt = PromptVersion("shop", 3, {"zh": "x"}, "published", now, now)
    line = replace(LINE, prompt=prompt, version=5)
    days = date(2026, 1, 2), date(2026, 1, 1)
    grounds = Grounds("zh", [("shop", 1), ("shared", 0)], "7b", 2, Sampling(), days, "怎么退款")
    changes: dict[str, Sequence[object]] = {
        "language": ["en", "zh-Hant"],
        "bases": [[("shop", 2), ("shared", 0)], [("shop", 1), ("shared", 1)], [("shop", 1)], [("shop1", 1), ("shared", 0)]],
        "engine": ["72b"],
        "words": [3],
        "sampling": [Sampling(temperature=0.1), Sampling(top_p=0.1), Sampling(max_tokens=9), Sampling(model="lora"),
                     Sampling(extra={"seed": 1}), Sampling(extra={"presence_penalty": 1})],
        "days": [(days[0], days[0]), (days[1], days[1])],
        "search": ["bge-m3"],
        "form": ["怎么换货", "怎么退款 "],
    }  # fmt: skip
    lines = [
        replace(line, id="bank"), replace(line, version=6), replace(line, prompt=None),
        replace(line, prompt=replace(prompt, version=4)), replace(line, prompt=replace(prompt, updated_at=datetime.now(UTC))),
        replace(line, prompt=replace(prompt, parameters=Parameters(top_p=0.5))),
        replace(line, generation=Parameters(model="lora")),
    ]  # fmt: skip
    assert changes.keys() == {field.name for field in dataclasses.fields(Grounds)}
    others = [
        (line, replace(grounds, **{name: value})) for name, values in changes.items() for value in values
    ]  # type: ignore[arg-type]
    every = [(line, grounds), *others, *((other, grounds) for other in lines)]
    keys = [answer_key(of, stands, refusal_key(of, stands)) for of, stands in every]
    assert len(set(keys)) == len(every)


@pytest.mark.parametrize(
    "text",
    [
        "我叫王小明，学生证能打折吗", "Hi, I’m in Rome and my name is Ada Byron. Do you ship?", "Guten Tag, ich heiße Anna Müller, wann kommt das Paket?",
        "Bonjour, je m’appelle Anne Petit, où est mon colis ?", "山田と申します。返品できますか", "Меня зовут Анна, где посылка?", "मेरा नाम आशा है, डिलीवरी कब होगी?",
    ],
)  # fmt: skip
async def test_an_answer_to_who_says_their_name_is_not_kept(shop: Shop, text: str) -> None:
    """Names are not masked, and a model likes to greet by name; when the customer is erased, none of it is left."""
    assert await shop.twice(text) == ANEW


async def test_it_is_made_anew_on_the_day_of_the_line_and_on_that_of_the_knowledge(shop: Shop) -> None:
    """FAQ pairs begin and end with the day in UTC: in Shanghai at eight in the morning, not at midnight."""
    days = {"Asia/Shanghai": date(2026, 1, 2), "UTC": date(2026, 1, 1)}
    shop.cached._today = days.__getitem__
    await shop.lines.put(replace(LINE, time_zone="Asia/Shanghai"))
    for zone in days:
        assert await shop.twice() == CACHED
        days[zone] += timedelta(days=1)
    assert (await shop.ask()).mode is Mode.GENERATED


async def test_five_hundred_at_once_cost_one_generation(shop: Shop) -> None:
    shop.engine.hold = asyncio.Event()
    asked = [asyncio.create_task(shop.ask(owner=f"chat:{number}")) for number in range(500)]
    await until(lambda: shop.engine.asked > 0, 30)
    await until(lambda: shop.cached.outcomes["shared"] == 499, 60)
    shop.engine.hold.set()
    ends = await asyncio.gather(*asked)
    assert shop.engine.asked == 1
    assert len({end.text for end in ends}) == 1
    modes = [end.mode for end in ends]
    assert (modes.count(Mode.GENERATED), modes.count(Mode.CACHED)) == (1, 499)


async def _first_words(events: AsyncGenerator[Event]) -> None:
    async for event in events:
        if isinstance(event, Delta):
            return


async def test_a_leader_that_leaves_takes_nobody_with_it(shop: Shop) -> None:
    shop.engine.hold = asyncio.Event()
    leader = shop.pipeline.ask(shop.question())
    await _first_words(leader)
    follower = asyncio.create_task(shop.ask(owner="chat:2"))
    await until(lambda: shop.cached.outcomes["shared"] > 0)
    await leader.aclose()
    shop.engine.hold.set()
    end = await follower
    assert (end.mode, end.text, shop.engine.asked) == (Mode.CACHED, "物流信息在订单页查看。 #1", 1)


async def test_nobody_left_stops_the_engine(shop: Shop) -> None:
    shop.engine.hold = asyncio.Event()
    async with aclosing(shop.pipeline.ask(shop.question())) as events:
        await _first_words(events)
    assert shop.engine.closed == 1
    shop.engine.hold = None
    assert await shop.twice() == CACHED


async def test_who_asks_while_the_engine_still_stops_for_the_last_one_who_left_is_answered(
    shop: Shop,
) -> None:
    shop.engine.hold, closing, may_close = asyncio.Event(), asyncio.Event(), asyncio.Event()
    at_once = shop.engine.stream

    async def slow_to_close(request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        try:
            async for chunk in at_once(request):
                yield chunk
        finally:
            if not may_close.is_set():
                closing.set()
                await may_close.wait()

    shop.engine.stream = slow_to_close  # type: ignore[method-assign]
    first = shop.pipeline.ask(shop.question())
    await _first_words(first)
    leaving = asyncio.create_task(first.aclose())
    await closing.wait()
    shop.engine.hold = None
    second = asyncio.create_task(shop.ask(owner="chat:2"))
    await settled()
    await asyncio.sleep(0.05)
    may_close.set()
    await leaving
    end = await second
    assert (end.mode, shop.engine.asked) == (Mode.GENERATED, 2)


async def test_a_leader_that_fails_fails_no_follower(shop: Shop) -> None:
    gate = asyncio.Event()
    slow = shop.engine.stream

    async def failing_first(request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        if shop.engine.asked == 0:
            shop.engine.failures.append(EngineRejected("The engine refused this request."))
            await gate.wait()
        async for chunk in slow(request):
            yield chunk

    shop.engine.stream = failing_first  # type: ignore[method-assign]

    async def end_of(owner: str) -> Event:
        return [event async for event in shop.pipeline.ask(shop.question(owner=owner))][-1]

    leader = asyncio.create_task(end_of("chat:1"))
    await until(lambda: shop.cached.outcomes["missed"] > 0)
    followers = [asyncio.create_task(end_of(f"chat:{number}")) for number in range(2, 5)]
    await until(lambda: shop.cached.outcomes["shared"] == 3)
    gate.set()
    assert isinstance(await leader, Failed)
    assert all(isinstance(end, Finished) for end in await asyncio.gather(*followers))


async def test_one_that_breaks_in_the_middle_is_told_as_broken_and_not_kept(shop: Shop) -> None:
    shop.engine.breaks.append(EngineBroken("The engine stopped in the middle of its answer."))
    events = [event async for event in shop.pipeline.ask(shop.question())]
    assert isinstance(events[-1], Failed)
    assert any(isinstance(event, Sources) for event in events)
    assert await shop.twice() == CACHED


async def test_called_wrong_it_is_not_given_again_here_nor_elsewhere(shop: Shop, tmp_path: Path) -> None:
    end = await shop.ask()
    await settled()
    elsewhere = CachedAnswers(shop.approved.version, "7b", "counting", SqlRefusals(_second(shop)))
    await withdraw(shop, end.turn_id)  # type: ignore[arg-type]
    assert await shop.twice() == ANEW
    assert await shop.twice(sampling=Sampling(temperature=0.2)) == ANEW
    await elsewhere.refresh()
    assert elsewhere._refused == shop.cached._refused != set()
    await shop.put_document("新的答案")
    assert await shop.twice() == CACHED


async def test_called_wrong_under_the_challenger_of_a_test_it_is_not_given_again(shop: Shop) -> None:
    for text in ("挑战者。", "现行版。"):
        made = await shop.prompts.add("shop", {"zh": text})
        await shop.prompts.publish("shop", made.version)
    values = {
        "id": "e", "line": "shop", "champion": 2, "challenger": 1, "share": 0.5, "minimum": 10, "status": "running",
        "started_at": datetime.now(UTC), "started_by": "", "outcome": {},
    }  # fmt: skip
    await shop.lines._db.write(lambda connection: connection.execute(insert(experiment).values(values)))
    shop.lines.forget("shop")
    assert await shop.twice() == CACHED
    shop.draw = 0.0
    assert await shop.twice() == CACHED
    await withdraw(shop, (await shop.ask()).turn_id)  # type: ignore[arg-type]
    assert await shop.twice() == ANEW
    shop.draw = 1.0
    assert await shop.twice() == (Mode.CACHED, 0), "the champion's was not called wrong"


def _second(shop: Shop) -> Database:
    return shop.lines._db


def test_memory_is_bounded_by_count_bytes_and_time() -> None:
    from core.frequent import KnownAnswer

    now = [0.0]
    memory = AnswerMemory(answers=3, size=40_000, clock=lambda: now[0])
    for number in range(5):
        memory.put(bytes([number]), KnownAnswer("x", (), "en"), 10)
    assert (len(memory), memory.get(b"\x00")) == (3, None)
    memory.get(b"\x02")
    memory.put(b"new", KnownAnswer("y", (), "en"), 10)
    assert memory.get(b"\x02") is not None
    assert memory.get(b"\x03") is None
    for number in range(20):
        memory.put(bytes([100 + number]), KnownAnswer("x" * 800, (), "en"), 10)
    assert memory.bytes <= 40_000
    memory.put(b"huge", KnownAnswer("x" * 9_000, (), "en"), 10)
    assert memory.get(b"huge") is None
    now[0] = 10.0
    assert memory.get(bytes([119])) is None
    for key in [*memory._kept]:
        memory.get(key)
    assert (len(memory), memory.bytes) == (0, 0)
