"""Real files made on the spot for the loaders' tests, by the libraries that people's programs use."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date

from docx import Document


def docx(*, table: bool = True) -> bytes:
    document = Document()
    document.add_heading("Returns", level=1)
    document.add_heading("Fees", level=2)
    document.add_paragraph("Sending a parcel back is free within seven days.")
    if table:
        rows = document.add_table(rows=2, cols=2)
        for cell, text in zip(rows._cells, ["Country", "Fee", "France", "5 euros"], strict=True):
            cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def rich_docx() -> bytes:
    """Headings, a list, a comment, a header and a footer, a tracked insertion, a table with merged cells."""
    from docx.oxml import parse_xml

    document = Document()
    document.sections[0].header.paragraphs[0].text = "HEADER on every page"
    document.sections[0].footer.paragraphs[0].text = "FOOTER on every page"
    document.add_heading("退换货政策", level=0)
    document.add_heading("特殊商品", level=1)
    document.add_paragraph("鞋类请在室内试穿。", style="List Bullet")
    remark = document.add_paragraph("床垫可以试睡三十晚。")
    document.add_comment(remark.runs, text="SECRET COMMENT", author="A", initials="A")
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    remark._p.append(parse_xml(f"<w:ins {space}><w:r><w:t>补充一句。</w:t></w:r></w:ins>"))
    remark._p.append(parse_xml(f"<w:del {space}><w:r><w:delText>GONE</w:delText></w:r></w:del>"))
    table = document.add_table(rows=3, cols=3)
    texts = ["地区", "首重", "续重", "华东", "8 元", "2 元", "", "9 元", "3 元"]
    for cell, text in zip(table._cells, texts, strict=True):
        cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def docx_bomb() -> bytes:
    """A docx with a part of 100 MB that packs to a hundred kilobytes."""
    return with_part(docx(), "word/filler.xml", b" " * 100_000_000)


def with_part(package: bytes, name: str, content: bytes) -> bytes:
    """An Office file with one part added or replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for entry in source.namelist():
            if entry != name:
                target.writestr(entry, source.read(entry))
        target.writestr(name, content)
    return out.getvalue()


def xlsx(
    sheets: Mapping[str, Sequence[Sequence[object]]],
    *,
    merged: Mapping[str, Sequence[str]] | None = None,
    hidden: Sequence[str] = (),
    formats: Mapping[str, str] | None = None,
) -> bytes:
    """A workbook: rows by sheet, merged ranges by sheet, number formats by cell of the first sheet."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for span in (merged or {}).get(name, ()):
            sheet.merge_cells(span)
        if name in hidden:
            sheet.sheet_state = "hidden"
    for cell, shown in (formats or {}).items():
        book.worksheets[0][cell].number_format = shown
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def price_list() -> bytes:
    """Two title rows, a header with two levels, a merged first column, dates, a percentage, a hidden sheet."""
    rows: list[list[object]] = [
        ["2026 年价目表"],
        ["单位：元，含税"],
        ["地区", "快递", None, "生效日期", "折扣"],
        [None, "首重", "续重", None, None],
        ["华东", 8, 2.5, date(2026, 11, 1), 0.85],
        [None, 1200, 3, date(2026, 12, 1), 0.9],
    ]
    return xlsx(
        {"价目表": rows, "内部": [["a", "b"], ["SECRET", 1]]},
        merged={"价目表": ["A1:E1", "A3:A4", "B3:C3", "D3:D4", "E3:E4", "A5:A6"]},
        hidden=["内部"],
        formats={"B5": '"¥"#,##0.00', "B6": '"¥"#,##0.00', "E5": "0%", "E6": "0%"},
    )


def pptx() -> bytes:
    """Two slides: text with speaker's notes, then a table and a chart."""
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    show = Presentation()
    first = show.slides.add_slide(show.slide_layouts[1])
    first.shapes.title.text = "Delivery times"
    first.placeholders[1].text = "Parcels to France take three days."
    first.notes_slide.notes_text_frame.text = "Holidays add one day."
    second = show.slides.add_slide(show.slide_layouts[5])
    second.shapes.title.text = "Prices"
    table = second.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for at, text in enumerate(["Plan", "Price", "Team", "12 euros"]):
        table.cell(at // 2, at % 2).text = text
    data = CategoryChartData()
    data.categories = ["Monday", "Sunday"]
    data.add_series("Orders", (120, 45))
    second.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, Inches(1), Inches(4), Inches(4), Inches(2), data)
    out = io.BytesIO()
    show.save(out)
    return out.getvalue()


def zipped(entries: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def zipped_in(encoding: str, entries: Mapping[str, bytes]) -> bytes:
    """A zip whose names are in an old encoding without a mark, as Chinese Windows packs them."""
    plain = {f"{'x' * len(name.encode(encoding))}": (name, data) for name, data in entries.items()}
    assert len(plain) == len(entries), "names must differ in length"
    packed = zipped({stand_in: data for stand_in, (_, data) in plain.items()})
    for stand_in, (name, _) in sorted(plain.items(), key=lambda entry: -len(entry[0])):
        packed = packed.replace(stand_in.encode(), name.encode(encoding))
    return packed


def pdf_table(pages: int = 1, *, ruled: bool = True, rows: int = 60) -> bytes:
    """A report with a heading and a price table that goes on over the next pages, its header said once."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table, TableStyle

    count = rows if pages > 1 else 4
    data = [
        ["Plan", "Seats", "Price"],
        *([f"Plan {n}", str(n * 5), f"{n * 12}.00"] for n in range(1, count + 1)),
    ]
    table = Table(data, repeatRows=0)
    if ruled:
        table.setStyle(TableStyle([("GRID", (0, 0), (-1, -1), 0.5, colors.black)]))
    out = io.BytesIO()
    styles = getSampleStyleSheet()
    flow = [
        Paragraph("Our services", styles["Title"]),
        Paragraph("All prices are for one month and include tax.", styles["Normal"]),
        Paragraph("Team plans", styles["Heading2"]),
        table,
        Paragraph("Ask us about larger teams.", styles["Normal"]),
    ]
    SimpleDocTemplate(out, pagesize=A4).build(flow)
    return out.getvalue()


def locked_pdf() -> bytes:
    from reportlab.lib.pdfencrypt import StandardEncryption
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption("secret", canPrint=0))
    canvas.drawString(100, 700, "Nobody reads this without the password.")
    canvas.save()
    return out.getvalue()


def scanned_pdf(*, texts: Sequence[str] = ("",)) -> bytes:
    """One page a text, each with a picture; an empty text makes it a scan."""
    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for text in texts:
        canvas.drawImage(ImageReader(Image.new("L", (60, 80), 200)), 50, 100, 400, 500)
        if text:
            canvas.drawString(50, 700, text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def pdf(*pages: str) -> bytes:
    """A PDF of plain Helvetica lines, one string a page; an empty one is a page without text."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for number, text in enumerate(pages):
        drawing = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode() if text else b""
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * number} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    return pdf_of(objects)


def pdf_of(objects: Sequence[bytes]) -> bytes:
    """A PDF file of numbered objects, the first its catalogue."""
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


HTML = """<!doctype html><html><head><meta charset="utf-8"><title>Help</title><style>p {color: red}</style>
<script>var secret = 1</script></head><body><header>Our shop</header><nav><a href="/">Home</a></nav>
<main><h1>Returns</h1><p>You may return goods within <b>seven</b> days.</p><h2>Fees</h2>
<table><tr><th>Country</th><th>Fee</th></tr><tr><td rowspan="2">France</td><td>5 euros</td></tr>
<tr><td>6 euros</td></tr></table><p>Members pay nothing at all, whatever they send back and wherever from, as long
as the goods are complete and in the box they came in, with the slip that lay in the parcel.</p></main>
<footer>Imprint</footer></body></html>"""

RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title>
<item><title>New depot</title><description>&lt;p&gt;We opened a &lt;b&gt;depot&lt;/b&gt; in Lyon.&lt;/p&gt;</description>
</item><item><title>Holidays</title><description>Closed on Monday.</description></item></channel></rss>"""

CATALOGUE = """<?xml version="1.0"?><catalogue><product id="p1"><name>Lamp</name><price>12</price></product>
<product id="p2"><name>Chair</name><price>40</price></product></catalogue>"""
