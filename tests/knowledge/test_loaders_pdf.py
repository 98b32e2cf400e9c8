"""PDFs: pages, tables with and without lines, tables over several pages, running lines, scans."""

import io

import pytest

from core.errors import DocumentRejected
from tests.knowledge import files
from tests.knowledge.reading import read


def _lines(*pages: list[str]) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for page in pages:
        for at, line in enumerate(page):
            canvas.drawString(60, 780 - 16 * at, line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def test_pages_are_named() -> None:
    chunks, notes = read("guide.pdf", files.pdf("Parcels take three days.", "", "You may call us."))
    assert [(chunk.location, chunk.page, chunk.text) for chunk in chunks] == [
        ("page 1", 1, "Parcels take three days."),
        ("page 3", 3, "You may call us."),
    ]
    assert notes == []


@pytest.mark.parametrize("ruled", [True, False])
def test_a_table_keeps_its_header_with_and_without_lines(ruled: bool) -> None:
    chunks, _ = read("services.pdf", files.pdf_table(ruled=ruled))
    rows = [chunk for chunk in chunks if chunk.kind == "table"]
    assert [row.text for row in rows] == [
        f"Plan: Plan {n}; Seats: {n * 5}; Price: {n * 12}.00" for n in range(1, 5)
    ]
    assert {row.title for row in rows} == {"services > Team plans"}
    assert rows[0].location == "page 1 > table row 2"
    texts = [chunk.text for chunk in chunks if chunk.kind == "text"]
    assert texts == [
        "Our services\nAll prices are for one month and include tax.",
        "Ask us about larger teams.",
    ]


def test_a_table_keeps_its_header_over_the_next_pages() -> None:
    chunks, _ = read("services.pdf", files.pdf_table(pages=3, rows=90))
    rows = [chunk for chunk in chunks if chunk.kind == "table"]
    assert [row.text for row in rows] == [
        f"Plan: Plan {n}; Seats: {n * 5}; Price: {n * 12}.00" for n in range(1, 91)
    ]
    assert {row.page for row in rows} == {1, 2, 3}
    assert {row.title for row in rows} == {"services > Team plans"}


def test_columns_of_prose_are_no_table() -> None:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for at in range(20):
        canvas.drawString(60, 780 - 16 * at, "Parcels are sent on the same day from")
        canvas.drawString(320, 780 - 16 * at, "our depot, which is open on all days")
    canvas.save()
    chunks, _ = read("paper.pdf", out.getvalue())
    assert {chunk.kind for chunk in chunks} == {"text"}


def test_running_lines_are_said_once_and_page_numbers_never() -> None:
    pages = [
        ["Qiyun Bank terms 2026", f"Rule {n * 3} of the bank is about cards.", f"{n}"] for n in range(1, 6)
    ]
    chunks, _ = read("terms.pdf", _lines(*pages))
    assert [chunk.text for chunk in chunks] == [
        "Qiyun Bank terms 2026\nRule 3 of the bank is about cards.",
        *(f"Rule {n * 3} of the bank is about cards." for n in range(2, 6)),
    ]


def test_lines_broken_by_the_page_are_joined_and_short_ones_kept() -> None:
    page = [
        "You may return goods within seven days of delivery as long as they are",
        "complete.",
        "Fees",
        "- none for members",
    ]
    (chunk,), _ = read("terms.pdf", _lines(page))
    assert chunk.text == (
        "You may return goods within seven days of delivery as long as they are complete.\nFees\n- none for members"
    )


def test_pages_that_are_only_a_scan_are_named() -> None:
    chunks, notes = read(
        "mixed.pdf", files.scanned_pdf(texts=["Parcels take three days.", "", "", "Call us any day."])
    )
    assert [chunk.page for chunk in chunks] == [1, 4]
    assert notes == [
        "2 pages hold no text and were left out (pages 2–3); run text recognition (OCR) on them."
    ]
    with pytest.raises(DocumentRejected, match="scanned"):
        read("scan.pdf", files.scanned_pdf(texts=["", ""]))
