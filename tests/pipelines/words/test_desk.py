"""What a manager does to lists: every change holds at once, and what cannot be used changes nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import DocumentRejected, NotFound, XiaoQError
from core.words import WordList
from knowledge.encodings import decode
from pipelines.words import desk as desk_module
from pipelines.words.desk import WordDesk
from pipelines.words.live import Words
from storage.database import Database
from storage.words import SqlWordStore
from tests.support.keys import MASTER

RUDE = WordList("", "Rude", "abuse", "replace", ("笨蛋",), replacement="…")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[WordDesk]:
    database = Database(f"sqlite:///{tmp_path / 'words.db'}", MASTER)
    await database.start()
    store = SqlWordStore(database)
    made = WordDesk(store, Words(store), decode)
    yield made
    await made.live.aclose()
    await database.aclose()


async def outcome(desk: WordDesk, text: str) -> str:
    return (await desk.live.lexicon()).screen(text, "shop").action


async def test_a_change_holds_at_once(desk: WordDesk) -> None:
    assert await outcome(desk, "笨蛋") == "pass"
    made, reviewed = await desk.create(RUDE)
    assert (made.count, reviewed and reviewed.duplicates) == (1, 0)
    assert await outcome(desk, "笨蛋") == "replace"
    await desk.change(made.id, {"action": "block"})
    assert await outcome(desk, "笨蛋") == "block"
    await desk.change(made.id, {"words": ["混蛋"]})
    assert (await outcome(desk, "笨蛋"), await outcome(desk, "混蛋")) == ("pass", "block")
    await desk.delete(made.id)
    assert await outcome(desk, "混蛋") == "pass"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
async def test_a_file_of_any_common_encoding_fills_a_list(desk: WordDesk, encoding: str) -> None:
    made, _ = await desk.create(RUDE)
    text = "# 公司不希望出现的词语\n赌博\n赌场\n六合彩\n高利贷\n代开发票\n"
    done = await desk.upload(made.id, "words.txt", text.encode(encoding))
    assert [words.count for words in done.lists] == [5]
    assert await outcome(desk, "代开发票") == "replace"
    assert await outcome(desk, "笨蛋") == "pass"  # filled anew


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        *(
            (word, "gb18030")
            for word in ("赌场", "赌博\n六合彩", "傻逼", "代开发票", "法轮功\n# 备注，说明", "𠮷野家饭")
        ),
        *((word, "big5") for word in ("賭博\n六合彩", "代開發票", "法輪功\n高利貸")),
        *((word, "cp932") for word in ("ばか\nあほな人たち\nパチンコで儲ける方法です",)),
        *((word, "cp1252") for word in ("dégueulasse\nsaleté de merde\nenculé\nfrançais de souche",)),
    ],
)
async def test_short_lists_are_told_apart(desk: WordDesk, word: str, encoding: str) -> None:
    made, _ = await desk.create(RUDE)
    await desk.upload(made.id, "words.txt", word.encode(encoding))
    assert (await desk.get(made.id)).words[0] == word.split("\n")[0]


async def test_other_kinds_in_a_file_make_lists_of_their_own(desk: WordDesk) -> None:
    made, _ = await desk.create(RUDE)
    first = b"word,category,action\nfool,,\nlawsuit,legal,handoff\ncasino,gambling,block\n"
    done = await desk.upload(made.id, "w.csv", first)
    assert [(words.category, words.action, words.count) for words in done.lists[:1]] == [
        ("abuse", "replace", 1)
    ]
    assert {words.category for words in done.lists[1:]} == {"legal", "gambling"}
    assert [await outcome(desk, text) for text in ("fool", "lawsuit", "casino")] == [
        "replace",
        "handoff",
        "block",
    ]
    done = await desk.upload(made.id, "w.csv", b"word,category,action\nfool,,\nlawsuit,legal,handoff\n")
    assert len(done.lists) == len(await desk.lists()) == 2
    assert await outcome(desk, "casino") == "pass"


async def test_a_file_of_one_other_kind_says_what_the_list_is(desk: WordDesk) -> None:
    made, _ = await desk.create(RUDE)
    done = await desk.upload(made.id, "w.csv", "词,类别,处理\n赌博,赌博,拦截\n".encode())
    assert [(words.id, words.category, words.action) for words in done.lists] == [(made.id, "赌博", "block")]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("w.txt", b""),
        ("w.txt", b"\x00\x01\x02\x03" * 100),
        ("w.txt", b"# nothing\n"),
        ("w.csv", b'word\n"open'),
        ("w.txt", b"x" * 5_000_001),
        ("w.csv", "".join(f"w{n}x,c{n}\n" for n in range(30)).encode()),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(desk: WordDesk, name: str, data: bytes) -> None:
    made, _ = await desk.create(RUDE)
    with pytest.raises(XiaoQError):
        await desk.upload(made.id, name, data)
    assert (await desk.get(made.id)).words == ("笨蛋",)
    assert await outcome(desk, "笨蛋") == "replace"


async def test_all_lists_together_are_bounded(desk: WordDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_module, "MOST_WORDS_IN_ALL", 3)
    monkeypatch.setattr(desk_module, "MOST_LISTS", 2)
    made, _ = await desk.create(RUDE)
    await desk.create(RUDE)
    with pytest.raises(DocumentRejected):
        await desk.create(RUDE)
    with pytest.raises(DocumentRejected):
        await desk.change(made.id, {"words": ["甲乙", "乙丙", "丙丁"]})


async def test_what_is_not_there_is_said(desk: WordDesk) -> None:
    for call in (
        desk.get("x"),
        desk.delete("x"),
        desk.change("x", {"enabled": False}),
        desk.upload("x", "w.txt", b"a"),
    ):
        with pytest.raises(NotFound):
            await call
