"""Turns bytes of an unknown encoding into text, or says that they are no text.

It does not know what the text means.
"""

from core.errors import DocumentRejected

_LEGACY = ["gb18030", "big5", "cp932", "euc_jp", "euc_kr", "cp1251", "cp1252", "cp1256", "cp874"]


def decode(data: bytes, name: str) -> str:
    """The text of a file: UTF-8, UTF-16 with a mark, else what charset-normalizer finds likeliest.

    Raises DocumentRejected for binary data.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    if b"\x00" in data:
        raise DocumentRejected(f"{name} is not a text file, whatever its name says.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _legacy(data, name)


def _legacy(data: bytes, name: str) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=_LEGACY).best()
    if best is None:
        raise DocumentRejected(
            f"The encoding of {name} was not recognised; save it as UTF-8 and upload it again."
        )
    return str(best)
