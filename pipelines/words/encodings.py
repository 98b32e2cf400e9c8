"""Tells in which Chinese encoding a list of words is: lists are short, and what weighs a long text goes wrong there.

It knows Unicode, GB18030 and Big5; everything else is for the function it is handed.
"""

import codecs
from collections.abc import Callable

Decode = Callable[[bytes, str], str]
"""Bytes and the file's name → text; raises DocumentRejected."""
_ENOUGH = 0.6
"""Share of everyday characters from which on a reading is believed."""


def decode_list(data: bytes, name: str, otherwise: Decode) -> str:
    """The text of a file of words: UTF-8 where it is that, else the likelier of GB18030 and Big5."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass  # then it is something else, which is looked for below
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in data:
        return otherwise(data, name)
    read = {
        encoding: text
        for encoding in ("gb18030", "cp950")
        if (text := _text(data, encoding)) is not None and _everyday(text, encoding) >= _ENOUGH
    }
    if not read:
        return otherwise(data, name)
    return read[max(read, key=lambda encoding: _everyday(read[encoding], encoding))]


def _text(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _everyday(text: str, encoding: str) -> float:
    """The share of an encoding's everyday characters: both keep theirs in a plane of its own, before the rare."""
    first, last = (0xB0A1, 0xD7F9) if encoding == "gb18030" else (0xA440, 0xC67E)
    codes = [int.from_bytes(char.encode(encoding, "replace")) for char in text if char > "\x7f"]
    letters = [code for code in codes if not 0xA1A0 <= code <= 0xA3FF]  # punctuation of both
    return sum(first <= code <= last for code in letters) / max(1, len(letters))
