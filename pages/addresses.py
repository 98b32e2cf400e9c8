"""Where a passage stands, in words, and where its document is read and its original saved from.

Knows nothing of what is there.
"""

from urllib.parse import quote


def document_address(base: str, document_id: str, passage_id: str = "") -> str:
    """Where a document is read, at one of its passages."""
    address = f"/documents/{quote(base, safe='')}/{quote(document_id, safe='')}"
    if not passage_id:
        return address
    return f"{address}?passage={quote(passage_id, safe='')}#p-{quote(passage_id, safe='')}"


def file_address(base: str, document_id: str) -> str:
    """Where the original is saved from."""
    return f"{document_address(base, document_id)}/file?save=1"


def place_in_words(*parts: str) -> str:
    """Document, title and location on one line; what another part says already is left out."""
    said = [part for part in dict.fromkeys(parts) if part]
    return " · ".join(
        part for part in said if not any(other != part and other.startswith(part) for other in said)
    )
