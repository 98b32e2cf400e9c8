"""Screening a text that streams: it gives what the whole text gives, and waits for nothing that cannot be a word."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from core.words import WordList
from pipelines.words.lexicon import Lexicon
from tests.pipelines.words.lists import ALL

LEXICON = Lexicon(ALL)
PIECES = (
    *"法轮功六合彩赌博律师函竞品传奇庞氏船骑abcdefxASSHELLfuckyourself8964013@$",
    *" .-*_/，。,!'\n\t（）", "...", "🎲", "👨‍👩‍👧", "\u200b", "\u202e", "\u0303", "ﬁ", "賭", "輪", "с",
    "kill", "yourself", "kill yourself", "赌博", "六合彩", "a$$", "AV女优", "lawsuit", "penis", "pen is", "l0l",
)  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=40)


def streamed(pieces: list[str], line: str) -> tuple[str, list[tuple[int, int, str]], bool]:
    screen = LEXICON.stream(line)
    shown = "".join(map(screen.feed, pieces)) + screen.close()
    return shown, [(hit.start, hit.end, hit.list_id) for hit in screen.hits], screen.blocked


def whole(text: str, line: str) -> tuple[str, list[tuple[int, int, str]], bool]:
    screened = LEXICON.screen(text, line)
    blocks = [at for at, hit in enumerate(screened.hits) if hit.action == "block"]
    hits = screened.hits[: blocks[0] + 1] if blocks else screened.hits
    return screened.text, [(hit.start, hit.end, hit.list_id) for hit in hits], bool(blocks)


@settings(max_examples=600, deadline=None)
@given(texts, st.lists(st.integers(0, 60), max_size=12), st.sampled_from(["shop", "bank"]))
def test_any_cut_gives_what_the_whole_text_gives(text: str, cuts: list[int], line: str) -> None:
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert streamed(pieces, line) == whole(text, line)
    assert streamed(list(text), line) == whole(text, line)


@settings(max_examples=200, deadline=None)
@given(texts)
def test_nothing_forbidden_is_ever_shown(text: str) -> None:
    """What has been shown at any moment holds no word that blocks or is replaced."""
    screen = LEXICON.stream("shop")
    shown = ""
    for char in text:
        shown += screen.feed(char)
        hits = LEXICON.screen(shown + "\n", "shop").hits
        assert not [h for h in hits if h.action == "block"]


def test_what_begins_no_word_is_not_delayed() -> None:
    screen = LEXICON.stream("shop")
    for piece in (
        "您的订单",
        "上午",
        "发出",
        "，",
        "three days ",
        "from now.",
        "\n",
        "123",
        " ",
        "🎉",
        "xy ",
    ):
        assert screen.feed(piece) == piece
    assert screen.close() == ""


def test_a_beginning_waits_only_while_it_may_become_a_word() -> None:
    screen = LEXICON.stream("shop")
    assert [screen.feed(piece) for piece in ("买六", "合", "院", "的")] == ["买", "", "六合院", "的"]
    assert [screen.feed(piece) for piece in (" hel", "p", " he", "ll", ".")] == [" ", "help", " ", "", "[…]."]
    assert [screen.feed(piece) for piece in ("the pen", " is", " red")] == ["the ", "pen is", " red"]


def test_a_beginning_does_not_wait_over_more_than_a_word_bridges() -> None:
    screen = LEXICON.stream("shop")
    assert screen.feed("法轮") == ""
    assert screen.feed("    ") == "法轮    "
    assert screen.feed("法轮") == ""
    assert screen.feed("\n") == "法轮\n"
    assert screen.feed("法轮") == ""
    assert screen.feed("\u200b" * 40) == "法轮" + "\u200b" * 40


def test_what_waits_is_bounded() -> None:
    """Words that repeat themselves in a text that repeats itself."""
    lexicon = Lexicon([WordList("x", "X", "x", "block", ("好" * 50 + "坏", "哈" * 20 + "啊"))])
    screen, fed, shown = lexicon.stream("shop"), 0, 0
    for piece in ["好 " * 30, "哈" * 300, "好" * 300] * 3:
        fed += len(piece)
        shown += len(screen.feed(piece))
        assert fed - shown <= 51 * 4


def test_after_a_block_nothing_comes() -> None:
    screen = LEXICON.stream("shop")
    assert [screen.feed(piece) for piece in ("赌博和六", "合彩，好", "赌博")] == ["[…]和", "", ""]
    assert screen.blocked
    assert [hit.action for hit in screen.hits] == ["replace", "block"]
    assert screen.close() == ""


def test_a_person_is_called_and_the_text_goes_on() -> None:
    screen = LEXICON.stream("shop")
    shown = screen.feed("律师函") + screen.feed("来了") + screen.close()
    assert (shown, screen.handoff, screen.blocked) == ("律师函来了", True, False)


def test_without_lists_everything_passes() -> None:
    screen = Lexicon([]).stream("shop")
    assert screen.feed("六合彩") == "六合彩"
    assert Lexicon([]).screen("六合彩", "shop").action == "pass"
