"""Reads uploaded files from a multipart body, counting bytes while they arrive.

It does not know what is in a file; nothing is kept of a request that breaks a limit.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from core.errors import InvalidRequest, TooLarge
from gateway.body import pieces

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_REQUEST = 60 * 1024 * 1024
"""Bytes; what one request may bring into memory, since the ingest pipeline takes whole files."""
MOST_FILES = 50
FIELD = "files"


class CountingParser(MultiPartParser):
    """Starlette's parser, which spools files to disk, with a limit on each file."""

    def on_part_begin(self) -> None:
        self._bytes = 0
        super().on_part_begin()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._bytes += end - start
        if self._bytes > LARGEST_FILE:
            raise TooLarge(f"A file is larger than {LARGEST_FILE // 2**20} MB; split it.", param=FIELD)
        super().on_part_data(data, start, end)


@asynccontextmanager
async def uploaded(request: Request) -> AsyncGenerator[list[UploadFile]]:
    """The files of the field `files`; their temporary copies are gone afterwards.

    Raises TooLarge at the first byte over a limit, InvalidRequest for a body that is no such form.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidRequest("Send the files as multipart/form-data in the field 'files'.", param=FIELD)
    parser = CountingParser(request.headers, _counted(request), max_files=MOST_FILES, max_fields=10)
    try:
        form = await parser.parse()
    except MultiPartException:
        raise InvalidRequest(
            f"The form cannot be read: at most {MOST_FILES} files, each in the field 'files'.", param=FIELD
        ) from None
    try:
        unknown = [name for name, value in form.multi_items() if name != FIELD or isinstance(value, str)]
        if unknown:
            raise InvalidRequest(
                f"The field '{unknown[0][:60]}' is not a file of the field 'files'.", param=FIELD
            )
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise InvalidRequest("The form holds no file in the field 'files'.", param=FIELD)
        yield files
    finally:
        await form.close()


async def _counted(request: Request) -> AsyncGenerator[bytes]:
    received = 0
    async for piece in pieces(request):
        received += len(piece)
        if received > LARGEST_REQUEST:
            raise TooLarge(f"More than {LARGEST_REQUEST // 2**20} MB at once; send fewer files.", param=FIELD)
        yield piece
