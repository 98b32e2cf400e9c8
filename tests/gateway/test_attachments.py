"""Files of a conversation over the API: laid in, asked about with OpenAI's own client, listed, removed, forgotten."""

from typing import Any

import httpx
import pytest
from openai import OpenAI
from sqlalchemy import func, select

from pipelines.attach import LARGEST_FILE, MOST_FILES
from storage.tables import attachment, attachment_chunk
from tests.gateway.conftest import Running
from tests.support.documents import contract_docx, long_text

NAME = "房屋租赁合同.docx"
QUESTION = "合同里提前解约要付多少违约金？"


def laid_in(
    http: httpx.Client, *files: tuple[str, bytes], path: str = "/api/attachments", **query: Any
) -> httpx.Response:
    return http.post(path, params=query, files=[("files", file) for file in files])


def ask(client: OpenAI, text: str, conversation: str, **more: Any) -> Any:
    return client.chat.completions.create(
        model="qwen2.5-7b",
        messages=[{"role": "user", "content": text}],
        metadata={"conversation_id": conversation},
        **more,
    )


def rows(site: Running, conversation: str) -> tuple[int, int]:
    """Files and passages that the database holds for a conversation."""
    of_it = select(attachment.c.id).where(attachment.c.conversation_id == conversation)
    database: Any = site.services.database

    async def count() -> tuple[int, int]:
        return await database.read(
            lambda connection: (
                connection.scalar(select(func.count()).select_from(of_it.subquery())),
                connection.scalar(
                    select(func.count())
                    .select_from(attachment_chunk)
                    .where(attachment_chunk.c.attachment_id.in_(of_it))
                ),
            )
        )

    return site.call(count())


def test_attach_then_ask_with_the_official_client(site: Running, client: OpenAI, http: httpx.Client) -> None:
    reply = laid_in(http, (NAME, contract_docx()))
    assert reply.status_code == 201
    conversation = reply.json()["conversation_id"]
    (file,) = reply.json()["attachments"]
    assert (file["name"], file["status"], file["error"]) == (NAME, "ready", None)
    assert file["chunks"] >= 3
    assert reply.headers["x-conversation-id"] == conversation

    answer = ask(client, QUESTION, conversation)
    *_, asked = site.seen()
    assert asked["role"] == "user"
    assert asked["content"].endswith(QUESTION)
    assert "两个月租金的违约金" in asked["content"]
    assert "5200 元" in asked["content"], "a file that fits is read whole"
    assert answer.xiaoq["conversation_id"] == conversation
    assert answer.xiaoq["sources"][0]["document"] == NAME
    assert "违约责任" in answer.xiaoq["sources"][0]["location"]

    again = ask(client, "那押金什么时候退？", conversation)
    assert again.xiaoq["conversation_id"] == conversation
    assert [message["role"] for message in site.seen()] == ["system", "user", "assistant", "user"]


def test_a_stream_rests_on_the_file_too(site: Running, client: OpenAI, http: httpx.Client) -> None:
    conversation = laid_in(http, (NAME, contract_docx())).json()["conversation_id"]
    chunks = list(ask(client, QUESTION, conversation, stream=True))
    assert "两个月租金" in site.seen()[-1]["content"]
    assert chunks[-1].xiaoq["sources"][0]["document"] == NAME


def test_of_a_long_file_the_passages_asked_about_are_read(
    site: Running, client: OpenAI, http: httpx.Client
) -> None:
    conversation = laid_in(http, ("附件.txt", long_text(3000))).json()["conversation_id"]
    answer = ask(client, "逾期付款每日的滞纳金是多少？", conversation)
    asked = site.seen()[-1]["content"]
    assert "万分之三" in asked
    assert "第 2999 条" not in asked
    assert any("万分之三" in source["text"] for source in answer.xiaoq["sources"])


def test_a_whole_dialogue_of_the_caller_s_keeps_the_file(
    site: Running, client: OpenAI, http: httpx.Client
) -> None:
    conversation = laid_in(http, (NAME, contract_docx())).json()["conversation_id"]
    client.chat.completions.create(
        model="qwen2.5-7b",
        messages=[
            {"role": "system", "content": "Answer like a notary."},
            {"role": "user", "content": "你好"},
            {"role": "assistant", "content": "您好"},
            {"role": "user", "content": QUESTION},
        ],
        metadata={"conversation_id": conversation},
    )
    system, *_, asked = site.seen()
    assert system["content"].startswith("Answer like a notary.")
    assert "两个月租金" in asked["content"]
    assert "两个月租金" not in system["content"]


def test_one_bad_file_does_not_stop_the_rest(http: httpx.Client) -> None:
    reply = laid_in(http, ("photo.png", b"\x89PNG\r\n"), ("notes.txt", "周五开会".encode()))
    assert reply.status_code == 201
    bad, good = reply.json()["attachments"]
    assert (bad["status"], good["status"]) == ("failed", "ready")
    assert bad["error"]
    listed = http.get(f"/api/conversations/{reply.json()['conversation_id']}/attachments").json()
    assert [file["name"] for file in listed["attachments"]] == ["notes.txt"]


@pytest.mark.parametrize(
    ("file", "status", "code"),
    [
        (("photo.png", b"\x89PNG\r\n"), 422, "document_rejected"),
        (("big.txt", b"x" * (LARGEST_FILE + 1)), 413, "attachment_too_large"),
    ],
)
def test_a_file_alone_that_fails_answers_with_its_error(
    http: httpx.Client, file: tuple[str, bytes], status: int, code: str
) -> None:
    reply = laid_in(http, file)
    assert (reply.status_code, reply.json()["error"]["code"]) == (status, code)


def test_the_sixth_file_is_a_conflict(http: httpx.Client) -> None:
    files = [(f"{number}.txt", b"text") for number in range(MOST_FILES)]
    conversation = laid_in(http, *files).json()["conversation_id"]
    reply = laid_in(http, ("6.txt", b"text"), path=f"/api/conversations/{conversation}/attachments")
    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "too_many_attachments")


def test_removed_files_and_forgotten_conversations_are_gone(
    site: Running, client: OpenAI, http: httpx.Client
) -> None:
    conversation = laid_in(http, (NAME, contract_docx()), ("b.txt", b"text")).json()["conversation_id"]
    at = f"/api/conversations/{conversation}/attachments"
    first = http.get(at).json()["attachments"][0]
    assert http.delete(f"{at}/{first['id']}").status_code == 204
    assert http.delete(f"{at}/{first['id']}").status_code == 404
    ask(client, QUESTION, conversation)
    assert "两个月租金" not in site.seen()[-1]["content"]
    assert rows(site, conversation) == (1, 1)
    assert site.call(site.services.log.forget(conversation, "local:/"))
    assert rows(site, conversation) == (0, 0)
    assert http.get(at).status_code == 404


def test_files_are_their_owner_s_alone(site: Running, client: OpenAI, http: httpx.Client) -> None:
    reply = laid_in(http, (NAME, contract_docx()), user="alice")
    conversation = reply.json()["conversation_id"]
    file = reply.json()["attachments"][0]["id"]
    at = f"/api/conversations/{conversation}/attachments"
    for query in ({}, {"user": "bob"}):
        assert http.get(at, params=query).status_code == 404
        assert http.delete(f"{at}/{file}", params=query).status_code == 404
        assert laid_in(http, ("b.txt", b"text"), path=at, **query).status_code == 404
    ask(client, QUESTION, conversation, user="alice")
    assert "两个月租金" in site.seen()[-1]["content"]
    other = laid_in(http, ("b.txt", "周五开会".encode()), user="alice").json()["conversation_id"]
    ask(client, QUESTION, other, user="alice")
    assert "两个月租金" not in site.seen()[-1]["content"], "another conversation of the same customer"


def test_keys_and_lines_bound_what_a_caller_may_do(locked: Running) -> None:
    with httpx.Client(base_url=locked.url, timeout=30) as http:
        assert laid_in(http, ("a.txt", b"text")).status_code == 401
        auditor, shop, other = locked.key("auditor"), locked.key("caller", "shop"), locked.key("caller")
        files = [("files", ("a.txt", b"text"))]
        assert http.post("/api/attachments", files=files, headers=auditor).status_code == 403
        assert http.post("/api/attachments?line=bank", files=files, headers=shop).status_code == 403
        assert http.post("/api/attachments?line=nowhere", files=files, headers=other).status_code == 404
        mine = http.post("/api/attachments", files=files, headers=shop)
        assert mine.status_code == 201
        at = f"/api/conversations/{mine.json()['conversation_id']}/attachments"
        assert http.get(at, headers=shop).status_code == 200
        assert http.get(at, headers=other).status_code == 404
