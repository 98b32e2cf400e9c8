"""What the Knowledge tab calls does what it says, and says why where it does not."""

import json
import re

import pytest

from core.documents import SHARED_BASE
from pages.console_words import words
from tests.pages.knowledge_site import GENERAL, Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

FAQ = "question,answer,owner,status\n多久能退款？,三天内到账。,王芳,approved\n可以改地址吗？,发货前可以。,李雷,draft\n"
ODD = "客户说,我们答\n河马灯能水洗吗？,可以用水冲洗。\n"
MANUAL = "# 退货\n\n七天内可以无理由退货，运费由商城承担。\n"


async def only_document(at: Desk) -> str:
    documents = await at.services.documents.list(at.base)
    assert len(documents) == 1
    return documents[0].id


async def test_a_file_goes_in_and_is_listed(at: Desk) -> None:
    assert "还没有资料" in await at.read("documents")
    stand = await at.upload("退货 说明.md", MANUAL)
    assert (stand["status"], stand["label"], stand["table"]) == ("ready", "可用", False)
    assert stand["details"] == ["1 个段落"]
    assert "退货 说明.md" in await at.read("documents")
    again = await at.upload("退货 说明.md", MANUAL)
    assert again["status"] == "unchanged"


async def test_a_file_that_cannot_be_read_says_why_in_the_page_s_language(at: Desk) -> None:
    stand = await at.upload("坏.pdf", "no pdf")
    assert stand["status"] == "failed"
    assert "扩展名与内容不符" in stand["details"][0]
    assert "扩展名与内容不符" in await at.read("documents")
    refused = await at.send("preview", "a.pdf", b"no pdf")
    assert refused.status_code == 422
    assert re.search("[\u4e00-\u9fff]", refused.json()["error"]["message"])


async def test_a_base_that_is_not_there_is_refused_calmly(at: Desk) -> None:
    at.base = "nowhere"
    refused = await at.send("upload", "a.md", b"x")
    assert refused.status_code == 404
    assert refused.json()["error"]["message"].endswith("。")
    assert (await at.post("try", {"question": "x"})).status_code == 404


async def test_the_frame_offers_every_line_and_what_all_share(at: Desk) -> None:
    await at.services.lines.put(GENERAL)
    frame = await at.read("frame")
    assert f'<option value="{at.base}" selected>商城</option>' in frame
    assert "综合" in frame
    assert "所有业务线共用" in frame
    # A line that only searches others has nothing of its own to show first.
    at.base = ""
    assert '<option value="general" selected>' not in await at.read("frame")


async def test_a_plain_table_becomes_pairs_once_its_columns_are_named(at: Desk) -> None:
    stand = await at.upload("记录.csv", ODD)
    assert stand["table"]
    panel = await at.read("columns", id=stand["document"])
    assert "河马灯能水洗吗" in panel
    columns = {"question": "客户说", "answer": "我们答"}
    remapped = await at.post("remap", {"id": stand["document"], "columns": columns})
    assert remapped.json()["name"] == "记录.csv"
    await at.services.ingest.settled()
    assert await only_document(at) == stand["document"]
    assert "全部 1 条" in await at.read("pairs")
    assert '<option value="客户说" selected>' in await at.read("columns", id=stand["document"])


async def test_an_faq_table_is_mapped_before_it_is_sent(at: Desk) -> None:
    assert "河马灯能水洗吗" in (await at.send("preview", "记录.csv", ODD.encode())).text
    assert "还没有资料" in await at.read("documents")
    columns = json.dumps({"question": "客户说", "answer": "我们答"})
    assert not (await at.upload("记录.csv", ODD, columns=columns))["table"]
    assert "全部 1 条" in await at.read("pairs")
    half = await at.send("upload", "b.csv", ODD.encode(), columns='{"question": "客户说"}')
    assert half.status_code == 400


async def test_a_draft_is_found_once_it_is_approved(at: Desk) -> None:
    await at.upload("faq.csv", FAQ)
    drafts = await at.read("pairs", status="draft")
    pair = re.search(r'<li data-id="([^"]+)"', drafts)
    assert pair
    assert "发货前可以" not in (await at.post("try", {"question": "可以改地址吗"})).text
    assert (await at.post("pair", {"id": pair[1], "status": "approved"})).status_code == 200
    found = (await at.post("try", {"question": "可以改地址吗"})).text
    assert "发货前可以" in found
    assert "能回答" in found
    [changed] = [each for each in await at.services.documents.pairs(at.base) if each.id == pair[1]]
    assert changed.owner == "李雷"
    assert (await at.post("pair", {"id": "gone", "status": "draft"})).status_code == 404


async def test_deleting_is_undone_with_all_that_was_changed_by_hand(at: Desk) -> None:
    await at.upload("faq.csv", FAQ)
    pairs = await at.services.documents.pairs(at.base)
    await at.post("pair", {"id": pairs[1].id, "status": "approved"})
    gone = (await at.post("delete", {"id": await only_document(at)})).json()
    assert gone["name"] == "faq.csv"
    assert "还没有资料" in await at.read("documents")
    assert "三天内到账" not in (await at.post("try", {"question": "多久能退款？"})).text
    assert "已恢复" in (await at.post("undo", {"token": gone["token"]})).json()["message"]
    assert "三天内到账" in (await at.post("try", {"question": "多久能退款？"})).text
    after = await at.services.documents.pairs(at.base)
    assert [pair.id for pair in after] == [pair.id for pair in pairs]
    assert {pair.status for pair in after} == {"approved"}
    assert await at.services.documents.raw(at.base, await only_document(at)) == FAQ.encode()
    assert "无法撤销" in (await at.post("undo", {"token": gone["token"]})).json()["message"]
    assert (await at.post("delete", {"id": "gone"})).status_code == 404


async def test_the_right_passage_is_kept_removed_and_restored(at: Desk) -> None:
    await at.upload("faq.csv", FAQ)
    question = "多久能退款？"
    found = (await at.post("try", {"question": f" {question} "})).text
    row = re.search(r'<li data-id="([^"]+)" data-document="([^"]+)"', found)
    assert row
    right = {"question": question, "passage": row[1], "document": row[2]}
    assert (await at.post("right", right)).status_code == 200
    [kept] = await at.services.golden.list(at.base)
    assert (kept.question, kept.passage_id, kept.author) == (question, row[1], "console:operator")
    assert 'aria-pressed="true"' in (await at.post("try", {"question": question})).text
    assert question in await at.read("golden")
    removed = (await at.post("golden-remove", {"id": kept.id})).json()
    assert await at.services.golden.list(at.base) == []
    await at.post("undo", {"token": removed["token"]})
    assert await at.services.golden.list(at.base) == [kept]
    assert (await at.post("right", {**right, "passage": "gone"})).status_code == 404


async def test_a_line_is_asked_with_what_all_lines_share(at: Desk) -> None:
    at.base = SHARED_BASE
    await at.upload("共用.md", MANUAL)
    await at.services.lines.put(GENERAL)
    at.base = GENERAL.id
    assert "无理由退货" in (await at.post("try", {"question": "七天无理由退货"})).text
    assert "还没有资料" in await at.read("documents")


async def test_bad_input_is_named(at: Desk) -> None:
    assert (await at.post("try", {"question": "  "})).status_code == 400
    assert (await at.post("try", ["no object"])).status_code == 400
    assert (await at.post("try", {"question": "x" * 70_000})).status_code == 413
    assert (await at.post("progress", {"batches": "b"})).status_code == 400
    wrong = await at.client.get("/knowledge/delete")
    assert wrong.status_code == 405


async def test_templates_come_in_both_formats(at: Desk) -> None:
    table = await at.client.get("/knowledge/template", params={"format": "csv", "language": "zh"})
    assert "xiaoq-faq-zh.csv" in table.headers["content-disposition"]
    assert "问题" in table.content.decode("utf-8-sig")
    book = await at.client.get("/knowledge/template", params={"format": "xlsx", "language": "en"})
    assert book.content.startswith(b"PK")


async def test_every_part_of_a_score_has_a_name_for_people(at: Desk) -> None:
    await at.upload("faq.csv", FAQ)
    retrieval = await at.services.retriever.retrieve([at.base], "多久能退款？")
    parts = retrieval.passages[0].parts
    assert parts
    assert [part for part in (*parts, "vector", "rerank") if f"part_{part}" not in words("zh")] == []
