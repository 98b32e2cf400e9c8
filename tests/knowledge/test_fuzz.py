"""Real files of every format, cut short or with bytes changed: always passages or a named reason."""

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DocumentRejected
from knowledge.child import replies
from tests.knowledge import files


@cache
def _whole(suffix: str) -> bytes:
    return {
        "pdf": lambda: files.pdf_table(2, rows=50),
        "docx": files.rich_docx,
        "pptx": files.pptx,
        "xlsx": files.price_list,
        "csv": lambda: "问题,答案\n怎么退,七天内\n".encode("gb18030") * 5,
        "html": lambda: files.HTML.encode(),
        "xml": lambda: files.CATALOGUE.encode(),
        "json": lambda: '{"a": [{"名": "退货", "b": [1, 2]}], "c": {"d": null}}'.encode(),
        "jsonl": lambda: b'{"question": "q", "answer": "a"}\n{"question": "p", "answer": "b"}\n',
        "md": lambda: "# A\n\n| a | b |\n|---|---|\n| 1 | 2 |\n".encode("utf-16"),
        "txt": lambda: "退货政策说明".encode("big5", "ignore"),
        "zip": lambda: files.zipped({"a.txt": b"hello there", "b.docx": files.docx(), "c.csv": b"a,b\n1,2\n"}),
    }[suffix]()  # fmt: skip


SUFFIXES = ["pdf", "docx", "pptx", "xlsx", "csv", "html", "xml", "json", "jsonl", "md", "txt", "zip"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mangled_file_ends_in_passages_or_a_reason(suffix: str, data: st.DataObject) -> None:
    whole = bytearray(_whole(suffix))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    request = {"name": f"file.{suffix}", "base": "b", "document_id": "d", "cpu_seconds": 30}
    frames = list(replies(request, cut))
    last = frames[-1]
    assert "notes" in last or "error" in last or "damaged" in last
    if "notes" in last:
        assert sum(len(frame["chunks"]) for frame in frames[:-1]) > 0
    if "error" in last:
        assert last["error"] == DocumentRejected.because(last["reason"], **last["values"]).message
