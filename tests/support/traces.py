"""Planted texts, and every shape in which a file could hold them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path


def shapes(text: str) -> Iterator[bytes]:
    """The text in the encodings and escapes that a file may hold it in."""
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "gb18030"):
        encoded = text.encode(encoding)
        yield encoded
        for shift in range(3):  # where it stands in a longer text, base64 differs
            middle = base64.b64encode(b"\0" * shift + encoded)
            yield middle[4 : len(middle) - 4]
    yield json.dumps(text)[1:-1].encode()


def found_in(folder: Path, canaries: list[str]) -> list[tuple[str, str]]:
    """Which canary lies in which file of the folder."""
    hits = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            hits += [
                (path.name, canary) for canary in canaries if any(one in content for one in shapes(canary))
            ]
    return hits
