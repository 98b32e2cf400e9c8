"""Every language end to end: the instruction that reaches the engine, the sentences that are known by heart, and
what a line's rules make of a customer's language."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import EngineError
from core.messages import BusinessLine, LanguageRules, Mode, Sampling
from core.ports import EngineChunk, GenerationRequest
from core.words import WordList
from pipelines.persona import LANGUAGE_NAMES
from pipelines.sentences import Sentences, all_sentences, fold
from storage.database import Database
from tests.pipelines.test_answer import CONTACT, EchoEngine, House, finished
from tests.support.keys import MASTER
from tests.support.languages import QUESTIONS

LINE = BusinessLine(id="shop", names={"zh": "商城", "en": "Shop"}, bases=["shop"], contact={"zh": CONTACT})
LANGUAGES = sorted(all_sentences())


class Silent(EchoEngine):
    """Has nothing to say."""

    async def stream(self, request: GenerationRequest) -> AsyncGenerator[EngineChunk]:
        self.requests.append(request)
        yield EngineChunk(finish_reason="stop", engine=self.name)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}", MASTER)
    await database.start()
    made = House(database)
    await made.lines.put(LINE)
    yield made
    await database.aclose()


def own(sentences: Sentences, phrases: tuple[str, ...]) -> str:
    """A phrase that no other language shares, as a customer would send it."""
    every = [phrase for other in all_sentences().values() for phrase in (*other.greetings, *other.thanks)]
    return next(phrase for phrase in phrases if every.count(phrase) == 1)


def test_there_is_a_question_and_a_name_for_every_language() -> None:
    assert set(QUESTIONS) == set(LANGUAGES)
    assert len(LANGUAGES) == 30
    assert set(LANGUAGES) <= set(LANGUAGE_NAMES)
    assert len({sentences.name for sentences in all_sentences().values()}) == 30


@pytest.mark.parametrize("field", ["greeting", "other_language", "refused", "handoff_asked", "nothing_found"])
def test_every_language_says_it_in_its_own_words(field: str) -> None:
    said = [getattr(sentences, field) for sentences in all_sentences().values()]
    assert len(set(said)) == len(said)
    assert all(sentence == sentence.strip() != "" for sentence in said)
    if field == "other_language":
        assert all("{languages}" in sentence for sentence in said)


async def test_the_engine_is_told_the_language_and_every_sentence_is_in_it(house: House) -> None:
    for language in LANGUAGES:
        await speak(house, language)


async def speak(house: House, language: str) -> None:
    sentences = all_sentences()[language]
    first = finished(await house.ask(QUESTIONS[language]))
    assert first.language == language
    name = LANGUAGE_NAMES[language]
    told = f"用{name}回答" if language.startswith("zh") else f"Answer in {name}."
    assert told in house.engine.requests[-1].messages[0].content
    assert told in first.text

    async def again(text: str) -> str:
        end = finished(await house.ask(text, conversation_id=first.conversation_id))
        assert end.language == language, text
        return end.text

    assert await again(own(sentences, tuple(sentences.greetings))) == sentences.greeting
    assert await again(own(sentences, tuple(sentences.thanks))) == sentences.you_are_welcome
    assert await again("12345") != ""
    house.engine.fail_first = [EngineError("down")]
    assert sentences.engine_down in await again(QUESTIONS[language])


async def test_what_is_not_known_what_is_refused_and_who_wants_a_person(house: House) -> None:
    await house.words.put(WordList("b", "Never", "illegal", "block", ("zqxforbidden",)))
    house.pipeline._engine = Silent()
    for language in LANGUAGES:
        await get_no_answer(house, language)


async def get_no_answer(house: House, language: str) -> None:
    sentences = all_sentences()[language]
    nothing = finished(await house.ask(QUESTIONS[language]))
    assert (nothing.mode, nothing.language) == (Mode.HANDOFF, language)
    assert nothing.text.startswith(sentences.nothing_found)
    refused = finished(await house.ask(f"{QUESTIONS[language]} zqxforbidden"))
    assert (refused.mode, refused.language) == (Mode.REFUSED, language)
    assert refused.text.startswith(sentences.refused)
    wish = finished(await house.ask(f"{QUESTIONS[language]} {sentences.person_requests[0]}"))
    assert (wish.mode, wish.language) == (Mode.HANDOFF, language)
    assert wish.text.startswith(sentences.handoff_asked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_spellings_of_a_phrase_are_kept(language: str) -> None:
    sentences = all_sentences()[language]
    assert all(phrase == fold(phrase) for phrase in (*sentences.greetings, *sentences.thanks))


async def test_a_greeting_alone_tells_its_language_and_the_lines_own_comes_first(house: House) -> None:
    await house.lines.put(replace(LINE, greeting={"es": "Hola, soy de la tienda."}))
    assert finished(await house.ask("Hola!")).text == "Hola, soy de la tienda."
    assert finished(await house.ask("Ciao")).text == all_sentences()["it"].greeting


async def test_a_pinned_language_is_answered_in_always_and_without_a_word_on_it(house: House) -> None:
    await house.lines.put(replace(LINE, languages=LanguageRules(pinned="fr")))
    end = finished(await house.ask(QUESTIONS["de"]))
    assert end.language == "fr"
    assert end.text.startswith("ECHO:")
    assert "Answer in French." in end.text


async def test_a_forbidden_language_is_answered_in_the_lines_first_and_both_say_so(house: House) -> None:
    rules = LanguageRules(forbidden=("de",))
    await house.lines.put(replace(LINE, names={"en": "Shop", "zh": "商城"}, languages=rules))
    end = finished(await house.ask(QUESTIONS["de"]))
    assert end.language == "en"
    german, english = (
        all_sentences()[code].other_language.replace("{languages}", "English") for code in ("de", "en")
    )
    assert end.text.startswith(f"{german}\n\n{english}\n\nECHO:")
    (turn,) = await house.log.turns(end.conversation_id, "chat:1")
    assert turn.record.answer == end.text
    later = finished(await house.ask(QUESTIONS["de"], conversation_id=end.conversation_id))
    assert (later.language, german in later.text) == ("en", False)
    assert finished(await house.ask(QUESTIONS["fr"])).language == "fr"


async def test_only_the_languages_that_a_line_allows(house: House) -> None:
    await house.lines.put(replace(LINE, languages=LanguageRules(allowed=("fr", "it"))))
    end = finished(await house.ask(QUESTIONS["de"]))
    assert end.language == "fr"
    assert "Français · Italiano" in end.text.split("ECHO:")[0]
    assert finished(await house.ask(QUESTIONS["it"])).language == "it"


async def test_the_other_script_will_do_and_needs_no_word(house: House) -> None:
    await house.lines.put(replace(LINE, languages=LanguageRules(allowed=("zh", "en"))))
    end = finished(await house.ask(QUESTIONS["zh-Hant"]))
    assert (end.language, end.text[:5]) == ("zh", "ECHO:")


async def test_nothing_is_put_before_what_a_program_reads(house: House) -> None:
    await house.lines.put(replace(LINE, languages=LanguageRules(allowed=("en",))))
    sampling = Sampling(extra={"response_format": {"type": "json_object"}})
    end = finished(await house.ask(QUESTIONS["de"], sampling=sampling))
    assert (end.language, end.text[:5]) == ("en", "ECHO:")


async def test_names_of_the_glossary_are_given_to_the_engine(house: House) -> None:
    await house.lines.put(replace(LINE, glossary=("青柚商城", "Quillboard")))
    await house.ask(QUESTIONS["fr"])
    assert "Do not translate these names; write them as they are: 青柚商城, Quillboard" in (
        house.engine.requests[-1].messages[0].content
    )
