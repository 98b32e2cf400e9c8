"""Tables of any bytes, as somebody uploads them for FAQ pairs: passages or a named reason, and soon."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import DocumentRejected
from knowledge.child import replies
from tests.support.fuzzing import attempts

PIECES = st.sampled_from(
    ["question", "answer", "问题", "答案", "phrasings", "valid_from", "status", ",", ";", "\t", "|", '"', '""', "\n", "\r\n",
     "\r", "\0", "\ufeff", "=1+1", "＝cmd", "2026-01-01", "2026-13-99", "draft", " ", "小Q", "\u2028", "'", "\\", "\ud7ff"]
)  # fmt: skip
TABLES = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=60).map("".join)
ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "big5", "latin-1")
SECONDS = 10


def assert_read_or_refused(name: str, content: bytes) -> None:
    began = time.monotonic()
    frames = list(replies({"name": name, "base": "b", "document_id": "d", "cpu_seconds": 30}, content))
    assert time.monotonic() - began < SECONDS
    last = frames[-1]
    if "error" in last:
        assert last["error"] == DocumentRejected.because(last["reason"], **last["values"]).message
    else:
        assert "notes" in last
        assert sum(len(frame["chunks"]) for frame in frames[:-1]) > 0


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
@settings(max_examples=attempts(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TABLES, encoding=st.sampled_from(ENCODINGS))
def test_a_table_of_any_text(suffix: str, text: str, encoding: str) -> None:
    assert_read_or_refused(f"faq.{suffix}", text.encode(encoding, "ignore"))
    assert_read_or_refused(f"faq.{suffix}", b"question,answer\n" + text.encode(encoding, "ignore"))


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
@settings(max_examples=attempts(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200))
def test_a_table_of_any_bytes(suffix: str, content: bytes) -> None:
    assert_read_or_refused(f"faq.{suffix}", content)


@pytest.mark.parametrize(
    "content",
    [b'question,answer\n"' + b"x" * 500_000, b"," * 500_000, b'"' * 500_001, b"\n" * 500_000, b"question,answer\n" + b"a,b\r" * 50_000,
     b"question,answer\n" + b",".join([b"a"] * 100_000), b"\0" * 100_000, b'question,answer\n"a""' * 20_000],
    ids=["an open quote", "commas", "quotes", "lines", "carriage returns", "a wide row", "NUL", "open quotes"],
)  # fmt: skip
def test_a_table_made_to_be_slow(content: bytes) -> None:
    assert_read_or_refused("faq.csv", content)
