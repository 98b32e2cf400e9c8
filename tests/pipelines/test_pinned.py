"""A conversation stays on the version it began with: what the engine received is what that version says."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from core.messages import BusinessLine, Question
from core.prompts import NO_PARAMETERS, Parameters
from pipelines.answer import AnswerPipeline
from pipelines.attach import AttachPipeline
from pipelines.pinned import Versions
from storage.attachments import SqlAttachmentStore
from storage.conversations import SqlConversationLog
from storage.database import Database
from storage.lines import SqlLineStore
from storage.prompts import SqlPromptStore
from storage.tables import experiment
from tests.pipelines.test_answer import EchoEngine, OnePassage, finished
from tests.support.keys import MASTER
from tests.support.words import screening


class CountingPrompts(SqlPromptStore):
    """Counts what is asked of the database."""

    reads = 0

    async def get(self, line: str, version: int):  # type: ignore[no-untyped-def]
        self.reads += (line, version) not in self._frozen
        return await super().get(line, version)


class House:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.draw = 0.5
        self.log, self.lines = SqlConversationLog(database), SqlLineStore(database)
        self.prompts = CountingPrompts(database, self.lines.forget)
        self.versions = Versions(self.prompts, lambda: self.draw)
        self.engine, self.files = EchoEngine(), SqlAttachmentStore(database)
        self.pipeline = AnswerPipeline(
            self.log, self.lines, OnePassage(), self.engine, "shop", self.files, screening(database), self.versions
        )  # fmt: skip

    async def ask(self, conversation: str | None = None, text: str = "什么时候发货?") -> tuple[str, str]:
        """The conversation, and the system message that the engine received."""
        question = Question(
            text, owner="chat:1", channel="chat", request_id="r", conversation_id=conversation
        )
        events = [event async for event in self.pipeline.ask(question)]
        return finished(events).conversation_id, self.engine.requests[-1].messages[0].content

    async def publish(self, text: str, parameters: Parameters = NO_PARAMETERS) -> int:
        made = await self.prompts.add("shop", {"zh": text}, parameters)
        await self.prompts.publish("shop", made.version)
        return made.version


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = House(database)
    for line in ("shop", "bank"):
        await made.lines.put(BusinessLine(id=line, names={"zh": "商城"}, bases=[line]))
    yield made
    await database.aclose()


async def test_a_conversation_stays_on_its_version_through_publishing_and_rolling_back(house: House) -> None:
    before, said = await house.ask()
    assert "你是小Q" in said
    await house.publish("第一版。")
    first, said = await house.ask()
    assert said.startswith("第一版。")
    await house.publish("第二版。")
    second, said = await house.ask()
    assert said.startswith("第二版。")
    assert await house.prompts.roll_back("shop") == 1
    for conversation, words in (
        (before, "你是小Q"),
        (first, "第一版。"),
        (second, "第二版。"),
        (None, "第一版。"),
    ):
        assert (await house.ask(conversation))[1].startswith(words)
    pinned = [(await house.log.turns(one, "chat:1"))[0].prompt_version for one in (before, first, second)]
    assert pinned == [None, 1, 2]


async def test_the_versions_parameters_go_with_it(house: House) -> None:
    await house.publish("一", Parameters(temperature=0.1, max_tokens=99))
    first, _ = await house.ask()
    await house.publish("二", Parameters(temperature=0.9))
    for conversation, temperature, tokens in ((first, 0.1, 99), (None, 0.9, 512)):
        await house.ask(conversation)
        sampling = house.engine.requests[-1].sampling
        assert (sampling.temperature, sampling.max_tokens) == (temperature, tokens)


async def test_the_first_question_reads_no_version_and_a_pinned_one_is_read_once(house: House) -> None:
    await house.publish("第一版。")
    first, _ = await house.ask()
    assert house.prompts.reads == 0
    await house.publish("第二版。")
    for _ in range(3):
        await house.ask(first)
    assert house.prompts.reads == 1


async def test_a_test_gives_the_challenger_to_its_share_and_keeps_it(house: House) -> None:
    for text in ("挑战者。", "现行版。"):
        await house.publish(text)
    values = {
        "id": "e", "line": "shop", "champion": 2, "challenger": 1, "share": 0.3, "minimum": 10, "status": "running",
        "started_at": (await house.prompts.list("shop"))[0].created_at, "started_by": "", "outcome": {},
    }  # fmt: skip
    await house.database.write(lambda connection: connection.execute(insert(experiment).values(values)))
    house.lines.forget("shop")
    house.draw = 0.29
    tried, said = await house.ask()
    assert said.startswith("挑战者。")
    house.draw = 0.31
    assert (await house.ask(tried))[1].startswith("挑战者。")
    assert (await house.ask())[1].startswith("现行版。")


async def test_a_conversation_that_a_file_opens_is_pinned_too(house: House) -> None:
    class Nothing:
        async def parse(self, *_: object) -> object:
            return type("Parsed", (), {"chunks": (), "notes": ()})()

    await house.publish("第一版。")
    attach = AttachPipeline(Nothing(), house.files, house.log, house.lines, house.versions)  # type: ignore[arg-type]
    opened, _ = await attach.add("chat:1", "shop", "chat", None, "a.txt", b"x")
    await house.publish("第二版。")
    assert (await house.ask(opened))[1].startswith("第一版。")


async def test_another_lines_conversation_keeps_line_and_version(house: House) -> None:
    await house.publish("商城的。")
    first, _ = await house.ask()
    asked = Question("什么时候发货?", "chat:1", "chat", "r", line="bank", conversation_id=first)
    assert [event async for event in house.pipeline.ask(asked)]
    assert house.engine.requests[-1].messages[0].content.startswith("商城的。")


async def test_a_version_that_is_gone_gives_way_to_the_live_one(house: House) -> None:
    await house.publish("第一版。")
    line = await house.lines.get("shop")
    assert line is not None
    assert await house.versions.pinned(line, 99) is line
    assert (await house.versions.pinned(replace(line, prompt=None), 1)).prompt is not None
