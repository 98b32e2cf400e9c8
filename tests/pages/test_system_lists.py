"""The System tab's word lists: made, filled, switched, tried out, by line, in the reader's language."""

import pytest

from core.access import Principal
from core.words import WordList
from pipelines.services import Services
from tests.pages.test_system import ADMIN, page, services

__all__ = ["services"]  # the fixture
MANAGER_OF_SHOP = Principal("console", "manager", "mei", "shop")
FIELDS = {"name": "Rude", "category": "abuse", "action": "replace", "replacement": "…", "line": ""}


async def only(services: Services) -> WordList:
    found = await services.words.lists()
    assert len(found) == 1
    return found[0]


async def test_a_list_is_made_filled_changed_switched_and_deleted(services: Services) -> None:
    async with page(services, ADMIN) as at:
        assert "There are no lists yet" in (await at.get("/system/lists")).text
        made = await at.post("/system/lists/create", json=FIELDS)
        assert made.json() == {"message": "“Rude” is made. Open it to upload its words.", "reload": True}
        rude = await only(services)
        sent = await at.post(
            f"/system/lists/upload?id={rude.id}",
            content="笨蛋\n混蛋\n笨 蛋\n**\n".encode(),
            headers={"x-file-name": "w.txt"},
        )
        assert sent.json()["message"] == (
            "2 words are in. Left out because they are there already: 1. "
            "Left out because they are too short or too long to look for: 1 (first: row 4)."
        )
        assert "2 words" in (await at.get("/system/lists")).text
        assert (await at.get(f"/system/lists/download?id={rude.id}")).text == "笨蛋\n混蛋\n"
        change = FIELDS | {"id": rude.id, "action": "block", "homophones": "yes"}
        assert "saved" in (await at.post("/system/lists/change", json=change)).json()["message"]
        assert [(one.action, one.homophones, one.count) for one in [await only(services)]] == [
            ("block", True, 2)
        ]
        assert (
            "is off"
            in (await at.post("/system/lists/able", json={"id": rude.id, "enable": "no"})).json()["message"]
        )
        assert not (await only(services)).enabled
        assert (
            "is on"
            in (await at.post("/system/lists/able", json={"id": rude.id, "enable": "yes"})).json()["message"]
        )
        assert "deleted" in (await at.post("/system/lists/delete", json={"id": rude.id})).json()["message"]
        assert await services.words.lists() == []


async def test_a_text_is_tried_out_with_its_words_marked_and_escaped(services: Services) -> None:
    await services.words.create(WordList("", "<b>", "abuse", "replace", ("笨蛋",)))
    async with page(services, ADMIN, "zh") as at:
        shown = (await at.post("/system/lists/try", json={"text": "<i>笨 蛋", "line": "shop"})).json()[
            "reveal"
        ]
        assert "替换后放行" in shown
        assert "&lt;i&gt;<mark>笨 蛋</mark>" in shown
        assert "<i>" not in shown
        assert "<b>" not in shown
        shown = (await at.post("/system/lists/try", json={"text": "你好", "line": "shop"})).json()["reveal"]
        assert "没有敏感词" in shown


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("w.xlsx", b"word", "不是词表"),
        ("w.txt", b"# x\n", "没有可以用来匹配的词"),
        ("w.csv", "词,处理\n笨蛋,喊\n".encode(), "第 2 行的处理方式无法识别"),
        ("w.csv", b'word\n"open', "请检查那里的引号"),
        ("w.txt", b"x" * 5_000_001, "超过 5 MB"),
    ],
)
async def test_a_file_that_will_not_do_is_refused_in_the_readers_language(
    services: Services, name: str, data: bytes, said: str
) -> None:
    made, _ = await services.words.create(WordList("", "Rude", "abuse", "replace", ("笨蛋",)))
    async with page(services, ADMIN, "zh") as at:
        sent = await at.post(
            f"/system/lists/upload?id={made.id}", content=data, headers={"x-file-name": name}
        )
        assert sent.status_code >= 400
        assert said in sent.json()["error"]["message"]
    assert (await only(services)).count == 1


async def test_who_is_bound_to_a_line_looks_at_shared_lists_and_changes_their_own(services: Services) -> None:
    shared, _ = await services.words.create(WordList("", "Shared", "abuse", "block", ("笨蛋",)))
    await services.words.create(WordList("", "Bank only", "abuse", "block", ("混蛋",), line="bank"))
    async with page(services, MANAGER_OF_SHOP) as at:
        shown = (await at.get("/system/lists")).text
        assert "Shared" in shown
        assert "you can only look at it" in shown
        assert "Bank only" not in shown
        assert shared.id not in shown
        refused = await at.post("/system/lists/delete", json={"id": shared.id})
        assert refused.status_code == 403
        missing = await at.post("/system/lists/create", json=FIELDS | {"category": " "})
        assert missing.status_code == 400


async def test_only_managers_see_the_section(services: Services) -> None:
    async with page(services, Principal("console", "agent")) as at:
        assert (await at.get("/system/lists")).status_code == 403
