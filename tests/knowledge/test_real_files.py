"""Files from the world outside: reports, invoices, slides, feeds, a scan, old encodings."""

import os
from pathlib import Path

import pytest

from core.errors import DocumentRejected
from knowledge.parsing import ChildParser

FOLDER = (
    Path(os.environ.get("XIAOQ_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    / "data"
    / "documents"
)
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the development files are not on this machine")

EXPECTED = {
    "Comp_zh_0.pdf": ("大数据时代计算机网络信息安全防护策略探讨", "第 1 页"),
    "SPARSE-2024-INV-1234_borderless_table.pdf": (
        "Product Code: SKU-9201; Expected: 780; Actual: 778; Status: OK",
        "page 1 > table row 4",
    ),
    "REPAIR-2022-INV-001_multipage.pdf": ("Insured name Bruce Wayne Year 2025", "page 2"),
    "test.docx": ("AutoGen is an open-source framework", "AutoGen: Enabling Next-Gen LLM Applications via Multi-Agent Conversation > Abstract"),
    "test_with_comment.docx": ("Large language models", "AutoGen: Enabling Next-Gen LLM Applications via Multi-Agent Conversation > Introduction"),
    "test.pptx": ("ColA: 1; ColB: 2; ColC: 3; ColD: 4; ColE: 5; ColF: 6", "slide 3 > table row 2"),
    "test.xlsx": ("Alpha: 89; Beta: 82; Gamma: 100; Delta: 12", "Sheet1!A2:D2"),
    "test.json": ("key1: string_value; key2: 1234", "$"),
    "test_blog.html": ("Just by tuning the inference parameters", "Does Model and Inference Parameter Matter in LLM Applications? - A Case Study for MATH"),
    "test_rss.xml": ("Two things can be true at the same time.", "/rss/channel/item[1]"),
    "test_mskanji.csv": ("名前: 髙橋淳; 年齢: 35; 住所: 名古屋", "第 4 行"),
    "test_files.zip": ("Alpha: 89; Beta: 82; Gamma: 100; Delta: 12", "test.xlsx > Sheet1!A2:D2"),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
async def test_a_real_file_gives_its_passages_at_their_places(parser: ChildParser, name: str) -> None:
    text, location = EXPECTED[name]
    parsed = await parser.parse("shop", "d1", name, (FOLDER / name).read_bytes())
    assert any(chunk.location == location and text in chunk.text for chunk in parsed.chunks)
    if name == "test_files.zip":
        assert parsed.notes == (
            "In test.jpg: test.jpg is a picture; run text recognition (OCR) on it and upload the text.",
        )


async def test_the_scan_is_named_as_one(parser: ChildParser) -> None:
    name = "MEDRPT-2024-PAT-3847_medical_report_scan.pdf"
    with pytest.raises(DocumentRejected) as caught:
        await parser.parse("shop", "d1", name, (FOLDER / name).read_bytes())
    assert caught.value.reason == "scan"
