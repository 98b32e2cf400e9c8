"""Every format through the real child process, and what its limits do."""

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from core.documents import Chunk
from core.errors import DocumentRejected
from knowledge.parsing import ChildParser, ParseLimits
from tests.knowledge import broken, files
from tests.support.asking import until


async def _chunks(parser: ChildParser, name: str, data: bytes) -> list[Chunk]:
    return list((await parser.parse("shop", "d1", name, data)).chunks)


@pytest.mark.parametrize(
    ("name", "data", "kind", "location", "text"),
    [
        ("faq.csv", "问题,答案\n怎么退货?,七天内可退。\n".encode(), "faq", "第 2 行", "七天内可退。"),
        ("prices.tsv", b"Plan\tPrice\nTeam\t12 euros\n", "table", "row 2", "Plan: Team; Price: 12 euros"),
        ("manual.md", b"# Returns\nAsk first.\n", "text", "Returns", "Ask first."),
        ("manual.txt", "退货政策".encode("gb18030"), "text", "", "退货政策"),
        ("guide.pdf", files.pdf("Parcels take three days."), "text", "page 1", "Parcels take three days."),
        ("policy.docx", files.docx(), "text", "Returns > Fees", "Sending a parcel back is free within seven days."),
        ("prices.xlsx", files.xlsx({"S": [["Plan", "Price"], ["Team", 12]]}), "table", "S!A2:B2", "Plan: Team; Price: 12"),
        ("help.html", files.HTML.encode(), "text", "Returns", "You may return goods within seven days."),
        ("stock.json", b'{"items": [{"name": "Lamp", "price": 12}]}', "table", "$.items[0]", "name: Lamp; price: 12"),
        ("stock.jsonl", b'{"name": "Lamp", "price": 12}\n', "table", "line 1", "name: Lamp; price: 12"),
        ("news.xml", files.RSS.encode(), "text", "/rss/channel/item[1]", "We opened a depot in Lyon."),
        ("all.zip", files.zipped({"a/b.txt": b"Hello there."}), "text", "a/b.txt", "Hello there."),
    ],
)  # fmt: skip
async def test_each_format_comes_out_of_the_child(
    parser: ChildParser, name: str, data: bytes, kind: str, location: str, text: str
) -> None:
    first = (await _chunks(parser, name, data))[0]
    assert (first.kind, first.location, first.text) == (kind, location, text)
    assert (first.base, first.document_id, first.document, first.position) == ("shop", "d1", name, 0)


async def test_slides_come_out_of_the_child_with_their_numbers(parser: ChildParser) -> None:
    first = (await _chunks(parser, "show.pptx", files.pptx()))[0]
    assert (first.location, first.page) == ("slide 1", 1)
    assert "Parcels to France take three days." in first.text


async def test_a_passage_keeps_its_id_when_the_document_grows_around_it(parser: ChildParser) -> None:
    short = await _chunks(parser, "a.md", b"# A\nFirst.\n# B\nSecond.\n")
    long = await _chunks(parser, "a.md", b"# New\nBefore all.\n# A\nFirst.\n# B\nSecond.\n# B\nSecond.\n")
    assert {chunk.id for chunk in short} < {chunk.id for chunk in long}
    assert long[-1].id == f"{long[-2].id}-2"
    assert len({chunk.id for chunk in long}) == len(long)


async def test_what_was_left_out_is_said(parser: ChildParser) -> None:
    parsed = await parser.parse(
        "shop", "d1", "report.pdf", files.scanned_pdf(texts=["Parcels take three days.", ""])
    )
    assert [chunk.page for chunk in parsed.chunks] == [1]
    assert parsed.notes == ("Page 2 holds no text and was left out; run text recognition (OCR) on it.",)


async def test_the_head_of_a_table_is_shown_with_the_columns_guessed(parser: ChildParser) -> None:
    preview = await parser.preview(
        "faq.xlsx",
        files.xlsx({"FAQ": [["客服问答"], ["标准问", "回复内容", "备注"], ["怎么退", "七天内", "x"]]}),
    )
    assert list(preview.columns) == ["标准问", "回复内容", "备注"]
    assert [list(row) for row in preview.rows] == [["怎么退", "七天内", "x"]]
    assert dict(preview.guessed) == {"question": "标准问", "answer": "回复内容"}
    with pytest.raises(DocumentRejected, match="no table"):
        await parser.preview("a.md", b"# Hello")


async def test_a_rejection_names_its_reason_for_programs(parser: ChildParser) -> None:
    with pytest.raises(DocumentRejected) as caught:
        await _chunks(parser, "old.doc", broken.legacy("WordDocument"))
    assert caught.value.reason == "legacy"
    assert caught.value.values == {"name": "old.doc", "advice": ".docx"}


async def test_a_small_file_does_not_wait_for_a_slow_one() -> None:
    parser = ChildParser()
    slow = asyncio.create_task(_chunks(parser, "long.pdf", broken.long_pdf(4_000)))
    await until(lambda: any(child._process for child in parser._children), 60)
    (reader,) = (child._process for child in parser._children if child._process)
    # However slow the other child is to start: this one is slower.
    os.killpg(reader.pid, signal.SIGSTOP)
    try:
        assert (await _chunks(parser, "a.txt", b"hello"))[0].text == "hello"
        assert not slow.done()
    finally:
        os.killpg(reader.pid, signal.SIGCONT)
    assert len(await slow) == 1
    await parser.aclose()


async def test_a_parser_that_never_ends_is_killed_and_the_next_file_is_read() -> None:
    endless = [sys.executable, "-c", "import time\nwhile True: time.sleep(1)"]
    parser = ChildParser(ParseLimits(wall_seconds=0.5), endless)
    with pytest.raises(DocumentRejected, match="too long"):
        await _chunks(parser, "a.txt", b"hello")
    await parser.aclose()


@pytest.mark.process
async def test_a_table_too_long_for_its_time_is_read_as_far_as_it_goes() -> None:
    table = "Code,Stock,Remark\n" + "".join(f"item {n},{n},{'word ' * 30}\n" for n in range(49_000))
    parser = ChildParser(ParseLimits(cpu_seconds=1), workers=1)
    parsed = await parser.parse("shop", "d1", "big.csv", table.encode())
    assert 0 < len(parsed.chunks) < 49_000
    assert [note for note in parsed.notes if note.startswith("The file was read up to row ")]
    await parser.aclose()


@pytest.mark.process
async def test_cpu_time_and_memory_are_limited_a_file_and_the_child_survives() -> None:
    slow = b"<a>" + b"<b>word</b>" * 1_000_000 + b"</a>"
    parser = ChildParser(ParseLimits(cpu_seconds=0), workers=1)
    with pytest.raises(DocumentRejected, match="too long"):
        await _chunks(parser, "slow.xml", slow)
    assert (await _chunks(parser, "a.txt", b"hello"))[0].text == "hello"
    await parser.aclose()
    parser = ChildParser(ParseLimits(memory_bytes=64 * 2**20), workers=1)
    with pytest.raises(DocumentRejected, match="needs more than 64 MB"):
        await _chunks(parser, "big.txt", b"word " * 6_000_000)
    assert (await _chunks(parser, "a.txt", b"hello"))[0].text == "hello"
    await parser.aclose()


async def test_a_file_over_the_size_limit_never_reaches_the_child() -> None:
    parser = ChildParser(ParseLimits(file_bytes=10), ["/nowhere"])
    with pytest.raises(DocumentRejected, match="larger"):
        await _chunks(parser, "a.txt", b"more than ten bytes")
    await parser.aclose()


async def test_the_child_inherits_no_secrets_and_yields_to_the_service(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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


@pytest.mark.process
async def test_a_child_killed_from_outside_is_started_anew(parser: ChildParser) -> None:
    own = ChildParser(workers=1)
    await _chunks(own, "a.txt", b"hello")
    process = own._children[0]._process
    assert process is not None
    process.kill()
    process.wait()
    assert (await _chunks(own, "a.txt", b"hello again"))[0].text == "hello again"
    await own.aclose()


IDLE = """
import atexit, sys, time
from pathlib import Path
from knowledge import child

decided, may_go = map(Path, sys.argv[1:])

def linger() -> None:
    decided.touch()
    while not may_go.exists():
        time.sleep(0.01)

child._IDLE_SECONDS = 0.2
atexit.register(linger)
child.main()
"""


def _unread(process: "subprocess.Popen[bytes]") -> int:
    """Bytes that a child was sent and has not read."""
    assert process.stdin is not None
    return int.from_bytes(fcntl.ioctl(process.stdin, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.process
async def test_a_file_that_meets_a_child_about_to_go_is_read_by_the_next(tmp_path: Path) -> None:
    decided, may_go = tmp_path / "decided", tmp_path / "may go"
    parser = ChildParser(command=[sys.executable, "-c", IDLE, str(decided), str(may_go)], workers=1)
    await _chunks(parser, "a.txt", b"hello")
    going = parser._children[0]._process
    assert going is not None
    await until(decided.exists, 60)
    assert going.poll() is None, "it has decided to go and is not gone yet"
    again = asyncio.create_task(_chunks(parser, "a.txt", b"hello again"))
    await until(lambda: _unread(going) > 0, 60)
    may_go.touch()
    assert (await again)[0].text == "hello again"
    assert (going.poll(), parser._children[0]._process is going) == (0, False)
    await parser.aclose()


async def test_a_child_that_dies_again_and_again_is_given_up() -> None:
    parser = ChildParser(command=[sys.executable, "-c", "import sys\nsys.stdin.buffer.readline()"], workers=1)
    with pytest.raises(DocumentRejected) as caught:
        await _chunks(parser, "a.txt", b"hello")
    assert caught.value.reason == "damaged"
    await parser.aclose()


@pytest.mark.process
async def test_a_zip_bomb_is_refused_before_it_unpacks(parser: ChildParser) -> None:
    bomb = files.docx_bomb()
    # The start of a child is not what is timed.
    await _chunks(parser, "a.txt", b"hello")
    start = time.monotonic()
    with pytest.raises(DocumentRejected, match="unpacks"):
        await _chunks(parser, "bomb.docx", bomb)
    assert time.monotonic() - start < 5
