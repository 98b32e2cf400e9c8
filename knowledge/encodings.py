"""Turns bytes of an unknown encoding into text, or says that they are no text.

It does not know what the text means.
"""

import codecs
import re

from core.errors import DocumentRejected
from knowledge.plausible import likeliest, wide

_SAMPLE = 200_000
"""Bytes that are looked at to name an encoding; all of them are decoded with it."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ALIASES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
}
"""What a file calls its encoding → the larger one of the same family that programs really write."""
_DECLARED = (
    re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})["']""", re.ASCII),
    re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.ASCII | re.IGNORECASE),
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def decode(data: bytes, name: str) -> str:
    """The text of a file; raises DocumentRejected for binary data or an encoding that nobody can tell."""
    encoding = encoding_of(data, name)
    text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
    if len(_CONTROL.findall(text[:_SAMPLE])) > 0.01 * min(len(text), _SAMPLE) + 1:
        raise DocumentRejected.because("binary", name=name)
    return text


def encoding_of(data: bytes, name: str) -> str:
    """Python's name of the encoding: by mark, by declaration (html, xml), as UTF-8, else the likeliest.

    A declaration counts only where the bytes bear it out.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return encoding
    head = data[:_SAMPLE]
    zeros = _zeros(head)
    if zeros:
        return zeros
    if b"\x00" in head:
        raise DocumentRejected.because("binary", name=name)
    if _mostly_utf8(data):
        return "utf-8"
    declared = _declared(head)
    if declared and _reads(head, declared):
        return declared
    best = wide(head, hangul=False) or likeliest(head)
    if best is None:
        raise DocumentRejected.because("encoding", name=name)
    return best


def _zeros(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: spaces and line ends leave zeros at every second or fourth byte."""
    if len(head) < 4 or b"\x00" not in head:
        return None
    places = [head[at::4].count(0) / max(1, len(head[at::4])) for at in range(4)]
    if places[2] > 0.9 and places[3] > 0.9 and places[0] < 0.5:
        return "utf-32-le"
    if places[0] > 0.9 and places[1] > 0.9 and places[3] < 0.5:
        return "utf-32-be"
    return wide(head, hangul=True)


def _mostly_utf8(data: bytes) -> bool:
    """A broken character in a thousand, or one cut off at the end, leaves it UTF-8."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    if not broken:
        return True
    others = sum(1 for char in text[:_SAMPLE] if char > "\x7f") - broken
    return broken <= 0.02 * others if len(text) <= _SAMPLE else broken <= 0.001 * len(text) and others > 0


def _declared(head: bytes) -> str | None:
    for pattern in _DECLARED:
        found = pattern.search(head[:4096])
        if found:
            label = found[1].decode("ascii").lower()
            label = _ALIASES.get(label, label)
            try:
                return None if label.startswith(("utf-16", "utf-32")) else codecs.lookup(label).name
            except LookupError:
                return None
    return None


def _reads(head: bytes, encoding: str) -> bool:
    try:
        text = head.decode(encoding, errors="replace")
    except (LookupError, ValueError, AssertionError):  # codecs that are no text encodings: base64, idna
        return False
    return text.count("\ufffd") <= 0.002 * len(text) + 1
