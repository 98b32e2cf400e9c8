"""Every format through the real child process: what chunks hold, why files are refused, what limits do."""

import sys
import time
from collections.abc import AsyncGenerator
from datetime import date

import pytest

from core.documents import Chunk
from core.errors import DocumentRejected
from knowledge.parsing import ChildParser, ParseLimits
from tests.knowledge import files


@pytest.fixture
async def parser() -> AsyncGenerator[ChildParser]:
    parser = ChildParser()
    yield parser
    await parser.aclose()


async def _chunks(parser: ChildParser, name: str, data: bytes) -> list[Chunk]:
    return list((await parser.parse("shop", "d1", name, data)).chunks)


async def test_an_faq_table_becomes_pairs_with_phrasings_and_dates(parser: ChildParser) -> None:
    table = (
        "问题,答案,相似问,状态,valid_until\n"
        "怎么退货?,七天内可退。,如何退货|退货流程,approved,2026/12/31\n"
        "草稿问题,不应出现,,草稿,\n"
    )
    (chunk,) = await _chunks(parser, "faq.csv", table.encode("utf-8-sig"))
    assert chunk.kind == "faq"
    assert chunk.text == "七天内可退。"
    assert chunk.match == ("怎么退货?", "如何退货", "退货流程")
    assert chunk.location == "第 2 行"
    assert chunk.language == "zh"
    assert chunk.valid_until == date(2026, 12, 31)


async def test_any_other_table_keeps_its_header_in_each_row(parser: ChildParser) -> None:
    (chunk,) = await _chunks(parser, "prices.csv", b"Plan;Price\nTeam;12 euros\n")
    assert (chunk.text, chunk.kind, chunk.location) == ("Plan: Team; Price: 12 euros", "table", "row 2")


async def test_a_date_nobody_can_read_names_its_row(parser: ChildParser) -> None:
    with pytest.raises(DocumentRejected, match=r"Row 2 of faq\.csv"):
        await _chunks(parser, "faq.csv", b"question,answer,valid_from\nq,a,soon\n")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "我的订单为什么还没有发货?"),
        ("utf-8-sig", "我的订单为什么还没有发货?"),
        ("utf-16", "我的订单为什么还没有发货?"),
        ("gb18030", "退货政策:签收后七天内可以无理由退货,运费由卖家承担。"),
        ("big5", "我的訂單為什麼還沒有發貨?請聯絡客服人員,謝謝。"),
    ],
)
async def test_text_in_any_common_encoding(parser: ChildParser, encoding: str, text: str) -> None:
    (chunk,) = await _chunks(parser, "manual.txt", text.encode(encoding))
    assert chunk.text == text


async def test_markdown_keeps_the_path_of_headings(parser: ChildParser) -> None:
    manual = "# Returns\nAsk first.\n## Fees\nFree for members.\n```\n# no heading\n```\n"
    first, second = await _chunks(parser, "manual.md", manual.encode())
    assert (first.title, first.text) == ("Returns", "Ask first.")
    assert second.title == "Returns > Fees"
    assert "# no heading" in second.text


async def test_long_text_is_cut_at_sentences_and_nothing_is_lost(parser: ChildParser) -> None:
    sentence = "签收后七天内可以申请退货,运费由我们承担。"
    chunks = await _chunks(parser, "long.txt", (sentence * 100).encode())
    assert "".join(chunk.text for chunk in chunks) == sentence * 100
    assert all(len(chunk.text) <= 400 and chunk.text.endswith("。") for chunk in chunks)
    assert [chunk.position for chunk in chunks] == list(range(len(chunks)))


async def test_pdf_pages_are_named(parser: ChildParser) -> None:
    chunks = await _chunks(parser, "guide.pdf", files.pdf("Parcels take three days.", "", "You may call us."))
    assert [(chunk.location, chunk.text) for chunk in chunks] == [
        ("page 1", "Parcels take three days."),
        ("page 3", "You may call us."),
    ]


async def test_a_scan_is_named_as_one(parser: ChildParser) -> None:
    with pytest.raises(DocumentRejected, match="scanned"):
        await _chunks(parser, "scan.pdf", files.pdf("", ""))


async def test_word_keeps_headings_and_table_headers(parser: ChildParser) -> None:
    text, row = await _chunks(parser, "policy.docx", files.docx())
    assert text.title == "Returns > Fees"
    assert (row.text, row.kind) == ("Country: France; Fee: 5 euros", "table")
    assert row.location == "Returns > Fees > table row 2"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.md", b"  \n", "empty"),
        ("film.mp4", b"x", "format"),
        ("text.pdf", b"hello", "not a PDF"),
        ("cut.pdf", files.pdf("Hello there")[:120], "damaged"),
        ("cut.docx", files.docx()[:900], "damaged"),
        ("notes.docx", b"hello", "damaged"),
        ("picture.txt", b"\x89PNG\x00\x00", "not a text file"),
        ("header.csv", b"a,b\n", "no rows"),
    ],
)
async def test_a_file_that_gives_nothing_says_why(
    parser: ChildParser, name: str, data: bytes, reason: str
) -> None:
    with pytest.raises(DocumentRejected, match=reason) as caught:
        await _chunks(parser, name, data)
    assert name in caught.value.message


async def test_a_zip_bomb_is_refused_before_it_unpacks(parser: ChildParser) -> None:
    bomb = files.docx_bomb()
    start = time.monotonic()
    with pytest.raises(DocumentRejected, match="unpacks"):
        await _chunks(parser, "bomb.docx", bomb)
    assert time.monotonic() - start < 5


async def test_a_parser_that_never_ends_is_killed_and_the_next_file_is_read() -> None:
    endless = [sys.executable, "-c", "import time\nwhile True: time.sleep(1)"]
    parser = ChildParser(ParseLimits(wall_seconds=0.5), endless)
    with pytest.raises(DocumentRejected, match="too long"):
        await _chunks(parser, "a.txt", b"hello")
    await parser.aclose()


async def test_cpu_time_and_memory_are_limited_a_file_and_the_child_survives() -> None:
    big = b"word " * 3_000_000
    parser = ChildParser(ParseLimits(cpu_seconds=1))
    with pytest.raises(DocumentRejected, match="too long"):
        await _chunks(parser, "big.txt", big)
    assert (await _chunks(parser, "a.txt", b"hello"))[0].text == "hello"
    await parser.aclose()
    parser = ChildParser(ParseLimits(memory_bytes=64 * 2**20))
    with pytest.raises(DocumentRejected, match="needs more than 64 MB"):
        await _chunks(parser, "big.txt", big)
    assert (await _chunks(parser, "a.txt", b"hello"))[0].text == "hello"
    await parser.aclose()


async def test_a_file_over_the_size_limit_never_reaches_the_child() -> None:
    parser = ChildParser(ParseLimits(file_bytes=10))
    with pytest.raises(DocumentRejected, match="larger"):
        await _chunks(parser, "a.txt", b"more than ten bytes")
    await parser.aclose()


async def test_the_child_inherits_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIAOQ_MASTER_KEY", "secret")
    code = (
        "import sys, os, json\n"
        "sys.stdin.buffer.readline()\n"
        "reply = json.dumps({'error': ' '.join(os.environ)}).encode()\n"
        "sys.stdout.buffer.write(len(reply).to_bytes(4, 'big') + reply)\n"
    )
    parser = ChildParser(command=[sys.executable, "-c", code])
    with pytest.raises(DocumentRejected) as caught:
        await _chunks(parser, "a.txt", b"hello")
    assert "PATH" in caught.value.message
    assert "XIAOQ" not in caught.value.message
    await parser.aclose()
