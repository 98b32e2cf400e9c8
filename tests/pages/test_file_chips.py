"""The console's chips of a conversation's files: what each says, and that a name stays text."""

from datetime import UTC, datetime

from core.documents import Attachment
from pages.file_chips import file_chips
from pages.state import RefusedFile


def attached(name: str, *notes: str) -> Attachment:
    return Attachment("file-1", "conv-1", name, 2048, 3, datetime(2026, 11, 23, tzinfo=UTC), notes)


def test_nothing_is_shown_where_there_is_no_file() -> None:
    assert file_chips((), (), (), "zh") == ""


def test_a_file_can_be_removed_by_its_id_and_a_refusal_by_its_number() -> None:
    chips = file_chips([attached("合同.pdf")], [RefusedFile("a.png", "a.png 是图片。")], ["b.txt"], "zh")
    assert 'data-value="file-1" aria-label="移除: 合同.pdf"' in chips
    assert 'data-value="refused:0" aria-label="关闭提示: a.png"' in chips
    assert "2 KB" in chips
    assert 'role="alert"' in chips
    assert ">是图片。<" in chips, "the name is not said twice"
    assert "正在读取…" in chips


def test_what_was_left_out_is_told() -> None:
    note = "Page 2 holds no text and was left out; run text recognition (OCR) on it."
    assert "部分内容未读取" in file_chips([attached("a.pdf", note)], (), (), "zh")
    assert "第 2 页没有文字" in file_chips([attached("a.pdf", note)], (), (), "zh")
    assert note in file_chips([attached("a.pdf", note)], (), (), "en")


def test_a_name_is_text() -> None:
    chips = file_chips([attached('"><img src=x onerror=alert(1)>${x}')], (), (), "en")
    assert "<img" not in chips
    assert "${" not in chips
