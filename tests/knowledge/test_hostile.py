"""Hostile and broken files through the real child: passages or a named reason, soon, and the child lives on."""

import time
from collections.abc import Callable

import pytest

from core.errors import DocumentRejected
from knowledge.parsing import ChildParser
from tests.knowledge import broken, files

REFUSED: dict[str, tuple[bytes, str]] = {
    "letter.doc": (broken.legacy("WordDocument"), "legacy"),
    "prices.xls": (broken.legacy("Workbook"), "legacy"),
    "show.ppt": (broken.legacy("PowerPoint Document"), "legacy"),
    "locked.docx": (broken.legacy("EncryptedPackage"), "locked"),
    "locked.xlsx": (broken.legacy("EncryptedPackage"), "locked"),
    "locked.pdf": (files.locked_pdf(), "locked"),
    "locked.zip": (broken.locked_zip(), "none_inside"),
    "laughs.xml": (broken.LAUGHS, "dtd"),
    "quadratic.xml": (broken.QUADRATIC, "dtd"),
    "external.xml": (broken.EXTERNAL, "dtd"),
    "wide-laughs.xml": (broken.LAUGHS.decode().encode("utf-16"), "dtd"),
    "dtd.docx": (files.with_part(files.docx(), "word/document.xml", broken.LAUGHS), "dtd"),
    "dtd.xlsx": (broken.sheet_of(broken.EXTERNAL), "dtd"),
    "dtd.pptx": (files.with_part(files.pptx(), "ppt/slides/slide1.xml", broken.LAUGHS.decode().encode("utf-16")), "dtd"),
    "deep.json": (broken.deep_json(), "too_deep"),
    "deep.xml": (broken.deep_xml(), "too_deep"),
    "deep.html": (broken.deep_html(), "too_deep"),
    "blank.txt": (b" \n\t ", "empty"),
    "blank16.txt": (" \n".encode("utf-16"), "empty"),
    "nothing.pdf": (b"", "empty"),
    "empty.zip": (files.zipped({}), "no_text"),
    "empty.xlsx": (files.xlsx({"S": []}), "no_text"),
    "photo.jpg": (b"\xff\xd8\xff\xe0", "picture"),
    "cut.docx": (files.docx()[:9000], "damaged"),
    "cut.xlsx": (files.price_list()[:3000], "damaged"),
    "cut.pptx": (files.pptx()[:9000], "damaged"),
    "cut.pdf": (files.pdf_table()[:900], "damaged"),
    "cut.zip": (files.zipped({"a.txt": b"hello" * 99})[:60], "damaged"),
    "cut.json": (b'{"a": [1, {"b"', "damaged_at"),
    "cut.xml": (files.CATALOGUE[:90].encode(), "damaged_at"),
}  # fmt: skip
READ: dict[str, tuple[bytes, str, str]] = {
    "wide.csv": (broken.wide_csv(), "column 0: 0", "Only the first 500 of 10000 columns"),
    "vast.xlsx": (broken.vast_sheet(), "Plan: Team; Price: 12", ""),
    "nested.json": (broken.nested_records(), "the end", ""),
    "page.docx": (files.pdf("Parcels take three days."), "Parcels take three days.", "was read as a PDF"),
    "export.xls": (b"<html><table><tr><td>A</td><td>B</td></tr><tr><td>c</td><td>1</td></tr></table>", "A: c; B: 1", ""),
    "twice.zip": (
        files.zipped({"a.txt": b"Hello there.", "b.zip": files.zipped({"c.txt": b"x"})}),
        "Hello there.",
        "an archive inside the archive",
    ),
    "slip.zip": (files.zipped({"../../etc/a.txt": b"Hello there."}), "Hello there.", "leads out of the archive"),
    "many.zip": (broken.many_entries(), "Note 0", "Only the first 500 of 600 files"),
    "drawing.pdf": (broken.drawing_pdf(20_000), "The plan of our depot.", ""),
    "cut.html": (files.HTML[:700].encode(), "You may return goods", ""),
    "cut.csv": (b'Plan,Price\nTeam,12\nFirm,"4', "Plan: Team; Price: 12", "Row 3 opens a quote"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
async def test_a_hostile_file_is_refused_by_name(parser: ChildParser, name: str) -> None:
    data, reason = REFUSED[name]
    with pytest.raises(DocumentRejected) as caught:
        await parser.parse("shop", "d1", name, data)
    assert caught.value.reason == reason
    assert caught.value.message.count("\n") == 0


@pytest.mark.parametrize("name", READ)
async def test_what_can_be_read_of_an_odd_file_is_read(parser: ChildParser, name: str) -> None:
    data, text, note = READ[name]
    parsed = await parser.parse("shop", "d1", name, data)
    assert text in " ".join(chunk.text for chunk in parsed.chunks)
    assert note in " ".join(parsed.notes)
    assert bool(note) == bool(parsed.notes)


async def test_200_mb_are_refused_at_once(parser: ChildParser) -> None:
    start = time.monotonic()
    with pytest.raises(DocumentRejected, match="larger than 64 MB"):
        await parser.parse("shop", "d1", "all.txt", bytes(200 * 2**20))
    assert time.monotonic() - start < 2


HEAVY: dict[str, Callable[[], bytes]] = {
    "bomb.docx": files.docx_bomb,
    "lying.zip": broken.lying_zip,
    "line.csv": lambda: b"a,b\n" + b"x" * 60_000_000,
    "line.txt": lambda: b"word " * 12_000_000,
    "picture.pdf": broken.huge_image_pdf,
    "drawing.pdf": lambda: broken.drawing_pdf(200_000),
    "long.pdf": broken.long_pdf,
    "long.xlsx": broken.long_sheet,
}


async def _reason(parser: ChildParser, name: str, data: bytes) -> str:
    """Why the file gave nothing; empty where it gave passages."""
    try:
        parsed = await parser.parse("shop", "d1", name, data)
    except DocumentRejected as error:
        return error.reason or "nameless"
    return "" if parsed.chunks else "no chunks"


@pytest.mark.process
@pytest.mark.parametrize("name", HEAVY)
async def test_a_heavy_file_ends_in_time_and_the_child_lives_on(name: str) -> None:
    parser = ChildParser(workers=1)
    data = HEAVY[name]()
    start = time.monotonic()
    reason = await _reason(parser, name, data)
    assert reason in ("", "unpacks", "none_inside", "memory", "time", "broken_table")
    assert time.monotonic() - start < 110
    assert (await parser.parse("shop", "d1", "a.txt", b"hello")).chunks[0].text == "hello"
    await parser.aclose()
