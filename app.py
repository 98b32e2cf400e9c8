"""XiaoQ's composition root: settings in, running app out. The command line stands in commands.py.

Importing this module builds nothing. `create_app(settings)` makes every part once and hands it down; what the
parts do stands in their rooms, and the path of a question in pipelines/answer.py.
"""

import asyncio
import contextlib
import hmac
import os
import secrets
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from fastapi import FastAPI
from starlette.routing import Mount
from starlette.types import ASGIApp

from core.errors import ConfigurationError
from core.frequent import AnswerCache
from core.limits import Counters
from core.ports import DocumentStore
from core.reach import check_reach
from core.settings import Settings
from pipelines.answer import AnswerPipeline
from pipelines.approved import ApprovedAnswers
from pipelines.attach import AttachPipeline
from pipelines.audit_anchor import anchor_hourly, check_place
from pipelines.cached import CachedAnswers
from pipelines.conceal import hide
from pipelines.embed import EmbedPipeline
from pipelines.frequent import FrequentAnswers
from pipelines.ingest import IngestPipeline
from pipelines.inspect import Inspector
from pipelines.pinned import Versions
from pipelines.redact import contacts_of, redacted_prompt
from pipelines.retention import purge_daily
from pipelines.runs import Runs
from pipelines.screening import Screening
from pipelines.services import Held, Services, TableFormat
from pipelines.settle import settle
from pipelines.similar import SimilarAnswers
from pipelines.snapshots import keep_snapshots, note_recovery
from pipelines.tokens import ModelTokens
from pipelines.upkeep import adopt_files, adopt_runs, follow_knowledge, follow_words, plant
from pipelines.warm import warm_up
from pipelines.warming import Warmer
from pipelines.watch import watch_changes
from pipelines.words.desk import WordDesk
from pipelines.words.live import Words

if TYPE_CHECKING:
    from gateway.team import Seat
    from knowledge.index import HybridIndex
    from storage.database import Database
    from storage.restore import Restored

log = structlog.get_logger()

WORKER_PATIENCE_SECONDS = 30.0
"""How long a worker leaves it to the others to index what came in, before it does so itself."""


def build_services(settings: Settings, *, patience: float = 0.0) -> Services:
    """Make every part, start none. Creates the data folder. One long list on purpose: it is the whole of what there is.

    `patience`: see knowledge_index.
    """
    from engines.embeddings import make_embedder
    from engines.select import choose_engine
    from engines.tokenizer import load_tokenizer
    from knowledge.parsing import IN_THE_BACKGROUND, ChildParser
    from storage.accounts import SqlAccountStore
    from storage.attachments import SqlAttachmentStore
    from storage.audit import SqlAudit
    from storage.backup import SqlBackups
    from storage.conversations import SqlConversationLog
    from storage.database import Database
    from storage.documents import SqlDocumentStore
    from storage.evaluations import SqlEvaluationStore
    from storage.experiments import SqlExperimentStore
    from storage.golden import SqlGoldenStore, SqlProposalStore
    from storage.keys import SqlKeyStore
    from storage.lines import SqlLineStore
    from storage.prompts import SqlPromptStore
    from storage.queue import SqlIngestQueue
    from storage.recovery import recovery
    from storage.refusals import SqlRefusals
    from storage.retention import purge
    from storage.rotation import SqlKeyRotation
    from storage.secrets import master_key, next_master_key
    from storage.sessions import SqlSessionStore
    from storage.snapshots import SqlSnapshots
    from storage.subjects import SqlSubjects
    from storage.transcripts import SqlTranscriptReader
    from storage.verify import SqlSeals
    from storage.whole_lines import SqlWholeLines
    from storage.words import SqlWordStore

    check_place(settings)
    check_reach(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    master = master_key(settings)
    database = Database(url := settings.resolved_database_url(), master, recovery(url, master))
    backups = SqlBackups(database, master, settings.backup_dir)
    snapshots = SqlSnapshots(database, master, settings.snapshot_minutes)

    async def forget_in_copies() -> None:
        await snapshots.renew()
        await backups.renew_keys()

    documents = SqlDocumentStore(database)
    conversations, transcripts = SqlConversationLog(database, hide), SqlTranscriptReader(database, hide)
    audit = SqlAudit(database, lambda: database.secret("audit"), lambda text: redacted_prompt(text, ()))
    lines, queue = SqlLineStore(database), SqlIngestQueue(database)
    prompts = SqlPromptStore(database, lines.forget)
    versions = Versions(prompts)
    tokens = ModelTokens(lambda: load_tokenizer(settings))
    attachments, word_store = SqlAttachmentStore(database), SqlWordStore(database)
    # Beside ingest's own: who waits for an answer does not wait behind a folder of manuals.
    parser = ChildParser()
    index, held = knowledge_index(settings, documents, database, patience)
    choice = choose_engine(settings)
    log.info("engine chosen", engine=choice.engine.name, reason=choice.reason)
    embed = EmbedPipeline(make_embedder(settings), contacts_of(lines, settings))
    words = WordDesk(word_store, Words(word_store), decoded)
    screening = Screening(words.live, word_store)
    approved = ApprovedAnswers(documents)
    frequent = FrequentAnswers(
        approved,
        CachedAnswers(
            lambda base: version if (version := approved.version(base)) == index.version(base) else None,
            engine_identity(settings, choice.engine.name),
            choice.engine.name,
            SqlRefusals(database),
            answer_cache(settings, lambda: hmac.digest(database.secret("sessions"), b"answers", "sha256")),
            public=settings.public_contacts,
            search=search_identity(settings),
        ),
        SimilarAnswers(approved, embed, lines),
        on=settings.frequent_answers,
    )

    return Services(
        settings=settings,
        answer=AnswerPipeline(
            conversations,
            lines,
            index,
            choice.engine,
            settings.default_line,
            attachments,
            screening,
            versions,
            public=settings.public_contacts,
            tokens=tokens,
            frequent=frequent,
        ),
        frequent=frequent,
        warmer=Warmer(),
        inspector=Inspector(
            conversations,
            transcripts,
            lines,
            index,
            choice.engine,
            attachments,
            screening,
            versions,
            public=settings.public_contacts,
            tokens=tokens,
            frequent=frequent,
        ),
        ingest=IngestPipeline(
            documents, ChildParser(IN_THE_BACKGROUND), index, queue, contacts_of(lines, settings), audit
        ),
        log=conversations,
        transcripts=transcripts,
        documents=documents,
        queue=queue,
        golden=SqlGoldenStore(database),
        proposals=SqlProposalStore(database),
        evaluations=SqlEvaluationStore(database),
        runs=Runs(settle),
        parser=parser,
        attachments=attachments,
        attach=AttachPipeline(parser, attachments, conversations, lines, versions),
        words=words,
        retriever=index,
        index=index,
        lines=lines,
        whole_lines=SqlWholeLines(database, lines.forget),
        prompts=prompts,
        tokens=tokens,
        experiments=SqlExperimentStore(database, lines.forget),
        keys=SqlKeyStore(database),
        counters=counters(settings, settings.workers),
        accounts=SqlAccountStore(database),
        sessions=SqlSessionStore(database),
        audit=audit,
        engine=choice.engine,
        embed=embed,
        database=database,
        subjects=SqlSubjects(database, forget_in_copies),
        backups=backups,
        snapshots=snapshots,
        rotation=SqlKeyRotation(database, master, next_master_key(settings)),
        verify_rows=SqlSeals(database).verify,
        purge=lambda now: purge(database, settings.retention_days, now, snapshots.renew),
        faq_template=faq_template,
        held=[*held, embed],
        secret=lambda: database.secret("sessions"),
    )


async def restore_backup(settings: Settings, file: Path, progress: Callable[[int, int], None]) -> "Restored":
    """Put a backup in the database's place; no app may have it open."""
    from storage.restore import restore
    from storage.secrets import master_key

    return await restore(file, settings.resolved_database_url(), master_key(settings), progress)


def knowledge_index(
    settings: Settings, documents: DocumentStore, database: "Database", patience: float = 0.0
) -> tuple["HybridIndex", Sequence[Held]]:
    """The index with what the settings add to it, and what is to be closed after it.

    `patience` is in seconds: how long changes are left to another process that indexes the same folder.
    """
    from knowledge.index import HybridIndex

    semantic, reranker, held = None, None, list[Held]()
    if settings.embedding_model or settings.embedding_url:
        from knowledge.semantic import make_semantic
        from knowledge.vectors import FaissVectors
        from storage.vectors import PgVectors

        on_server = settings.resolved_database_url().startswith("postgresql")
        files = None if on_server else FaissVectors(settings.data_dir / "vectors")
        semantic = make_semantic(settings, files or PgVectors(database), documents)
        held += filter(None, (semantic, files))
    if settings.rerank_url:
        from knowledge.rerank import make_reranker

        reranker = make_reranker(settings)
        held += filter(None, (reranker,))
    return HybridIndex(documents, settings.data_dir / "index", semantic, reranker, patience=patience), held


def counters(settings: Settings, workers: int = 1) -> Counters:
    """What counts limits: Redis where there is one, a file between the processes of this machine, else this process."""
    from storage.counters.fallback import FallbackCounters
    from storage.counters.memory import MemoryCounters

    if settings.redis_url is not None:
        from storage.counters.redis_server import RedisCounters

        return FallbackCounters(RedisCounters(settings.redis_url.get_secret_value()), "Redis")
    if workers > 1:
        from storage.counters.shared_file import FileCounters

        return FallbackCounters(FileCounters(settings.data_dir / "limits"), "the file of the limits")
    return MemoryCounters()


def answer_cache(settings: Settings, secret: Callable[[], bytes]) -> AnswerCache | None:
    """Where processes share generated answers; None: each keeps its own."""
    if settings.redis_url is None or not settings.frequent_answers:
        return None
    from storage.answer_cache import RedisAnswers

    return RedisAnswers(settings.redis_url.get_secret_value(), secret)


def engine_identity(settings: Settings, name: str) -> str:
    """What an answer depends on of how the model is run."""
    return repr((name, settings.model, settings.vllm_quantization, settings.context_tokens))


def search_identity(settings: Settings) -> str:
    """What an answer depends on of how passages are found, beside their words."""
    reranker = settings.rerank_url and (settings.rerank_model or "its own")
    return repr((settings.embedding_model, reranker))


def faq_template(format: TableFormat, language: str) -> bytes:
    """The spreadsheet libraries are heavy, and a template is asked for once in a while."""
    from knowledge.templates import faq_template as filled

    return filled("zh" if language.startswith("zh") else "en", format)


def decoded(data: bytes, name: str) -> str:
    """A file of words as text; what tells encodings apart is loaded when the first one comes."""
    from knowledge.encodings import decode

    return decode(data, name)


@asynccontextmanager
async def running(services: Services) -> AsyncGenerator[None]:
    """Start the parts in the order in which they need each other, and stop them in reverse."""
    from knowledge.starter import starter_files, starter_lines

    async with opened(services):
        await note_recovery(services)
        await plant(services, starter_lines(), starter_files)
        await start_answering(services)
        works = (
            anchor_hourly(services),  # stopped last, so that it holds what the others noted
            follow_knowledge(services),
            follow_words(services),
            purge_daily(services),
            keep_snapshots(services),
            adopt_files(services),
            adopt_runs(services),
            watch_changes(services),
        )
        async with beside(*works):
            yield


@asynccontextmanager
async def helping(services: Services, seat: "Seat") -> AsyncGenerator[None]:
    """A worker's parts: what answers, and nothing that one process does for all of them."""
    await seat.house_opened()
    async with opened(services):
        await start_answering(services)
        async with beside(follow_knowledge(services), follow_words(services)):
            yield


@asynccontextmanager
async def opened(services: Services) -> AsyncGenerator[None]:
    """With the database open; whatever was started meanwhile is closed before it is."""
    await services.database.start()
    try:
        yield
    finally:
        await services.runs.aclose()
        await services.ingest.aclose()
        await services.words.live.aclose()
        await services.warmer.aclose()
        await services.engine.aclose()
        await services.frequent.aclose()
        await close_index(services)
        await services.counters.aclose()
        await services.keys.aclose()
        await services.database.aclose()


async def start_answering(services: Services) -> None:
    # half of it is unpacking, beside which all else goes on
    warm = asyncio.create_task(asyncio.to_thread(warm_up))
    try:
        await services.counters.start()
        await services.index.refresh()
        await services.frequent.refresh()
        # else the first question waits for them, and what they took for it stays
        await services.words.live.refresh()
        await services.tokens.start()
        await services.engine.start()
    finally:
        await warm


@asynccontextmanager
async def beside(*works: Coroutine[None, None, None]) -> AsyncGenerator[None]:
    """With these running; they are stopped last to first."""
    async with contextlib.AsyncExitStack() as stack:
        for work in works:
            stack.push_async_callback(_cancelled, asyncio.create_task(work))
        yield


async def close_index(services: Services) -> None:
    await services.index.aclose()
    for part in services.held:
        await part.aclose()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def create_app(settings: Settings, operator_token: str | None = None, seat: "Seat | None" = None) -> FastAPI:
    """The whole app: gateway, customer's page and console over one set of services.

    `operator_token` is what the one-click link carries; None makes one that nobody knows. `seat`: its place among
    the processes that serve with it.
    """
    from gateway.app import build_gateway
    from gateway.gathering import Gatherer
    from pages.customer import customer_routes
    from pages.late import LatePages

    services = build_services(settings)
    if seat is not None:
        check_engine(services.engine.name)
    pages = LatePages(lambda: build_console(services), settings.ui_language)
    app = build_gateway(
        services,
        operator_token=operator_token or secrets.token_urlsafe(24),
        secret=services.secret,
        framed_by="*" if on_space() else "'self'",
        probes={"pages": pages.health, **({"workers": seat.health} if seat else {})},
    )
    if seat is not None:
        app.state.metrics.others = Gatherer(seat.exchange).sum_with
    app.router.routes.extend(
        customer_routes(services, secret=lambda: hmac.digest(services.secret(), b"customer", "sha256"))
    )
    guard_console(app, services, pages)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncGenerator[None]:
        # A Space is opened to see its pages; elsewhere who asks for none does not pay for them.
        async with running(services), inner(served), pages.open(at_once=on_space()):
            yield
            if seat is not None:
                await seat.others_gone(settings.drain_seconds + 5)

    app.router.lifespan_context = lifespan
    return app


def check_engine(name: str) -> None:
    """Raises ConfigurationError where each process would start a model of its own."""
    if name == "vllm":
        raise ConfigurationError(
            "XIAOQ_WORKERS above 1 needs a model server of its own: start vLLM beside XiaoQ and set XIAOQ_ENGINE_URL."
        )


def create_worker(settings: Settings, seat: "Seat") -> FastAPI:
    """The gateway alone, for a process that answers programs beside the one that serves everything."""
    from gateway.app import build_gateway

    services = build_services(settings, patience=WORKER_PATIENCE_SECONDS)
    app = build_gateway(
        services,
        operator_token=secrets.token_urlsafe(24),
        secret=services.secret,
        process=f"worker-{seat.number}",
    )
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncGenerator[None]:
        async with helping(services, seat), inner(served):
            yield

    app.router.lifespan_context = lifespan
    return app


def build_console(services: Services) -> AbstractAsyncContextManager[ASGIApp]:
    """Gradio, pandas and plotly with all tabs: seconds, in a thread of its own."""
    from pages.mount import console_app

    return asyncio.run(console_app(services))


def guard_console(app: FastAPI, services: Services, console: ASGIApp) -> None:
    """Put the console at `/` with the gateway's guard around all of it, Gradio's own routes included."""
    from gateway.guard import ConsoleGuard
    from gateway.policy import console_policy
    from gateway.signatures import Signed

    guarded = ConsoleGuard(
        console,
        app.state.sessions,
        guests=Signed(services.secret, "guests") if services.settings.open_console else None,
        framed=on_space(),
        policy=console_policy("*" if on_space() else "'self'"),
    )
    # Last: it answers everything that no route before it does.
    app.router.routes.append(Mount("/", guarded))


def on_space() -> bool:
    """Whether a hosted Space runs us: it shows the app in a frame and expects it on every address."""
    return "SPACE_ID" in os.environ


if __name__ == "__main__":
    from commands import main

    raise SystemExit(main())
