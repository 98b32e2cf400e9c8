"""What language an answer is in, whatever it quotes."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.messages import Sampling
from core.ports import EngineChunk, GenerationRequest
from pipelines.language import detect_language
from pipelines.language_reply import language_of_text
from storage.database import Database
from tests.pipelines.test_answer import EchoEngine, House, finished
from tests.pipelines.test_languages_spoken import LINE
from tests.support.keys import MASTER


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = House(database)
    await made.lines.put(LINE)
    yield made
    await database.aclose()


@pytest.mark.parametrize(
    ("text", "glossary", "language"),
    [
        ("Ihr Paket wird morgen geliefert. Rufen Sie uns gern an: [PHONE_1].", (), "de"),
        ("Voici la commande :\n```\nSELECT what FROM where WHERE the is a and of\n```\nBonne journée à vous.", (), "fr"),
        ("> 付款后 48 小时内发货。\n\nYour order ships within two days.", (), "en"),
        ("El manual dice “please restart the device and wait for it”. Después funciona sin problemas.", (), "es"),
        ("Pomelo Mall Gold Card kostar\n12345", ("Pomelo Mall Gold Card kostar",), None),
        ("1. 12345\n2. https://example.com/a", (), None),
        ("您的订单将在 48 小时内发货，Pomelo Mall Express 会短信通知您。", (), "zh"),
    ],
)  # fmt: skip
def test_only_its_own_words_count(text: str, glossary: tuple[str, ...], language: str | None) -> None:
    assert language_of_text(text, glossary, detect_language) == language


class Saying(EchoEngine):
    """Says what it is told to say."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self._answer = answer

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        yield EngineChunk(text=self._answer, engine=self.name)
        yield EngineChunk(finish_reason="stop")


async def kept(house: House, answer: str, question: str, **changes: object) -> str | None:
    house.pipeline._engine = Saying(answer)
    end = finished(await house.ask(question, **changes))
    (turn,) = await house.log.turns(end.conversation_id, "chat:1")
    return turn.record.answer_language


async def test_it_is_kept_with_the_answer_of_a_model_and_with_no_other(house: House) -> None:
    question = "Wann kommt meine Bestellung endlich an?"
    assert await kept(house, "Ihre Bestellung kommt morgen bei Ihnen an.", question) == "de"
    assert await kept(house, "Your order will be there tomorrow.", question) == "en"
    as_json = Sampling(extra={"response_format": {"type": "json_object"}})
    assert await kept(house, '{"answer": "morgen"}', question, sampling=as_json) is None
    assert await kept(house, "never asked", "guten tag") is None


async def test_a_notice_in_another_language_is_none_of_the_answers_words(house: House) -> None:
    await house.lines.put(
        replace(LINE, languages=replace(LINE.languages, forbidden=("de",)), names={"en": "Shop"})
    )
    question = "Wann kommt meine Bestellung endlich an?"
    assert await kept(house, "Your order will be there tomorrow.", question) == "en"
