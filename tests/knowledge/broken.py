"""Files that would harm a careless reader, made on the spot: bombs, locks, lies, and files cut short."""

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

from tests.knowledge import files

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><a>&j;</a>"
).encode()
QUADRATIC = ('<!DOCTYPE a [<!ENTITY a "' + "x" * 50_000 + '">]><a>' + "&a;" * 50_000 + "</a>").encode()
EXTERNAL = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'


def legacy(stream: str) -> bytes:
    """An old Office file, by the name of its main stream; `EncryptedPackage` is a locked new one."""
    return OLE + stream.encode("utf-16-le") + bytes(512)


def locked_zip() -> bytes:
    """A zip whose entry says that it is encrypted."""
    data = bytearray(files.zipped({"faq.csv": b"question,answer\nq,a\n"}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def wide_csv(columns: int = 10_000) -> bytes:
    header = ",".join(f"column {n}" for n in range(columns))
    return f"{header}\n{','.join(str(n) for n in range(columns))}\n".encode()


def sheet_of(content: bytes) -> bytes:
    """A workbook whose one sheet is this XML."""
    return files.with_part(files.xlsx({"S": [["a"]]}), "xl/worksheets/sheet1.xml", content)


def vast_sheet() -> bytes:
    """A sheet that declares every cell there is, and has one in its last corner."""
    return sheet_of(
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData>'
        b'<row r="1"><c r="A1" t="inlineStr"><is><t>Plan</t></is></c><c r="B1" t="inlineStr"><is><t>Price</t></is></c>'
        b'</row><row r="2"><c r="A2" t="inlineStr"><is><t>Team</t></is></c><c r="B2"><v>12</v></c></row>'
        b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    )


def long_sheet(rows: int = 1_000_000) -> bytes:
    """A sheet of many rows of numbers that hardly compress."""
    numbers = random.Random(7)

    def lines() -> Iterator[bytes]:
        yield b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        yield b'<dimension ref="A1:B%d"/><sheetData>' % (rows + 1)
        yield b'<row><c t="inlineStr"><is><t>Code</t></is></c><c t="inlineStr"><is><t>Stock</t></is></c></row>'
        for _ in range(rows):
            yield b"<row><c><v>%d</v></c><c><v>%d</v></c></row>" % (
                numbers.getrandbits(48),
                numbers.getrandbits(48),
            )
        yield b"</sheetData></worksheet>"

    return sheet_of(b"".join(lines()))


def deep_html(depth: int = 100_000) -> bytes:
    return b"<html><body>" + b"<div>" * depth + b"At the bottom." + b"</div>" * depth + b"</body></html>"


def deep_json(depth: int = 100_000) -> bytes:
    return b"[" * depth + b"]" * depth


def deep_xml(depth: int = 100_000) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


def long_pdf(pages: int = 100_000) -> bytes:
    """Very many pages that share one content."""
    drawing = b"BT /F1 12 Tf 50 700 Td (Parcels take three days to arrive.) Tj ET"
    kids = b" ".join(b"%d 0 R" % (5 + n) for n in range(pages))
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R "
        b"/Resources << /Font << /F1 3 0 R >> >> >>"
    )
    return files.pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, pages),
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
            *([page] * pages),
        ]
    )


def huge_image_pdf(side: int = 30_000) -> bytes:
    """A page whose picture would take a gigabyte, beside a line of text."""
    pixels = zlib.compress(bytes(side * side // 8), 9)
    drawing = b"q 500 0 0 500 50 100 cm /I Do Q BT /F1 12 Tf 50 700 Td (The map of our depots.) Tj ET"
    return files.pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R "
            b"/Resources << /Font << /F1 3 0 R >> /XObject << /I 6 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1 "
            b"/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (side, side, len(pixels), pixels),
        ]
    )


def drawing_pdf(lines: int = 100_000) -> bytes:
    """A page of very many lines: a plan, which a search for tables would never get through."""
    numbers = random.Random(3)
    strokes = b"\n".join(
        b"%d %d m %d %d l S" % tuple(numbers.randrange(600) for _ in range(4)) for _ in range(lines)
    )
    drawing = b"BT /F1 12 Tf 50 700 Td (The plan of our depot.) Tj ET\n" + strokes
    return files.pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        ]
    )


def lying_zip() -> bytes:
    """An entry of 150 MB whose directory says that it is small."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", b" " * 150_000_000)
    data = bytearray(out.getvalue())
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = struct.pack("<I", 1000)
    return bytes(data)


def many_entries(count: int = 600) -> bytes:
    return files.zipped({f"note-{n}.txt": f"Note {n} says nothing new.".encode() for n in range(count)})


def nested_records(depth: int = 150) -> bytes:
    record: object = "the end"
    for _ in range(depth):
        record = {"inner": record}
    return json.dumps(record).encode()
