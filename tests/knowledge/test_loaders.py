"""What the loaders make of documents: headings, tables, places, and what they leave out."""

from datetime import timedelta

import pytest

from core.errors import DocumentRejected
from knowledge.loaders.cells import shown
from tests.knowledge import files
from tests.knowledge.reading import read


def test_markdown_keeps_the_path_of_headings_and_the_header_of_tables() -> None:
    manual = (
        "---\ntitle: x\n---\n# Returns\nAsk first.\n\n## Fees\nFree for members.\n```\n# no heading\n```\n"
        "| Country | Fee |\n|---|---|\n| France | 5 euros |\n\nMore below.\n"
    )
    first, second, row, last = read("manual.md", manual)[0]
    assert (first.title, first.text) == ("Returns", "Ask first.")
    assert second.title == "Returns > Fees"
    assert "# no heading" in second.text
    assert (row.text, row.kind, row.location) == (
        "Country: France; Fee: 5 euros",
        "table",
        "Returns > Fees > table row 2",
    )
    assert last.text == "More below."


def test_long_text_is_cut_at_sentences_and_nothing_is_lost() -> None:
    sentence = "签收后七天内可以申请退货，运费由我们承担。"
    chunks, _ = read("long.txt", sentence * 100)
    assert "".join(chunk.text for chunk in chunks) == sentence * 100
    assert all(len(chunk.text) <= 400 and chunk.text.endswith("。") for chunk in chunks)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))


def test_word_gives_text_under_headings_and_nothing_from_around_it() -> None:
    chunks, _ = read("policy.docx", files.rich_docx())
    text, *rows = chunks
    assert text.title == "退换货政策 > 特殊商品"
    assert text.text == "鞋类请在室内试穿。\n床垫可以试睡三十晚。补充一句。"
    assert [(row.text, row.location) for row in rows] == [
        ("地区: 华东; 首重: 8 元; 续重: 2 元", "退换货政策 > 特殊商品 > 表格第 2 行"),
        ("地区: 华东; 首重: 9 元; 续重: 3 元", "退换货政策 > 特殊商品 > 表格第 3 行"),
    ]
    said = " ".join(chunk.title + chunk.text for chunk in chunks)
    assert not any(word in said for word in ("HEADER", "FOOTER", "SECRET", "GONE"))


def test_slides_give_text_notes_tables_and_charts() -> None:
    text, plan, monday, sunday = read("show.pptx", files.pptx())[0]
    assert (text.title, text.location, text.page) == ("show > Delivery times", "slide 1", 1)
    assert text.text == "Parcels to France take three days.\nNotes: Holidays add one day."
    assert (plan.text, plan.title, plan.page) == ("Plan: Team; Price: 12 euros", "show > Prices", 2)
    assert (monday.text, sunday.text) == ("Category: Monday; Orders: 120", "Category: Sunday; Orders: 45")


def test_a_sheet_shows_what_a_person_sees_under_the_right_header() -> None:
    chunks, notes = read("prices.xlsx", files.price_list())
    assert [(chunk.text, chunk.location) for chunk in chunks] == [
        ("地区: 华东; 快递 / 首重: ¥8.00; 快递 / 续重: 2.5; 生效日期: 2026-11-01; 折扣: 85%", "价目表!A5:E5"),
        (
            "地区: 华东; 快递 / 首重: ¥1,200.00; 快递 / 续重: 3; 生效日期: 2026-12-01; 折扣: 90%",
            "价目表!A6:E6",
        ),
    ]
    assert {chunk.title for chunk in chunks} == {"prices > 价目表 > 2026 年价目表 > 单位：元，含税"}
    assert notes == ["The hidden sheet 内部 was left out."]


def test_the_line_ends_of_windows_do_not_show_in_a_cell() -> None:
    rows = [
        ["Question", "Answer"],
        ["How long?", "7 days_x000D_\nor a week_x0007_"],
        ["Which?", "part_x0041_"],
    ]
    chunks, _ = read("faq.xlsx", files.xlsx({"S": rows}))
    assert "7 days\nor a week" in chunks[0].text
    assert "_x0041_" in chunks[1].text, "somebody's own text"
    assert not any("_x00" in chunk.text.replace("_x0041_", "") for chunk in chunks)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (timedelta(hours=36), "36:00"),
        (timedelta(minutes=90), "1:30"),
        (timedelta(seconds=75), "0:01:15"),
        (timedelta(minutes=-5), "-0:05"),
    ],
)
def test_a_span_of_time_is_told_in_hours(value: timedelta, cell: str) -> None:
    assert shown(value, "[h]:mm") == cell


def test_two_tables_of_one_sheet_keep_their_own_headers() -> None:
    rows = [["Plan", "Price"], ["Team", 12], [], ["Depots"], ["City", "Stock"], ["Lyon", 40], ["Lille", 30]]
    chunks, _ = read("both.xlsx", files.xlsx({"S": rows}))
    assert [chunk.text for chunk in chunks] == [
        "Plan: Team; Price: 12",
        "City: Lyon; Stock: 40",
        "City: Lille; Stock: 30",
    ]
    assert chunks[1].title == "both > S > Depots"


def test_a_gap_in_a_table_does_not_end_it() -> None:
    rows = [["Plan", "Price"], ["Team", 12], [], ["Firm", 40]]
    chunks, _ = read("gap.xlsx", files.xlsx({"S": rows}))
    assert [chunk.text for chunk in chunks] == ["Plan: Team; Price: 12", "Plan: Firm; Price: 40"]


def test_a_sheet_of_notes_is_text() -> None:
    (chunk,), _ = read("notes.xlsx", files.xlsx({"说明": [["以下价格含税。"], ["运费另计。"]]}))
    assert (chunk.kind, chunk.text, chunk.location) == ("text", "以下价格含税。\n运费另计。", "说明!A1:A2")


def test_formulas_without_a_value_are_named() -> None:
    chunks, notes = read("sums.xlsx", files.xlsx({"S": [["Plan", "Price"], ["Team", "=6*2"]]}))
    assert [chunk.text for chunk in chunks] == ["Plan: Team"]
    assert notes == ["The sheet S has 1 formulas without a stored value; open and save the file once."]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_table_keeps_its_header_in_each_row(separator: str) -> None:
    table = f"Plan{separator}Price\nTeam{separator}12 euros\n"
    (chunk,), _ = read("prices.csv", table)
    assert (chunk.text, chunk.kind, chunk.location) == ("Plan: Team; Price: 12 euros", "table", "row 2")


def test_a_wide_row_is_cut_between_cells_and_keeps_its_first_one() -> None:
    header = ["Product", *(f"Feature {n}" for n in range(60))]
    chunks, _ = read(
        "wide.csv", ",".join(header) + "\n" + ",".join(["Lamp", *["quite a long remark"] * 60]) + "\n"
    )
    assert len(chunks) > 1
    assert all(
        chunk.text.startswith("Product: Lamp; Feature ") and len(chunk.text) <= 800 for chunk in chunks
    )
    assert sum(chunk.text.count("quite a long remark") for chunk in chunks) == 60


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ('Plan,Price\n"Team,12\nSolo,5\nFamily,20\n', 2),
        ('Plan,Price\nTeam,12\n"Solo,5', 3),
        ('Plan,Price\n"Team\nof ""ten""",12\nSolo,5\n', None),
        ('Plan,Price\nTeam,12" screen\nSolo,5\n', None),
        ('Plan,Price\n"Team",12\n"Solo\n5",5\n', None),
    ],
)
def test_a_quote_that_is_never_closed_is_named(table: str, row: int | None) -> None:
    _, notes = read("prices.csv", table)
    assert [note for note in notes if "quote" in note] == (
        [
            f"Row {row} opens a quote that is never closed, so that everything after it became part of that row."
        ]
        if row
        else []
    )


def test_html_gives_the_article_alone() -> None:
    text, first, second, last = read("help.html", files.HTML)[0]
    assert (text.title, text.text) == ("Returns", "You may return goods within seven days.")
    assert (first.text, first.title) == ("Country: France; Fee: 5 euros", "Returns > Fees")
    assert second.text == "Country: France; Fee: 6 euros"
    assert last.text.startswith("Members pay nothing")


def test_html_without_marks_leaves_out_menus_and_hidden_parts() -> None:
    page = (
        '<title>Help</title><div class="site-nav"><a>Home</a></div><p>Call us.</p><p hidden>No.</p>'
        '<div style="display: none">No.</div><footer>Imprint</footer>'
    )
    (chunk,), _ = read("page.html", page)
    assert (chunk.title, chunk.text) == ("Help", "Call us.")


def test_json_records_keep_their_paths() -> None:
    data = '{"shop": {"items": [{"name": "Lamp", "size": {"width": 3}}, {"name": "Chair"}]}, "note": "Open daily."}'
    chunks, _ = read("stock.json", data)
    assert [(chunk.location, chunk.text) for chunk in chunks] == [
        ("$", "note: Open daily."),
        ("$.shop.items[0]", "name: Lamp; size.width: 3"),
        ("$.shop.items[1]", "name: Chair"),
    ]
    (long, *_), _ = read("long.json", '{"terms": "%s", "a b": [1]}' % ("We deliver daily. " * 60))
    assert (long.location, long.title) == ("$.terms", "long > terms")


def test_a_broken_line_of_records_is_a_note() -> None:
    chunks, notes = read("stock.jsonl", '{"name": "Lamp"}\n{"name": \n{"name": "Chair"}\n')
    assert [(chunk.text, chunk.location) for chunk in chunks] == [
        ("name: Lamp", "line 1"),
        ("name: Chair", "line 3"),
    ]
    assert notes == ["Line 2 is no JSON and was left out."]


def test_xml_records_keep_their_paths_and_feeds_their_entries() -> None:
    chunks, _ = read("stock.xml", files.CATALOGUE)
    assert [(chunk.location, chunk.text) for chunk in chunks] == [
        ("/catalogue/product[1]", "@id: p1; name: Lamp; price: 12"),
        ("/catalogue/product[2]", "@id: p2; name: Chair; price: 40"),
    ]
    first, second = read("news.rss", files.RSS)[0]
    assert (first.title, first.text) == ("news > New depot", "We opened a depot in Lyon.")
    assert (second.location, second.text) == ("/rss/channel/item[2]", "Closed on Monday.")


def test_a_zip_is_read_file_by_file_with_names_in_old_encodings() -> None:
    packed = files.zipped_in(
        "gb18030", {"价目表.csv": "套餐,价格\n团队,12\n".encode("gb18030"), "说明.txt": "您好。".encode()}
    )
    chunks, notes = read("all.zip", packed)
    assert {(chunk.location, chunk.text) for chunk in chunks} == {
        ("价目表.csv > 第 2 行", "套餐: 团队; 价格: 12"),
        ("说明.txt", "您好。"),
    }
    assert notes == []


def test_a_bad_file_in_a_zip_is_a_note() -> None:
    inside = {
        "a.txt": b"Hello there.",
        "b.pdf": b"%PDF-1.4 broken",
        "c.zip": files.zipped({"d.txt": b"x"}),
        "e.mp4": b"film",
    }
    chunks, notes = read("all.zip", files.zipped(inside))
    assert [chunk.location for chunk in chunks] == ["a.txt"]
    assert [note.split(":")[0] for note in notes] == ["In b.pdf", "In c.zip", "In e.mp4"]


def test_a_file_named_otherwise_than_it_is_is_read_as_what_it_is() -> None:
    (chunk, *_), notes = read("policy.pdf", files.docx())
    assert chunk.title == "Returns > Fees"
    assert notes == ["policy.pdf was read as a Word document (.docx), which it is, whatever its name says."]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.md", b"  \n", "empty"),
        ("film.mp4", b"x", "format"),
        ("text.pdf", b"hello", "not_what"),
        ("cut.pdf", files.pdf("Hello there")[:120], "damaged"),
        ("notes.docx", b"hello", "not_what"),
        ("picture.txt", b"\x89PNG\x00\x00", "picture"),
        ("data.txt", b"\x00\x01\x02\x03\x04", "binary"),
        ("header.csv", b"a,b\n", "no_rows"),
        ("scan.pdf", files.scanned_pdf(texts=["", ""]), "scan"),
        ("locked.pdf", files.locked_pdf(), "locked"),
        ("broken.json", b'{"a": ', "damaged_at"),
        ("broken.xml", b"<a><b></a>", "damaged_at"),
    ],
)
def test_a_file_that_gives_nothing_says_why(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(DocumentRejected) as caught:
        read(name, data)
    assert caught.value.reason == reason
    assert name in caught.value.message
