"""Several choices of one answer: each is screened, restored and ended on its own; what no model made is every choice."""

from collections.abc import AsyncGenerator, Sequence
from functools import partial

from core.events import Delta, Event, Handoff, Sources
from core.messages import HandoffNote, Mode, Question, Sampling
from core.vault import VaultEntry
from core.words import WordList
from pipelines.choices import Choices, several
from pipelines.draft import Draft
from pipelines.voice import Voice
from pipelines.words.lexicon import Lexicon

KNOWN = [VaultEntry("[PHONE_1]", "phone", "13958271046", "139-5827-1046")]
LISTS = [
    WordList(id="1", name="赌", category="gambling", action="block", words=("赌博网站",), count=1),
    WordList(id="3", name="sue", category="legal", action="handoff", words=("起诉",), count=1),
]


def question(n: int) -> Question:
    return Question("?", "key:1", "api", "req", sampling=Sampling(n=n))


def choices(n: int, mode: Mode = Mode.GENERATED) -> tuple[Choices, Draft]:
    draft = Draft("zh")
    draft.mode = mode
    screen = partial(Lexicon(LISTS).stream, "shop")
    made = several(question(n), draft, Voice(draft, KNOWN, screen()), KNOWN, screen)
    assert made is not None
    return made, draft


async def said(made: Choices, events: Sequence[Event]) -> tuple[dict[int, str], list[Event]]:
    """What each choice amounts to, and all that is no text."""

    async def come() -> AsyncGenerator[Event]:
        for event in events:
            yield event

    def cut_short(blocked: bool, draft: Draft) -> list[Event]:
        draft.handoff = HandoffNote("sensitive", "call us")
        draft.finish_reason = "content_filter" if blocked else draft.finish_reason
        draft.say(" REFUSED" if blocked else " PERSON")
        return [Handoff(draft.handoff), Delta(" REFUSED" if blocked else " PERSON")]

    texts: dict[int, str] = {}
    others: list[Event] = []
    async for event in made.spoken(come(), cut_short):
        if isinstance(event, Delta):
            texts[event.index] = texts.get(event.index, "") + event.text
        else:
            others.append(event)
    return texts, others


def test_one_answer_needs_no_choices() -> None:
    draft, screen = Draft(), partial(Lexicon(LISTS).stream, "shop")
    assert several(question(1), draft, Voice(draft, KNOWN, screen()), KNOWN, screen) is None


async def test_what_is_held_back_of_one_does_not_reach_another() -> None:
    made, draft = choices(2)
    pieces = [Delta("打[PHO"), Delta("或[PH", index=1), Delta("NE_1]吧"), Delta("ONE_1]呢", index=1)]
    texts, _ = await said(made, pieces)
    assert texts == {0: "打139-5827-1046吧", 1: "或139-5827-1046呢"}
    assert draft.text == "打[PHONE_1]吧", "the first is kept, as the model said it"
    assert [one.text for one in made.further()] == ["或139-5827-1046呢"]


async def test_a_forbidden_word_ends_its_own_choice_only() -> None:
    made, draft = choices(3)
    token = {"content": [{"token": "赌博网站", "logprob": -0.1}]}
    pieces = [
        Delta("去赌博"), Delta("我们", index=1), Delta("他要起诉", index=2),
        Delta("网站看看", logprobs=token), Delta("再看", logprobs=token), Delta("只卖茶", index=1),
    ]  # fmt: skip
    draft.further[0].finish_reason = "length"
    texts, others = await said(made, pieces)
    assert texts == {0: "去 REFUSED", 1: "我们只卖茶", 2: "他要起诉 PERSON"}
    assert others == [Handoff(HandoffNote("sensitive", "call us"))], "a person is told of once"
    assert draft.finish_reason == "content_filter"
    assert [one.finish_reason for one in made.further()] == ["length", "content_filter"]
    assert {hit.list_id for hit in made.hits()} == {"1", "3"}


async def test_the_engine_is_left_once_every_choice_is_blocked() -> None:
    made, _ = choices(2)
    read: list[int] = []

    async def engine() -> AsyncGenerator[Event]:
        for number, piece in enumerate(("赌博网站", "赌博网站", "never")):
            read.append(number)
            yield Delta(piece, index=number % 2)

    async for event in made.spoken(engine(), lambda blocked, draft: []):
        assert not (isinstance(event, Delta) and "never" in event.text)
    assert read == [0, 1]


async def test_an_answer_that_no_model_made_is_every_choice() -> None:
    made, draft = choices(3, Mode.QUOTED)
    draft.finish_reason = "stop"
    texts, others = await said(made, [Sources(()), Delta("> 48 小时内发货")])
    assert texts == dict.fromkeys(range(3), "> 48 小时内发货")
    assert others == [Sources(())]
    assert {(one.text, one.finish_reason) for one in made.further()} == {("> 48 小时内发货", "stop")}
    draft.usage = None
    assert draft.counted().completion_tokens == 3 * (Draft.counted(draft.further[0]).completion_tokens)
