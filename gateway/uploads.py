"""Reads uploaded files from a multipart body, counting bytes while they arrive and spooling them to disk.

It does not know what is in a file. A file over the limit is drained and named; only a whole request over the
limit is refused, and nothing is kept of that one.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from core.errors import InvalidRequest, TooLarge
from gateway.body import pieces
from pipelines.columns import FIELDS, LONGEST_NAME, checked_columns
from pipelines.incoming import LARGEST_FILE, IncomingFile, too_large

LARGEST_REQUEST = 256 * 1024 * 1024
"""Bytes of one request; they lie on disk while it is read, and one file at a time in memory after."""
MOST_FILES = 500
LONGEST_SECONDS = 3600.0
FILES, COLUMNS, REPLACES = "files", "columns", "replaces"

FILE_FIELD: Mapping[str, Any] = {
    "type": "array",
    "minItems": 1,
    "description": f"The files; a request takes {MOST_FILES} at most.",
    "items": {"type": "string", "format": "binary"},
}
COLUMN_NAME = {"type": "string", "maxLength": LONGEST_NAME}
CHOSEN_COLUMN = {**COLUMN_NAME, "pattern": r"\S"}
FORM: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        FILES: FILE_FIELD,
        COLUMNS: {
            "type": "object",
            "description": "For tables of FAQ pairs, as JSON: field of a pair to name of the column, such as "
            '{"question": "问题", "answer": "答案"}; {} guesses from the header.',
            "properties": dict.fromkeys(FIELDS, COLUMN_NAME),
            "additionalProperties": False,
            "anyOf": [
                {"maxProperties": 0},
                {
                    "properties": {"question": CHOSEN_COLUMN, "answer": CHOSEN_COLUMN},
                    "required": ["question", "answer"],
                },
            ],
        },
        REPLACES: {"type": "string", "description": "The id of the document that the one file replaces."},
    },
    "required": [FILES],
    "additionalProperties": False,
}
ONE_FILE = {"properties": {FILES: {"maxItems": 1}}}
NOTHING_REPLACED = {"properties": {REPLACES: {"maxLength": 0}}}


def form_body(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`openapi_extra` of a route that takes this form."""
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


UPLOAD = form_body({**FORM, "anyOf": [ONE_FILE, NOTHING_REPLACED]})
UPLOAD_ONE = form_body({**FORM, "properties": {**FORM["properties"], FILES: {**FILE_FIELD, "maxItems": 1}}})


@dataclass(frozen=True, slots=True)
class Upload:
    """What a form brought; the files can be read until the form is closed."""

    files: Sequence[IncomingFile]
    columns: Mapping[str, str] | None
    replaces: str | None


class DrainingParser(MultiPartParser):
    """Starlette's parser, which spools files to disk; of a file over the limit the rest is dropped."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.headers, _counted(request), max_files=MOST_FILES, max_fields=10)
        self.oversized: set[int] = set()

    def on_part_begin(self) -> None:
        self._bytes = 0
        super().on_part_begin()

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._bytes += end - start
        file = self._current_part.file
        if file is not None and self._bytes > LARGEST_FILE:
            self.oversized.add(id(file))
        else:
            super().on_part_data(data, start, end)


@asynccontextmanager
async def uploaded(request: Request) -> AsyncGenerator[Upload]:
    """The form's files and fields; the temporary copies are gone afterwards.

    Raises TooLarge for a request over the limit, InvalidRequest for a body that is no such form.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise InvalidRequest("Send the files as multipart/form-data in the field 'files'.", param=FILES)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_REQUEST:
        raise _request_too_large()
    parser = DrainingParser(request)
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            form = await parser.parse()
    except TimeoutError:
        raise InvalidRequest("The upload did not arrive in time; send fewer files at once.") from None
    except MultiPartException:
        raise InvalidRequest(
            f"The form cannot be read: it takes at most {MOST_FILES} files, each in the field 'files'.",
            param=FILES,
        ) from None
    try:
        yield _read_form(form, parser.oversized)
    finally:
        await form.close()


async def one_file(upload: Upload) -> IncomingFile:
    """The form's only file. Raises InvalidRequest where there are more."""
    if len(upload.files) != 1:
        raise InvalidRequest("Send one file in the field 'files'.", param=FILES)
    return upload.files[0]


def _read_form(form: FormData, oversized: set[int]) -> Upload:
    files: list[IncomingFile] = []
    texts: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) and name == FILES:
            if value.filename or value.size:  # a browser sends an empty part where nothing was chosen
                files.append(_incoming(value, id(value) in oversized))
        elif isinstance(value, str) and name in (COLUMNS, REPLACES) and name not in texts:
            texts[name] = value
        else:
            raise InvalidRequest(f"The field '{name[:60]}' is not a file of the field 'files'.", param=FILES)
    if not files:
        raise InvalidRequest("The form holds no file in the field 'files'.", param=FILES)
    return Upload(files, _columns(texts.get(COLUMNS)), texts.get(REPLACES) or None)


def _incoming(file: UploadFile, oversized: bool) -> IncomingFile:
    name = file.filename or ""
    if oversized:
        return IncomingFile.refused(name, too_large(name))

    def read() -> bytes:
        file.file.seek(0)
        return file.file.read()

    return IncomingFile(name, read)


def _columns(text: str | None) -> dict[str, str] | None:
    if not text:
        return None
    try:
        chosen = orjson.loads(text)
    except orjson.JSONDecodeError:
        chosen = None
    if not isinstance(chosen, dict) or not all(isinstance(column, str) for column in chosen.values()):
        raise InvalidRequest(
            'The columns are a JSON object such as {"question": "问题", "answer": "答案"}.', param=COLUMNS
        )
    return checked_columns(chosen)


async def _counted(request: Request) -> AsyncGenerator[bytes]:
    received = 0
    async for piece in pieces(request):
        received += len(piece)
        if received > LARGEST_REQUEST:
            raise _request_too_large()
        yield piece


def _request_too_large() -> TooLarge:
    return TooLarge(f"More than {LARGEST_REQUEST // 2**20} MB at once; send fewer files.", param=FILES)
