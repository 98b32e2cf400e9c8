"""Approved answers: given word for word where the question is the same, never where it may be another."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from core.documents import Chunk, Document, DocumentStatus
from core.events import Delta, Event, Finished, Sources
from core.messages import BusinessLine, FrequentRules, LanguageRules, Message, Mode, Question, Sampling
from pipelines.answer import AnswerPipeline
from pipelines.approved import ApprovedAnswers
from pipelines.frequent import FrequentAnswers
from pipelines.normalised import normalised
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.lines import SqlLineStore
from tests.pipelines.test_answer import EchoEngine, OnePassage
from tests.support.keys import MASTER
from tests.support.versions import versions
from tests.support.words import screening

LINE = BusinessLine("shop", {"zh": "商城"}, ["shop"])
ANSWER = "在“我的订单”里点“申请退款”，3 个工作日到账。"


def pair(question: str, answer: str = ANSWER, *others: str, base: str = "shop", **fields: object) -> Chunk:
    made = Chunk(
        id=f"{base}-{question}-{answer}"[:60], base=base, document_id="faq", document="faq.csv", position=0, title="退款",
        location="第 2 行", text=answer, kind="faq", match=(question, *others), language="zh",
    )  # fmt: skip
    return replace(made, **fields)  # type: ignore[arg-type]


class Desk:
    def __init__(self, database: Database) -> None:
        self.documents = SqlDocumentStore(database)
        self.approved = ApprovedAnswers(self.documents)
        self.lines = SqlLineStore(database)
        self.engine = EchoEngine()
        self.pipeline = AnswerPipeline(
            SqlConversationLog(database),
            self.lines,
            OnePassage(),
            self.engine,
            "shop",
            SqlAttachmentStore(database),
            screening(database),
            versions(database),
            frequent=FrequentAnswers(self.approved),
        )

    async def put(
        self, *pairs: Chunk, base: str = "shop", status: DocumentStatus = DocumentStatus.READY
    ) -> None:
        document = Document("faq", base, "faq.csv", 1, "0" * 64, status, len(pairs), datetime.now(UTC))
        chunks = [replace(one, position=number) for number, one in enumerate(pairs)]
        await self.documents.put(document, chunks, None)

    async def find(self, text: str, language: str = "zh", line: BusinessLine = LINE) -> str | None:
        await self.approved.current(("shop", "other", "shared"))
        found = self.approved.find(line, normalised(text), language, date(2026, 6, 1))
        return found.text if found else None

    async def ask(self, text: str, **changes: object) -> list[Event]:
        question = Question(text=text, owner="chat:1", channel="chat", request_id="r1")
        return [event async for event in self.pipeline.ask(replace(question, **changes))]  # type: ignore[arg-type]


def mode(events: Sequence[Event]) -> Mode:
    assert isinstance(events[-1], Finished)
    return events[-1].mode


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = Desk(database)
    await made.lines.put(LINE)
    yield made
    await database.aclose()


async def test_a_question_or_one_of_its_phrasings_gives_the_answer_and_its_source(desk: Desk) -> None:
    await desk.put(pair("怎么退款", ANSWER, "退款流程是什么"))
    for text in ("怎么退款？", "你好，怎么 退款", "退款流程是什么"):
        events = await desk.ask(text)
        end = events[-1]
        assert isinstance(end, Finished)
        assert (end.mode, end.text, end.finish_reason) == (Mode.APPROVED, ANSWER, "stop")
        assert [(one.document, one.location, one.text) for one in end.sources] == [
            ("faq.csv", "第 2 行", ANSWER)
        ]
        assert [type(event) for event in events[1:-1]] == [Sources, Delta]
    assert desk.engine.requests == []
    assert mode(await desk.ask("怎么不退款")) is Mode.GENERATED


async def test_it_is_withdrawn_with_the_pair_and_comes_back_changed(desk: Desk) -> None:
    await desk.put(pair("怎么退款"))
    assert await desk.find("怎么退款") == ANSWER
    await desk.put(pair("怎么退款", "请联系客服。"))
    assert await desk.find("怎么退款") == "请联系客服。"
    (stored,) = await desk.documents.pairs("shop")
    await desk.documents.change_pair(
        "shop", stored.id, status="draft", owner="", valid_from=None, valid_until=None
    )
    assert await desk.find("怎么退款") is None


async def test_a_change_is_not_given_before_it_was_read(desk: Desk) -> None:
    await desk.put(pair("怎么退款"))
    assert await desk.find("怎么退款") == ANSWER
    await desk.documents.delete("shop", "faq")
    assert desk.approved.find(LINE, normalised("怎么退款"), "zh") is None
    assert desk.approved.version("shop") is None


async def test_what_another_process_changed_holds_after_the_next_look(tmp_path: Path, desk: Desk) -> None:
    await desk.put(pair("怎么退款"))
    assert await desk.find("怎么退款") == ANSWER
    elsewhere = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await elsewhere.start()
    await SqlDocumentStore(elsewhere).delete("shop", "faq")
    await elsewhere.aclose()
    await desk.approved.refresh()
    assert await desk.find("怎么退款") is None


async def test_only_approved_pairs_of_ready_documents_within_their_dates(desk: Desk) -> None:
    await desk.put(
        pair("怎么退款", status="draft"),
        pair("旧活动", valid_until=date(2026, 5, 31)),
        pair("新活动", valid_from=date(2026, 6, 2)),
        pair("本日活动", valid_from=date(2026, 6, 1), valid_until=date(2026, 6, 1)),
    )
    asked = [await desk.find(text) for text in ("怎么退款", "旧活动", "新活动", "本日活动")]
    assert asked == [None, None, None, ANSWER]
    await desk.put(pair("怎么退款"), status=DocumentStatus.PENDING)
    assert await desk.find("怎么退款") is None


async def test_two_different_answers_give_none(desk: Desk) -> None:
    await desk.put(pair("怎么退款"), pair("怎么退款？", "只能换货。"), pair("运费多少"), pair("运费多少？"))
    assert await desk.find("怎么退款") is None
    assert await desk.find("运费多少") == ANSWER


async def test_nothing_of_another_line_is_given(desk: Desk) -> None:
    await desk.put(pair("怎么退款", base="other"), base="other")
    assert await desk.find("怎么退款") is None
    assert await desk.find("怎么退款", line=BusinessLine("other", {}, ["other"])) == ANSWER
    await desk.put(pair("怎么退款", "共用的。", base="shared"), base="shared")
    assert await desk.find("怎么退款") == "共用的。"


async def test_only_in_a_language_in_which_the_line_answers(desk: Desk) -> None:
    await desk.put(
        pair("怎么退款", ANSWER, "how do I get a refund"),
        pair("Shipping costs", "Five euros.", language="en"),
        pair("售后", "兩週內。", language="zh-Hant"),
    )
    assert await desk.find("how do I get a refund", "en") is None
    assert await desk.find("shipping costs?", "en") == "Five euros."
    assert await desk.find("shipping costs?", "hu") == "Five euros."  # two words, taken for another language
    english = replace(LINE, languages=LanguageRules(pinned="en"))
    assert await desk.find("怎么退款", "en", english) is None
    assert await desk.find("Shipping costs", "en", english) == "Five euros."
    assert await desk.find("售后", "zh", LINE) == "兩週內。"
    assert await desk.find("售后", "zh", replace(LINE, languages=LanguageRules(pinned="zh"))) is None
    assert (
        await desk.find("shipping costs", "hu", replace(LINE, languages=LanguageRules(allowed=("hu",))))
        is None
    )
    assert (
        await desk.find("shipping costs", "hu", replace(LINE, languages=LanguageRules(forbidden=("en",))))
        is None
    )


async def test_who_wants_the_model_gets_the_model(desk: Desk) -> None:
    await desk.put(pair("怎么退款"))
    wanted: list[dict[str, object]] = [
        {"system": "Answer as a pirate."},
        {"sampling": Sampling(extra={"stop": ["。"]})},
        {"sampling": Sampling(extra={"tools": []})},
        {"sampling": Sampling(n=2)},
        {"messages": (Message("user", "怎么退款"), Message("assistant", "这样"))},
    ]
    for changes in wanted:
        assert mode(await desk.ask("怎么退款", **changes)) is not Mode.APPROVED, changes
    await desk.lines.put(replace(LINE, frequent=FrequentRules(approved=False)))
    assert mode(await desk.ask("怎么退款")) is Mode.GENERATED


async def test_a_large_base_is_read_behind_the_questions(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.approved.FEW_PHRASINGS", 2)
    monkeypatch.setattr("pipelines.approved.pause_after", lambda seconds, at_least: 60.0)
    monkeypatch.setattr("pipelines.approved.MOST_PHRASINGS", 3)
    await desk.put(*(pair(f"问题 {number}") for number in range(5)))
    await desk.approved.refresh()
    assert await desk.find("问题 2") == ANSWER
    assert await desk.find("问题 4") is None
    await desk.documents.delete("shop", "faq")
    assert await desk.find("问题 2") is None
    await desk.approved.refresh()
    assert desk.approved.version("shop") is None  # it waits its turn
