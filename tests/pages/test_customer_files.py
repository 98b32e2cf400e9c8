"""Files on the customer's page over HTTP: taken in, shown, removed, refused; whose they are."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import func, select

from core.errors import DocumentRejected
from pages.customer_language import ERRORS, WORDS, explained
from pipelines.attach import LARGEST_FILE, MOST_FILES
from storage.tables import attachment, attachment_chunk
from tests.pages.customer_site import Site
from tests.pages.test_customer import ask, visitor
from tests.support.documents import contract_docx, with_a_blank_page

NAME = "房屋租赁合同.docx"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    async with made.app.router.lifespan_context(made.app):
        yield made


async def send(
    client: httpx.AsyncClient, data: Any, name: str = NAME, conversation: str = "", **headers: str
) -> httpx.Response:
    told = {"content-type": "application/octet-stream", "x-file-name": quote(name)} | headers
    return await client.post(f"/chat/attach?conversation={conversation}", content=data, headers=told)


async def rows(site: Site) -> tuple[int, int]:
    return await site.database.read(
        lambda connection: (
            connection.scalar(select(func.count()).select_from(attachment)) or 0,
            connection.scalar(select(func.count()).select_from(attachment_chunk)) or 0,
        )
    )


async def test_a_file_is_taken_in_asked_about_and_still_there_after_a_reload(site: Site) -> None:
    async with visitor(site) as client:
        reply = (await send(client, contract_docx())).json()
        conversation = reply["conversation_id"]
        assert reply["attachment"]["name"] == NAME
        assert reply["attachment"]["notes"] == []
        before = (await client.get(f"/chat/state?conversation={conversation}")).json()
        assert before["turns"] == []
        assert before["attachments"] == [reply["attachment"]]
        got = await ask(client, "合同里提前解约的违约金是多少?", conversation_id=conversation)
        assert got[0][1]["conversation_id"] == conversation
        assert got[1][1]["sources"][0]["document"] == NAME
        assert "两个月租金" in site.engine.requests[-1].messages[-1].content
        after = (await client.get("/chat/state")).json()
        assert after["conversation_id"] == conversation
        assert after["attachments"] == [reply["attachment"]]


async def test_deleting_the_conversation_deletes_its_files(site: Site) -> None:
    async with visitor(site) as client:
        conversation = (await send(client, contract_docx())).json()["conversation_id"]
        await ask(client, "合同?", conversation_id=conversation)
        assert (await rows(site))[0] == 1
        assert (await client.post("/chat/forget", json={"conversation_id": conversation})).status_code == 200
        assert await rows(site) == (0, 0)


async def test_a_conversation_that_holds_only_a_file_can_be_found_and_deleted(site: Site) -> None:
    async with visitor(site) as client:
        conversation = (await send(client, contract_docx())).json()["conversation_id"]
        state = (await client.get("/chat/state")).json()
        assert [each["id"] for each in state["conversations"]] == [conversation]
        assert state["conversation_id"] == conversation
        assert len(state["attachments"]) == 1


async def test_a_file_can_be_removed(site: Site) -> None:
    async with visitor(site) as client:
        reply = (await send(client, contract_docx())).json()
        unwanted = {
            "conversation_id": reply["conversation_id"],
            "attachment_id": reply["attachment"]["id"],
        }
        assert (await client.post("/chat/detach", json=unwanted)).status_code == 200
        assert (await client.post("/chat/detach", json=unwanted)).status_code == 404
        assert await rows(site) == (0, 0)


async def test_another_visitor_s_conversation_takes_no_file_and_gives_none(site: Site) -> None:
    async with visitor(site) as mine, visitor(site) as theirs:
        reply = (await send(mine, contract_docx())).json()
        conversation = reply["conversation_id"]
        await theirs.get("/chat")
        assert (await send(theirs, b"text", "b.txt", conversation)).status_code == 404
        unwanted = {"conversation_id": conversation, "attachment_id": reply["attachment"]["id"]}
        assert (await theirs.post("/chat/detach", json=unwanted)).status_code == 404
        state = (await theirs.get(f"/chat/state?conversation={conversation}")).json()
        assert state["attachments"] == []
        assert await rows(site) != (0, 0)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"content-type": "text/plain"}, 400),
        ({"content-type": "multipart/form-data; boundary=x"}, 400),
    ],
)
async def test_another_site_s_page_cannot_lay_in_a_file(
    site: Site, headers: dict[str, str], status: int
) -> None:
    async with visitor(site) as client:
        assert (await send(client, b"text", "a.txt", **headers)).status_code == status
    assert await rows(site) == (0, 0)


async def test_a_file_without_end_is_cut_off_while_it_arrives(site: Site) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 3 * LARGEST_FILE:
            sent += 65_536
            yield b"x" * 65_536

    async with visitor(site) as client:
        reply = await send(client, endless(), "big.txt")
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "attachment_too_large"
    assert sent <= LARGEST_FILE + 2 * 65_536


@pytest.mark.parametrize(
    ("language", "reason"), [("zh", "photo.png 是图片"), ("en", "photo.png is a picture")]
)
async def test_a_refusal_gives_its_reason_in_the_page_s_language(
    site: Site, language: str, reason: str
) -> None:
    async with visitor(site, **{"accept-language": language}) as client:
        reply = await send(client, b"\x89PNG\r\n", "photo.png")
    assert reply.status_code == 422
    assert reply.json()["error"]["message"].startswith(reason)


@pytest.mark.parametrize(("language", "note"), [("zh", "第 2 页没有文字"), ("en", "Page 2 holds no text")])
async def test_what_was_left_out_of_a_file_is_said(site: Site, language: str, note: str) -> None:
    async with visitor(site, **{"accept-language": language}) as client:
        shown = (await send(client, with_a_blank_page(), "scan.pdf")).json()
        assert [each[: len(note)] for each in shown["attachment"]["notes"]] == [note]
        state = (await client.get(f"/chat/state?conversation={shown['conversation_id']}")).json()
        assert state["attachments"] == [shown["attachment"]]


def test_a_refusal_without_a_known_reason_still_gets_a_calm_sentence() -> None:
    error = DocumentRejected("Something the page has no words for.")
    assert explained(error, "zh") == ERRORS["zh"]["document_rejected"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_name_the_limits_that_hold(language: str) -> None:
    megabytes = f"{LARGEST_FILE // 2**20} MB"
    assert megabytes in ERRORS[language]["attachment_too_large"]  # type: ignore[index]
    assert megabytes in WORDS[language]["attach_hint"]  # type: ignore[index]
    assert str(MOST_FILES) in ERRORS[language]["too_many_attachments"]  # type: ignore[index]
