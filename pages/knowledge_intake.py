"""How files come in on the Knowledge tab: one a request, looked at before where it is a table, followed after.

Knows nothing of formats; what becomes of a file is the ingest pipeline's.
"""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from starlette.responses import Response

from core.documents import Document, QueuedFile
from core.errors import InvalidRequest, NotFound
from pages.console_words import words
from pages.documents_html import is_table
from pages.faq_html import mapping_panel
from pages.knowledge_calls import Call, fragment, sent_file, told
from pages.reasons import reason_in
from pipelines.bases import owned
from pipelines.columns import checked_columns
from pipelines.incoming import IncomingFile, plain_name
from pipelines.services import Services

AT_ONCE = 3
"""Files held in memory on their way into the queue; the others wait on disk."""
MOST_ASKED = 500


class Intake:
    """The actions that bring files in. One instance serves every visitor."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def upload(self, call: Call) -> Response:
        """Accept the file in the body: it is stored when this answers, and read in its turn."""
        line = await call.place()
        columns = _columns(call.query("columns"))
        replaces = call.query("replaces") or None
        async with sent_file(call.request) as (name, file), self._turns:
            incoming = IncomingFile(plain_name(name), file.read)
            batch = await call.services.ingest.accept(
                owned(line),
                [incoming],
                batch=uuid.uuid4().hex,
                actor=call.principal.actor,
                columns=columns,
                replaces=replaces,
            )
        return told({"batch": batch})

    async def preview(self, call: Call) -> Response:
        """The panel that maps the columns of the table in the body; nothing is stored."""
        async with sent_file(call.request) as (name, file), self._turns:
            table = await call.services.parser.preview(plain_name(name), await asyncio.to_thread(file.read))
        return fragment(mapping_panel(plain_name(name), table, call.language))

    async def columns(self, call: Call) -> Response:
        """The same panel for a document that is here."""
        document, data = await _stored(call, call.query("id"))
        table = await call.services.parser.preview(document.name, data)
        # What a person once chose is proposed again.
        guessed = {**table.guessed, **document.columns}
        return fragment(mapping_panel(document.name, replace(table, guessed=guessed), call.language))

    async def remap(self, call: Call) -> Response:
        """Read a document that is here anew, its columns as chosen."""
        posted = await call.posted()
        document, data = await _stored(call, str(posted.get("id", "")))
        batch = await call.services.ingest.accept(
            document.base, [IncomingFile.of(document.name, data)], actor=call.principal.actor,
            columns=_checked(posted.get("columns")), replaces=document.id,
        )  # fmt: skip
        return told({"batch": batch, "name": document.name, "size": document.size})

    async def progress(self, call: Call) -> Response:
        """Where the files of these batches stand: `{files: {batch: {status, label, detail}}}`."""
        stands = {}
        for batch in _named((await call.posted()).get("batches")):
            files = await call.services.queue.batch(batch)
            if files and call.principal.line in (None, files[0].base):
                stands[batch] = await _stand(files[0], call.services, call.language)
        return told({"files": stands})

    async def stop(self, call: Call) -> Response:
        for batch in _named((await call.posted()).get("batches")):
            files = await call.services.queue.batch(batch)
            if files:
                call.check_base(files[0].base)
                await call.services.ingest.stop(batch)
        return told({})

    async def template(self, call: Call) -> Response:
        kind = "csv" if call.query("format") == "csv" else "xlsx"
        language = "zh" if call.query("language") == "zh" else "en"
        data = call.services.faq_template("csv" if kind == "csv" else "xlsx", language)
        headers = {"content-disposition": f'attachment; filename="xiaoq-faq-{language}.{kind}"'}
        return Response(data, media_type="application/octet-stream", headers=headers)


def _named(batches: object) -> list[str]:
    if not isinstance(batches, list):
        raise InvalidRequest("Name the batches.", param="batches")
    return [str(batch)[:64] for batch in batches[:MOST_ASKED]]


async def _stand(file: QueuedFile, services: Services, language: str) -> Mapping[str, Any]:
    say = words(language)
    working = services.ingest.working(file.batch)
    status: str = file.status
    if status == "waiting" and working is not None and working.reading == file.id:
        status = "reading"
    details = [reason_in(file.error, language)] if file.error else []
    details += [reason_in(note, language) for note in file.notes]
    if status == "ready":
        key = "passages_count_1" if file.chunks == 1 else "passages_count"
        details.insert(0, say[key].format(n=f"{file.chunks:,}"))
    plain = status == "ready" and is_table(file.name) and await _is_plain(file, services)
    return {
        "status": status,
        "label": say[f"status_{status}"],
        "details": details,
        "table": plain,
        "document": file.document_id,
    }


async def _is_plain(file: QueuedFile, services: Services) -> bool:
    """Whether a table holds no pairs, so that its owner may say which columns are which."""
    chunks = await services.documents.chunks(file.base, file.document_id or "")
    return bool(chunks) and all(chunk.kind != "faq" for chunk in chunks)


async def _stored(call: Call, document_id: str) -> tuple[Document, bytes]:
    """A document of the base and its bytes. Raises NotFound."""
    base = owned(await call.place())
    document = await call.services.documents.get(base, document_id)
    data = await call.services.documents.raw(base, document_id)
    if document is None or data is None:
        raise NotFound("There is no such document.", param="id")
    return document, data


def _columns(chosen: str) -> dict[str, str] | None:
    """Field of a pair → column, as the panel chose them; None where it was not asked."""
    if not chosen:
        return None
    try:
        columns = orjson.loads(chosen)
    except orjson.JSONDecodeError:
        columns = None
    return _checked(columns)


def _checked(columns: object) -> dict[str, str]:
    """Raises InvalidRequest."""
    if not isinstance(columns, dict) or not all(isinstance(column, str) for column in columns.values()):
        raise InvalidRequest("The columns are a JSON object.", param="columns")
    return checked_columns(columns)
