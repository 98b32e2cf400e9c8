"""What a reader is shown of a stream: their own words put back, forbidden ones never, in whatever pieces it comes."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.events import Delta, Sources
from core.messages import Source
from core.vault import VaultEntry
from core.words import WordList
from pipelines.draft import Draft
from pipelines.voice import Voice
from pipelines.words.lexicon import Lexicon

KNOWN = [
    VaultEntry("[PHONE_1]", "phone", "13958271046", "139-5827-1046"),
    VaultEntry("[ADDRESS_1]", "address", "x", '文三路"478"号'),
]
LISTS = [
    WordList(id="1", name="赌", category="gambling", action="block", words=("赌博网站",), count=1),
    WordList(id="2", name="rude", category="rude", action="replace", words=("笨蛋",), count=1),
    WordList(id="3", name="sue", category="legal", action="handoff", words=("起诉",), count=1),
]


def voice(*, as_json: bool = False) -> tuple[Voice, Draft]:
    draft = Draft()
    return Voice(draft, KNOWN, Lexicon(LISTS).stream("shop"), as_json=as_json), draft


def said(pieces: list[str], **options: bool) -> tuple[str, Voice, Draft]:
    """What is shown of these pieces."""
    speaking, draft = voice(**options)
    shown = [speaking.shown(Delta(piece)) for piece in pieces]
    rest = speaking.rest()
    return "".join(event.text for event in (*shown, rest) if isinstance(event, Delta)), speaking, draft


@given(st.lists(st.integers(0, 60), max_size=8))
def test_any_cut_shows_the_same(cuts: list[int]) -> None:
    text = "请拨打 [PHONE_1]，别理那个笨蛋，[ADDRESS_1]见；[PHONE_9] 不是您的。"
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    shown, _, draft = said(pieces)
    assert shown == '请拨打 139-5827-1046，别理那个***，文三路"478"号见；[PHONE_9] 不是您的。'
    assert draft.text == "请拨打 [PHONE_1]，别理那个***，[ADDRESS_1]见；[PHONE_9] 不是您的。", (
        "stored as the model said it"
    )


def test_nothing_follows_a_forbidden_word() -> None:
    shown, speaking, draft = said(["去这个赌", "博网", "站试试，再打", "[PHONE_1]"])
    assert (shown, speaking.blocked) == ("去这个", True)
    assert draft.text == "去这个"


def test_a_word_may_call_a_person() -> None:
    shown, speaking, _ = said(["您可以起", "诉我们"])
    assert (shown, speaking.handoff, speaking.blocked) == ("您可以起诉我们", True, False)


def test_json_stays_json() -> None:
    shown, _, _ = said(['{"to": "[ADDR', 'ESS_1]"}'], as_json=True)
    assert json.loads(shown) == {"to": '文三路"478"号'}


def test_a_call_gets_the_real_number_in_its_pieces() -> None:
    speaking, _ = voice()
    pieces = ['{"number": "[PHO', 'NE_1]", "at": "[ADDRESS', '_1]"}']
    arguments = ""
    for piece in pieces:
        call = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        event = speaking.shown(Delta("", call))
        assert isinstance(event, Delta)
        arguments += event.extra["tool_calls"][0]["function"]["arguments"]
    assert json.loads(arguments) == {"number": "139-5827-1046", "at": '文三路"478"号'}
    assert speaking.rest() is None


def test_a_source_shows_the_customers_own_words() -> None:
    speaking, _ = voice()
    source = Source("[PHONE_1].txt", "", "", 0.9, "Call [PHONE_1].")
    event = speaking.shown(Sources((source,)))
    assert isinstance(event, Sources)
    assert (event.sources[0].text, event.sources[0].document) == ("Call 139-5827-1046.", "139-5827-1046.txt")


@pytest.mark.parametrize("text", ["没有括号的回答", "1 < 2", "", "[1] 参见"])
def test_an_ordinary_piece_passes_at_once(text: str) -> None:
    speaking, _ = voice()
    event = speaking.shown(Delta(text))
    assert (event.text if isinstance(event, Delta) else "") == text


def test_probabilities_wait_with_their_text_and_never_name_a_replaced_word() -> None:
    speaking, _ = voice()
    told: list[str] = []
    for piece in ("好", "笨", "的", "，那个", "笨", "蛋", "走了"):
        event = speaking.shown(Delta(piece, logprobs={"content": [{"token": piece}], "refusal": None}))
        if isinstance(event, Delta) and event.logprobs:
            told += [token["token"] for token in event.logprobs["content"]]
            assert event.logprobs["refusal"] is None
    assert told == ["好", "笨", "的", "，那个", "走了"]


def test_probabilities_held_back_at_the_end_are_told() -> None:
    speaking, _ = voice()
    assert speaking.shown(Delta("笨", logprobs={"content": [{"token": "笨"}]})) is None
    rest = speaking.rest()
    assert rest is not None
    assert (rest.text, rest.logprobs) == ("笨", {"content": [{"token": "笨"}]})
