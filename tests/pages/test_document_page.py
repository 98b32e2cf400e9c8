"""A document's page shows its passages as they are, marks the one asked for, and lets nothing of a file run."""

import re

import httpx
import pytest

from tests.knowledge.files import pdf
from tests.pages.knowledge_site import Desk

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = "<script>alert(1)</script>"


async def document_of(at: Desk, name: str, data: bytes | str) -> str:
    return str((await at.upload(name, data))["document"])


async def opened(at: Desk, document_id: str, **query: str) -> httpx.Response:
    return await at.client.get(f"/documents/{at.base}/{document_id}", params=query)


async def test_the_passage_asked_for_is_marked(at: Desk) -> None:
    document = await document_of(at, "faq.csv", "question,answer\n退货？,七天内可以。\n发票？,可以开。\n")
    wanted = (await at.services.documents.chunks(at.base, document))[1]
    page = await opened(at, document, passage=wanted.id)
    marked = re.findall(r'<article id="p-([^"]+)" class="marked"', page.text)
    assert marked == [wanted.id]
    assert "检索到的段落" in page.text
    assert page.text.index("七天内可以") < page.text.index("可以开")
    assert "已经不在资料里" not in page.text
    moved = await opened(at, document, passage="gone")
    assert "已经不在资料里" in moved.text


async def test_rows_of_a_table_are_shown_as_terms(at: Desk) -> None:
    document = await document_of(at, "价目.csv", "型号,价格\n河马灯,88 元\n")
    page = await opened(at, document)
    assert "<dt>型号</dt><dd>河马灯</dd>" in page.text


async def test_nothing_of_a_document_runs(at: Desk) -> None:
    document = await document_of(at, "a.txt", f"Hello {HOSTILE} <img src=x onerror=alert(1)>\n")
    page = await opened(at, document)
    assert HOSTILE not in page.text
    assert "&lt;script&gt;" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["x-content-type-options"] == "nosniff"


async def test_only_a_pdf_is_shown_in_place(at: Desk) -> None:
    manual = await document_of(at, "手册.pdf", pdf("First page of the manual.", "Second page, about lamps."))
    page = await opened(at, manual)
    assert "/file#page=2" in page.text
    shown = await at.client.get(f"/documents/{at.base}/{manual}/file")
    assert shown.headers["content-type"] == "application/pdf"
    assert shown.headers["content-disposition"].startswith("inline")
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    saved = await at.client.get(f"/documents/{at.base}/{manual}/file", params={"save": "1"})
    assert saved.headers["content-disposition"].startswith("attachment")
    assert "filename*=UTF-8''%E6%89%8B%E5%86%8C.pdf" in saved.headers["content-disposition"]
    site = await document_of(at, "page.html", f"<h1>Lamp</h1><p>A lamp.</p>{HOSTILE}")
    raw = await at.client.get(f"/documents/{at.base}/{site}/file")
    assert raw.headers["content-disposition"].startswith("attachment")
    assert raw.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in raw.headers["content-security-policy"]
    assert "/file#page" not in (await opened(at, site)).text


async def test_a_long_document_opens_where_the_passage_stands(at: Desk) -> None:
    rows = "".join(f"lamp {number},{number} watts\n" for number in range(450))
    document = await document_of(at, "lamps.csv", f"name,power\n{rows}")
    chunks = await at.services.documents.chunks(at.base, document)
    page = await opened(at, document, passage=chunks[300].id)
    assert page.text.count("<article") == 200
    assert f'id="p-{chunks[300].id}" class="marked"' in page.text
    assert "?from=0" in page.text
    last = await opened(at, document, **{"from": "400"})
    assert last.text.count("<article") == 50
    assert (await opened(at, document, **{"from": "99999999999"})).status_code == 200


async def test_a_document_that_is_gone_says_what_to_do(at: Desk) -> None:
    page = await opened(at, "gone")
    assert page.status_code == 404
    assert "在列表中打开" in page.text
    assert (await at.client.get(f"/documents/{at.base}/gone/file")).status_code == 404
    document = await document_of(at, "a.txt", "Some text.\n")
    assert (await at.client.get(f"/documents/bank/{document}")).status_code == 404
