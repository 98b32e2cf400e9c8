"""Similar questions: an approved answer in other words, where the line wants it and the model has shown what it can."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from core.documents import Document, DocumentStatus
from core.errors import Unfit
from core.events import Event, Finished
from core.golden import Expected, GoldenQuestion
from core.line_changes import LineChange, changed
from core.messages import BusinessLine, FrequentRules, Mode, Question
from engines.embeddings import OpenAIEmbedder
from pipelines.answer import AnswerPipeline
from pipelines.approved import ApprovedAnswers
from pipelines.calibration import samples_of
from pipelines.embed import EmbedPipeline
from pipelines.frequent import FrequentAnswers
from pipelines.likeness.search import Phrasing, unit_rows
from pipelines.likeness.threshold import LEAST_QUESTIONS, Sample, calibrate
from pipelines.similar import SimilarAnswers
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.documents import SqlDocumentStore
from storage.lines import SqlLineStore
from tests.knowledge.models import ModelServer, serving
from tests.pipelines.test_answer import EchoEngine, OnePassage
from tests.pipelines.test_approved import pair
from tests.support.keys import MASTER
from tests.support.versions import versions
from tests.support.words import screening

RULES = FrequentRules(cache=False, semantic=True, threshold=0.8, embedding="tiny")
LINE = BusinessLine("shop", {"en": "Shop"}, ["shop"], frequent=RULES)


class Desk:
    def __init__(self, database: Database, server: ModelServer) -> None:
        self.server = server
        self.documents = SqlDocumentStore(database)
        self.lines = SqlLineStore(database)
        self.embedder = OpenAIEmbedder(server.url, "tiny")
        self.approved = ApprovedAnswers(self.documents)
        self.similar = SimilarAnswers(self.approved, EmbedPipeline(self.embedder, nobodys), self.lines)
        self.frequent = FrequentAnswers(self.approved, None, self.similar)
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
            frequent=self.frequent,
        )

    async def teach(self, *questions: str) -> None:
        """A pair for each question, found by what it asks."""
        pairs = [
            replace(pair(question, f"Answer: {question}"), language="en", position=number)
            for number, question in enumerate(questions)
        ]
        document = Document("faq", "shop", "faq.csv", 1, "0" * 64, DocumentStatus.READY, 1, datetime.now(UTC))
        await self.documents.put(document, pairs, None)
        await self.frequent.refresh()

    async def ask(self, text: str, **changes: object) -> Finished:
        question = Question(text=text, owner="chat:1", channel="chat", request_id="r1")
        events: list[Event] = [event async for event in self.pipeline.ask(replace(question, **changes))]  # type: ignore[arg-type]
        assert isinstance(events[-1], Finished)
        return events[-1]


async def nobodys() -> tuple[str, ...]:
    return ()


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr("pipelines.similar.PATIENCE_SECONDS", 60.0)  # however busy the machine is
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    async with serving() as server:
        made = Desk(database, server)
        await made.lines.put(LINE)
        yield made
        await made.embedder.aclose()
    await database.aclose()


async def test_the_same_in_other_words_gets_the_approved_answer(desk: Desk) -> None:
    await desk.teach("how do i insure my car", "how do i get my money")
    told = await desk.ask("How do I insure my automobile?")
    assert (told.mode, told.text) == (Mode.APPROVED, "Answer: how do i insure my car")
    assert (told.sources[0].document, told.sources[0].score) == ("faq.csv", 1.0)
    assert desk.engine.requests == []
    assert (await desk.ask("what is the weather like in spring")).mode is Mode.GENERATED


async def test_a_guard_stands_before_the_likeness(desk: Desk) -> None:
    await desk.teach("how do i insure 2 cars", "how do i enable insurance of my car")
    assert (await desk.ask("how do i insure 3 cars")).mode is Mode.GENERATED
    assert (await desk.ask("how do i disable insurance of my automobile")).mode is Mode.GENERATED
    assert (await desk.ask("how do i enable insurance of my automobile")).mode is Mode.APPROVED


@pytest.mark.parametrize(
    "rules",
    [
        replace(RULES, semantic=False),
        replace(RULES, threshold=None),
        replace(RULES, embedding="another"),
        replace(RULES, approved=False),
    ],
)
async def test_it_takes_the_switch_a_threshold_and_the_model_it_was_chosen_for(
    desk: Desk, rules: FrequentRules
) -> None:
    await desk.lines.put(replace(LINE, frequent=rules))
    await desk.teach("how do i insure my car")
    assert (await desk.ask("how do i insure my automobile")).mode is Mode.GENERATED
    assert desk.server.texts == [], "nothing is embedded for nothing"


async def test_what_was_changed_is_not_answered_before_it_was_read(desk: Desk) -> None:
    await desk.teach("how do i insure my car")
    assert (await desk.ask("how do i insure my automobile")).mode is Mode.APPROVED
    await desk.documents.delete("shop", "faq")
    assert (await desk.ask("how do i insure my automobile")).mode is Mode.GENERATED


async def test_a_model_that_is_gone_costs_no_answer(desk: Desk) -> None:
    await desk.teach("how do i insure my car")
    desk.server.status = 500
    assert (await desk.ask("how do i insure my automobile")).mode is Mode.GENERATED


async def test_what_hangs_on_what_was_said_before_means_nothing_by_itself(desk: Desk) -> None:
    await desk.teach("how do i insure my car")
    first = await desk.ask("what is the weather like in spring")
    again = await desk.ask("how do i insure my automobile", conversation_id=first.conversation_id)
    assert again.mode is Mode.GENERATED


async def test_only_what_is_new_is_embedded_again(desk: Desk) -> None:
    await desk.teach("how do i insure my car", "how do i get my money")
    before = len(desk.server.texts)
    await desk.teach("how do i insure my car", "how do i get my money", "where is my parcel")
    assert desk.server.texts[before:] == ["where is my parcel"]


def test_a_line_is_calibrated_before_it_is_turned_on() -> None:
    bare = replace(LINE, frequent=FrequentRules())
    for change in ({"semantic": True}, {"threshold": 0.1}):
        with pytest.raises(Unfit, match="calibrated"):
            changed(bare, LineChange.model_validate({"frequent": change}))
    off = changed(LINE, LineChange.model_validate({"frequent": {"semantic": False}}))
    assert (off.frequent.threshold, off.frequent.embedding) == (0.8, "tiny")
    assert changed(off, LineChange.model_validate({"frequent": {"semantic": True}})).frequent.semantic


def _phrasings(pairs: int, each: int) -> list[Phrasing]:
    return [
        Phrasing(
            f"wording {chr(97 + n % 26)}{'x' * (n // 26)} {'y' * number}",
            replace(pair("q"), id=f"p{n}", text=f"a{n}"),
        )
        for n in range(pairs)
        for number in range(each)
    ]


def test_the_threshold_lies_above_what_must_not_pass() -> None:
    phrasings = _phrasings(pairs=60, each=4)
    generator = np.random.default_rng(1)
    centres = generator.normal(size=(60, 32))
    rows = [centres[n // 4] + 0.1 * generator.normal(size=32) for n in range(240)]
    matrix = unit_rows([row.astype(np.float32) for row in rows])
    samples = [Sample(one.text, frozenset([one.pair.id])) for one in phrasings]
    found = calibrate(samples, matrix, phrasings, matrix.__matmul__)
    assert found is not None
    assert (found.unanswerable, found.answerable) == (240, 240)
    assert found.false_hits <= 0.005
    assert found.recall > 0.9
    assert 0.3 < found.threshold < 0.99


def test_too_few_questions_and_a_model_that_tells_nothing_apart_give_no_threshold() -> None:
    few = _phrasings(pairs=10, each=4)
    samples = [Sample(one.text, frozenset([one.pair.id])) for one in few]
    assert len(samples) < LEAST_QUESTIONS
    same = np.ones((40, 4), dtype=np.float32) / 2
    assert calibrate(samples, same, few, same.__matmul__) is None
    many = _phrasings(pairs=60, each=4)
    samples = [Sample(one.text, frozenset([one.pair.id])) for one in many]
    same = np.ones((240, 4), dtype=np.float32) / 2
    assert calibrate(samples, same, many, same.__matmul__) is None


def test_a_golden_question_names_its_pair_or_what_the_answer_says_or_that_nobody_answers() -> None:
    phrasings = [
        Phrasing("a", replace(pair("a"), id="p1", text="3 days")),
        Phrasing("b", replace(pair("b"), id="p2", text="5 days")),
    ]

    def golden(question: str, **more: object) -> GoldenQuestion:
        bare = GoldenQuestion(question, "shop", question, "", "", "", "", "", "", datetime.now(UTC))
        return replace(bare, **more)  # type: ignore[arg-type]

    named = golden("x", passage_id="p1", document_id="faq")
    said = golden("y", expected=Expected(facts=("5 days",)))
    nobody = golden("z", expected=Expected(mode="handoff"))
    found = {one.text: one.right for one in samples_of([named, said, nobody, golden("w")], phrasings)}
    assert found == {"x": {"p1"}, "y": {"p2"}, "z": frozenset(), "a": {"p1"}, "b": {"p2"}}
