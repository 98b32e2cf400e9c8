"""What the Knowledge tab calls: its frame, its lists, and what a press does. Fragments of HTML and small JSON.

Knows nothing of sign-in: mount these inside the console's guard.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from core.access import Right
from core.documents import SHARED_BASE, Chunk
from core.errors import InvalidRequest, NotFound
from core.messages import in_language
from core.security import Act
from pages.bench_html import bench, golden_list
from pages.console_words import words
from pages.documents_html import documents_table
from pages.faq_html import pairs_list
from pages.knowledge_calls import Action, Call, endpoint, fragment, told
from pages.knowledge_html import knowledge_frame
from pages.knowledge_intake import Intake
from pages.undoing import Undoing
from pipelines.bases import owned, searched
from pipelines.golden import forget_golden, save_golden
from pipelines.incoming import LARGEST_FILE
from pipelines.services import Services

PASSAGES_SHOWN = 8
LONGEST_QUESTION = 2000


def knowledge_routes(services: Services) -> list[Route]:
    """The routes under `/knowledge`."""
    undoing, intake = Undoing(), Intake()

    async def delete(call: Call) -> Response:
        return await _delete(call, undoing)

    async def golden_remove(call: Call) -> Response:
        return await _golden_remove(call, undoing)

    async def undo(call: Call) -> Response:
        restore = undoing.take(str((await call.posted()).get("token", "")))
        if restore is None:
            return told({"message": words(call.language)["undo_gone"]})
        return told({"message": await restore()})

    actions: list[tuple[str, str, Right, Action]] = [
        ("GET", "frame", Right.BROWSE, _frame),
        ("GET", "documents", Right.BROWSE, _documents),
        ("GET", "pairs", Right.BROWSE, _pairs),
        ("GET", "golden", Right.BROWSE, _golden),
        ("GET", "template", Right.BROWSE, intake.template),
        ("POST", "try", Right.BROWSE, _try),
        ("GET", "columns", Right.MANAGE, intake.columns),
        ("POST", "upload", Right.MANAGE, intake.upload),
        ("POST", "preview", Right.MANAGE, intake.preview),
        ("POST", "remap", Right.MANAGE, intake.remap),
        ("POST", "progress", Right.MANAGE, intake.progress),
        ("POST", "stop", Right.MANAGE, intake.stop),
        ("POST", "delete", Right.MANAGE, delete),
        ("POST", "undo", Right.MANAGE, undo),
        ("POST", "pair", Right.MANAGE, _pair),
        ("POST", "right", Right.MANAGE, _right),
        ("POST", "golden-remove", Right.MANAGE, golden_remove),
    ]
    return [
        Route(f"/knowledge/{name}", endpoint(services, right, action), methods=[method])
        for method, name, right, action in actions
    ]


async def _frame(call: Call) -> Response:
    bound = call.principal.line
    lines = [
        line for line in await call.services.lines.all() if not line.archived and bound in (None, line.id)
    ]
    choices = [(owned(line), in_language(line.names, call.language, line.id)) for line in lines]
    if bound is None:
        choices.append((SHARED_BASE, words(call.language)["shared_base"]))
    bases = [base for base, _ in choices]
    # A line of its own files comes first: one that only searches others has nothing to show.
    own = [owned(line) for line in lines if owned(line) in line.bases]
    wanted = call.query("base")
    chosen = wanted if wanted in bases else (own or bases)[0]
    return fragment(
        knowledge_frame(
            choices, chosen, LARGEST_FILE, call.language, manages=call.principal.may(Right.MANAGE)
        )
    )


async def _documents(call: Call) -> Response:
    documents = await call.services.documents.list(owned(await call.place()))
    order = "name" if call.query("order") == "name" else "updated"
    return fragment(
        documents_table(documents, call.zone, call.language, wanted=call.query("wanted"), order=order)
    )


async def _pairs(call: Call) -> Response:
    pairs = await call.services.documents.pairs(owned(await call.place()))
    today = datetime.now(call.zone).date()
    status = call.query("status")
    return fragment(pairs_list(pairs, today, call.language, status=status, wanted=call.query("wanted")))


async def _pair(call: Call) -> Response:
    """Approve a pair or take it back; its owner and its dates stay."""
    posted = await call.posted()
    base = owned(await call.place())
    pair = await _pair_of(call, base, str(posted.get("id", "")))
    await call.services.ingest.change_pair(
        base, pair.id, status="draft" if posted.get("status") == "draft" else "approved",
        owner=pair.owner, valid_from=pair.valid_from, valid_until=pair.valid_until,
        actor=call.principal.actor,
    )  # fmt: skip
    return told({})


async def _pair_of(call: Call, base: str, pair_id: str) -> Chunk:
    for pair in await call.services.documents.pairs(base):
        if pair.id == pair_id:
            return pair
    raise NotFound("There is no such pair.", param="id")


async def _delete(call: Call, undoing: Undoing) -> Response:
    """Take a document out; its chunks and its bytes stay in memory for an undo, so that nothing is read anew."""
    base = owned(await call.place())
    document_id = str((await call.posted()).get("id", ""))
    services, actor = call.services, call.principal.actor
    document = await services.documents.get(base, document_id)
    if document is None:
        raise NotFound("There is no such document.", param="id")
    chunks = await services.documents.chunks(base, document_id)
    raw = await services.documents.raw(base, document_id)
    await services.ingest.remove(base, document_id, actor=actor)
    restored = words(call.language)["restored"].format(name=document.name)

    async def restore() -> str:
        told = {"action": "restored", "names": document.name}
        await services.audit.note(actor, Act.KNOWLEDGE_CHANGED, object=f"{base}/{document_id}", detail=told)
        await services.documents.put(document, [replace(chunk, row=0) for chunk in chunks], raw)
        await services.index.refresh([base])
        return restored

    held = len(raw or b"") + sum(len(chunk.text) for chunk in chunks)
    return told({"token": undoing.keep(restore, held), "name": document.name})


async def _try(call: Call) -> Response:
    """Search as an answer would, and show what it would have to go on."""
    line = await call.place()
    question = _question(await call.posted())
    retrieval = await call.services.retriever.retrieve(searched(line), question, PASSAGES_SHOWN)
    right = {
        golden.passage_id
        for golden in await call.services.golden.list(line.id)
        if golden.question == question
    }
    return fragment(bench(retrieval, question, right, call.language))


async def _right(call: Call) -> Response:
    line = await call.place()
    posted = await call.posted()
    await save_golden(
        call.services, line, _question(posted),
        str(posted.get("document", "")), str(posted.get("passage", "")), call.principal.actor,
    )  # fmt: skip
    return told({"message": words(call.language)["golden_saved"]})


async def _golden(call: Call) -> Response:
    line = await call.place()
    return fragment(golden_list(await call.services.golden.list(line.id), call.zone, call.language))


async def _golden_remove(call: Call, undoing: Undoing) -> Response:
    line = await call.place()
    wanted = str((await call.posted()).get("id", ""))
    services, actor = call.services, call.principal.actor
    golden = await forget_golden(services, line, wanted, actor)
    said = words(call.language)["golden_restored"]

    async def restore() -> str:
        told = {"action": "restored"}
        await services.audit.note(actor, Act.GOLDEN_CHANGED, object=f"{line.id}/{wanted}", detail=told)
        await services.golden.put(golden)
        return said

    return told({"token": undoing.keep(restore), "name": golden.question})


def _question(posted: Mapping[str, Any]) -> str:
    question = str(posted.get("question", "")).strip()
    if not question or len(question) > LONGEST_QUESTION:
        raise InvalidRequest("Ask a question of at most 2,000 characters.", param="question")
    return question
