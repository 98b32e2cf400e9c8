"""The Knowledge tab's lists escape what people wrote, say what is so, and what to do next."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core.documents import Chunk, Document, DocumentStatus
from core.golden import GoldenQuestion
from core.messages import Passage, Retrieval
from core.ports import TablePreview
from pages.bench_html import bench, golden_list
from pages.documents_html import SHOWN, documents_table
from pages.faq_html import mapping_panel, pairs_list
from pages.knowledge_html import knowledge_frame

NOW = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
TODAY = date(2026, 11, 23)
ZONE = ZoneInfo("Asia/Shanghai")
HOSTILE = '"><img src=x onerror=alert(1)> ${x} {{y}}'


def document(name: str, error: str | None = None, notes: tuple[str, ...] = ()) -> Document:
    status = DocumentStatus.FAILED if error else DocumentStatus.READY
    return Document(name, "shop", name, 2048, "0", status, 1234, NOW, error, notes)


def pair(question: str, **more: Any) -> Chunk:
    return Chunk(
        question,
        "shop",
        "d",
        "faq.csv",
        0,
        "",
        "row 2",
        "七天",
        kind="faq",
        match=(question, "别的问法"),
        **more,
    )


def passage(score: float, **more: Any) -> Passage:
    return Passage(f"p{score}", "shop", "d", "faq.csv", "退货", "row 3", "七天内退货", score, **more)


def test_what_people_wrote_is_text() -> None:
    table = TablePreview([HOSTILE, "b"], [[HOSTILE, "x"]], {"question": HOSTILE})
    found = Passage(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 0.5, "faq", HOSTILE,
                    parts={HOSTILE: 0.5})  # fmt: skip
    golden = GoldenQuestion(
        HOSTILE, "shop", HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, NOW
    )
    pages = [
        documents_table([document(HOSTILE, HOSTILE, (HOSTILE,))], ZONE, "zh"),
        pairs_list([pair(HOSTILE, owner=HOSTILE)], TODAY, "zh"),
        mapping_panel(HOSTILE, table, "zh"),
        bench(Retrieval([found], False, 0.6), HOSTILE, (), "zh"),
        golden_list([golden], ZONE, "zh"),
        knowledge_frame([(HOSTILE, HOSTILE)], HOSTILE, 1, "zh"),
    ]
    for page in pages:
        assert "<img" not in page
        assert "${" not in page
        assert "{{" not in page


def test_empty_lists_say_what_to_do_next() -> None:
    assert "Drop files" in documents_table([], ZONE, "en")
    assert "Test a question" in golden_list([], ZONE, "en")
    assert "other words" in bench(Retrieval([], False, 0.4), "x", (), "en")
    assert pairs_list([], TODAY, "en") == ""


def test_a_document_says_why_it_failed_and_what_was_left_out() -> None:
    note = "Page 3 holds no text and was left out; run text recognition (OCR) on it."
    failed = "x.pdf holds no text."
    shown = documents_table([document("a.pdf", None, (note,)), document("x.pdf", failed)], ZONE, "zh")
    assert "第 3 页没有文字" in shown
    assert "x.pdf 里没有文字" in shown
    assert "2026-11-23 12:05" in shown
    assert "1,234" in shown


def test_only_a_document_that_was_read_is_opened_and_saved() -> None:
    assert "/documents/shop/a.pdf" in documents_table([document("a.pdf")], ZONE, "en")
    assert "/documents/" not in documents_table([document("a.pdf", "It is empty.")], ZONE, "en")


def test_documents_are_filtered_and_sorted() -> None:
    older = document("B price.xlsx")
    newer = Document("2", "shop", "a.md", 1, "0", DocumentStatus.READY, 1, NOW + timedelta(days=1))
    shown = documents_table([older, newer], ZONE, "en")
    assert shown.index("a.md") < shown.index("B price")
    later = documents_table([newer, older], ZONE, "en", order="name")
    assert later.index("a.md") < later.index("B price")
    assert "a.md" not in documents_table([older, newer], ZONE, "en", wanted="PRICE")
    assert "No document" in documents_table([older, newer], ZONE, "en", wanted="nowhere")


def test_a_long_list_is_cut_and_says_so() -> None:
    many = [document(f"{number:04}.md") for number in range(SHOWN + 5)]
    shown = documents_table(many, ZONE, "en", order="name")
    assert shown.count("<tr data-id") == SHOWN
    assert f"{SHOWN} of {SHOWN + 5}" in shown


def test_pairs_are_counted_filtered_and_changed_by_one_press() -> None:
    pairs = [
        pair("怎么退货", owner="王芳", valid_until=date(2026, 11, 22)),
        pair("怎么开票", status="draft", valid_from=date(2026, 1, 1)),
    ]
    shown = pairs_list(pairs, TODAY, "zh")
    assert "全部 2 条" in shown
    assert "草稿 1 条" in shown
    assert "负责人：王芳" in shown
    assert "已过期" in shown
    assert "自 2026-01-01 起有效" in shown
    drafts = pairs_list(pairs, TODAY, "zh", status="draft")
    assert "怎么退货" not in drafts
    assert 'data-do="pair" data-status="approved"' in drafts
    assert "怎么开票" not in pairs_list(pairs, TODAY, "zh", wanted="退货")
    assert "没有符合条件" in pairs_list(pairs, TODAY, "zh", wanted="火星")


def test_a_panel_proposes_what_the_header_gives_away() -> None:
    panel = mapping_panel("t.csv", TablePreview(["问", "答"], [["多久", "七天"]], {"question": "问"}), "zh")
    assert '<option value="问" selected>' in panel
    assert panel.count("required>") == 2
    assert "多久" in panel


def test_the_bench_draws_the_threshold_on_every_bar_and_between() -> None:
    found = [passage(0.8, parts={"bm25": 0.7, "coverage": 0.9, "margin": 0.5}), passage(0.3)]
    shown = bench(Retrieval(found, True, 0.42), "怎么退货", {"p0.3"}, "zh")
    assert "最高得分 0.80，达到了门槛 0.42" in shown
    assert shown.count('class="xq-line" style="left:42.0%"') == 2
    assert shown.index("会用来回答") < shown.index("0.80</strong>") < shown.index("以下，不会用来回答")
    assert "字面匹配" in shown
    assert "<mark>退货</mark>" in shown
    assert 'aria-pressed="true">已选为正确答案' in shown
    assert "/documents/shop/d?passage=p0.8#p-p0.8" in shown


def test_a_bench_without_a_good_passage_says_that_a_person_is_named() -> None:
    shown = bench(Retrieval([passage(0.3)], False, 0.42), "x", (), "en")
    assert "Can&#x27;t answer" in shown
    assert "Would be used" not in shown
