"""Takes in the files that a visitor attaches: one file a request, as it is, its bytes counted while they arrive.

Knows how a file travels and how it is shown; what becomes of it is the pipeline's.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request

from core.documents import Attachment
from core.errors import InvalidRequest
from core.reasons import in_language
from pages.customer_body import check_own_page
from pages.customer_language import Language
from pipelines.attach import LARGEST_FILE, LONGEST_NAME, plain_name, too_large

NAME_HEADER = "x-file-name"
"""The file's name, percent-encoded. No query parameter: those end up in the logs of proxies."""
SILENCE_SECONDS = 30.0
WHOLE_SECONDS = 600.0
"""10 MB over a slow phone line take minutes."""
IN_MEMORY = 256 * 1024
AT_ONCE = 4
"""Files held in memory while they are read; the others wait on disk."""

ACCEPTED = (
    ".pdf,.docx,.pptx,.xlsx,.csv,.tsv,.md,.markdown,.txt,.text,.log,.html,.htm,.json,.jsonl,.ndjson,.xml,.zip"
)
"""What the file dialog offers first; whatever else is chosen gets the parser's answer."""


@asynccontextmanager
async def sent_file(request: Request) -> AsyncIterator[tuple[str, IO[bytes]]]:
    """The name and the bytes of the file in this request, spooled; gone afterwards.

    Raises Forbidden for another site's page, AttachmentTooLarge at the first byte over the limit, InvalidRequest.
    """
    check_own_page(request)
    # Only a script can send this type, and a script of another site only after asking first.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/octet-stream":
        raise InvalidRequest("Send the file itself with the content type application/octet-stream.")
    name = plain_name(unquote(request.headers.get(NAME_HEADER, "")[: LONGEST_NAME * 12]))
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_FILE:
        raise too_large(name)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as spool:
        try:
            async with asyncio.timeout(WHOLE_SECONDS):
                await _receive(request, name, spool)
        except (TimeoutError, ClientDisconnect):
            raise InvalidRequest("The file did not arrive complete; send it again.") from None
        yield name, spool


async def _receive(request: Request, name: str, spool: IO[bytes]) -> None:
    received = 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                piece = await anext(stream)
        except StopAsyncIteration:
            break
        received += len(piece)
        if received > LARGEST_FILE:
            raise too_large(name)
        spool.write(piece)
    spool.seek(0)


def shown_attachment(attachment: Attachment, language: Language) -> dict[str, Any]:
    """A file as the page shows it; `notes` say what of it was not read."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "size": attachment.size,
        "notes": [in_language(note, language) for note in attachment.notes],
    }
