"""XiaoQ's composition root and command line: settings in, running app out.

Importing this module builds nothing. `create_app(settings)` makes every part once and hands it down; what the
parts do stands in their rooms, and the path of a question in pipelines/answer.py.
"""

import asyncio
import contextlib
import hmac
import os
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
from fastapi import FastAPI
from starlette.routing import Mount

from core.errors import InvalidRequest, NotFound, XiaoQError
from core.settings import Settings
from pipelines.answer import AnswerPipeline
from pipelines.attach import AttachPipeline
from pipelines.ingest import IngestPipeline
from pipelines.services import Services, TableFormat
from pipelines.upkeep import adopt_files, follow_knowledge, plant, plant_lines, purge_daily
from pipelines.warm import warm_up

log = structlog.get_logger()


def build_services(settings: Settings) -> Services:
    """Make every part, start none. Creates the data folder and, the first time, the master key."""
    from engines.select import choose_engine
    from knowledge.embeddings import make_embeddings
    from knowledge.index import HybridIndex
    from knowledge.parsing import ChildParser
    from storage.attachments import SqlAttachmentStore
    from storage.conversations import SqlConversationLog
    from storage.database import Database
    from storage.documents import SqlDocumentStore
    from storage.golden import SqlGoldenStore
    from storage.keys import SqlKeyStore
    from storage.lines import SqlLineStore
    from storage.queue import SqlIngestQueue
    from storage.retention import purge
    from storage.secrets import derive, load_master_key
    from storage.transcripts import SqlTranscriptReader

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    master = load_master_key(settings)
    database = Database(settings.resolved_database_url())
    documents = SqlDocumentStore(database)
    conversations = SqlConversationLog(database)
    lines, queue = SqlLineStore(database), SqlIngestQueue(database)
    attachments = SqlAttachmentStore(database)
    parser = ChildParser()  # beside ingest's own: who waits for an answer does not wait behind a folder of manuals
    index = HybridIndex(documents, settings.data_dir / "index", make_embeddings(settings))
    choice = choose_engine(settings)
    log.info("engine chosen", engine=choice.engine.name, reason=choice.reason)
    return Services(
        settings=settings,
        answer=AnswerPipeline(conversations, lines, index, choice.engine, settings.default_line, attachments),
        ingest=IngestPipeline(documents, ChildParser(), index, queue),
        log=conversations,
        transcripts=SqlTranscriptReader(database),
        documents=documents,
        queue=queue,
        golden=SqlGoldenStore(database),
        parser=parser,
        attachments=attachments,
        attach=AttachPipeline(parser, attachments, conversations),
        retriever=index,
        index=index,
        lines=lines,
        keys=SqlKeyStore(database, derive(master, "api-keys")),
        engine=choice.engine,
        database=database,
        purge=lambda now: purge(database, settings.retention_days, now),
        faq_template=faq_template,
        secret=derive(master, "sessions"),
    )


def faq_template(format: TableFormat, language: str) -> bytes:
    """The spreadsheet libraries are heavy, and a template is asked for once in a while."""
    from knowledge.faq import template

    return template(format, language)


@asynccontextmanager
async def running(services: Services) -> AsyncGenerator[None]:
    """Start the parts in the order in which they need each other, and stop them in reverse."""
    from knowledge.starter import starter_files, starter_lines

    await services.database.start()
    try:
        await plant(services, starter_lines(), starter_files)
        await services.index.refresh()
        await services.engine.start()
        await asyncio.to_thread(warm_up)
        async with contextlib.AsyncExitStack() as stack:
            for work in (follow_knowledge(services), purge_daily(services), adopt_files(services)):
                stack.push_async_callback(_cancelled, asyncio.create_task(work))
            yield
    finally:
        await services.ingest.aclose()
        await services.engine.aclose()
        await services.index.aclose()
        await services.database.aclose()


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait([task])


def create_app(settings: Settings, operator_token: str | None = None) -> FastAPI:
    """The whole app: gateway, customer's page and console over one set of services.

    `operator_token` is what the one-click link carries; None makes one that nobody knows.
    """
    from gateway.app import build_gateway
    from pages.customer import customer_routes

    services = build_services(settings)
    app = build_gateway(
        services,
        operator_token=operator_token or secrets.token_urlsafe(24),
        secret=services.secret,
        framed_by="*" if on_space() else "'self'",
    )
    app.router.routes.extend(
        customer_routes(services, secret=hmac.digest(services.secret, b"customer", "sha256"))
    )
    guard_console(app, services)
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncGenerator[None]:
        async with running(services), inner(served):
            yield

    app.router.lifespan_context = lifespan
    return app


def guard_console(app: FastAPI, services: Services) -> None:
    """Put the console at `/` with the gateway's guard around all of it, Gradio's own routes included."""
    from gateway.guard import ConsoleGuard
    from pages.mount import mount_console

    mount_console(app, services)
    mount = app.router.routes[-1]
    if not isinstance(mount, Mount):
        raise TypeError("Gradio no longer mounts itself last; the guard would stand around something else.")
    mount.app = ConsoleGuard(
        mount.app,
        app.state.sessions,
        open_console=services.settings.open_console,
        framed=on_space(),
    )


def on_space() -> bool:
    """Whether a hosted Space runs us: it shows the app in a frame and expects it on every address."""
    return "SPACE_ID" in os.environ


cli = typer.Typer(
    name="app.py",
    help="XiaoQ answers a company's customers from its own documents. Without a command it serves.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
keys_cli = typer.Typer(help="Keys for programs that call the API.", no_args_is_help=True)
cli.add_typer(keys_cli, name="key")


@cli.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve the console, the customer's page and the API."""
    if context.invoked_subcommand is None:
        from gateway.server import reserve, serve_forever

        settings = Settings()
        if on_space() and "host" not in settings.model_fields_set:
            settings = settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104 - a Space's proxy is outside
        token = secrets.token_urlsafe(24)
        listener = reserve(settings)
        serve_forever(create_app(settings, token), settings, token, listener)


@cli.command()
def doctor() -> None:
    """Check that this machine can serve, and name what is in the way."""
    from pipelines.doctor import examine

    settings = Settings()
    report = asyncio.run(_with_services(settings, lambda services: examine(services)))
    for part, health in report.items():
        typer.echo(f"{'ok  ' if health.ready else 'FAIL'}  {part}: {health.detail}")
    if not all(health.ready for health in report.values()):
        raise typer.Exit(1)


@cli.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(exists=True, readable=True, help="Files or folders.")],
    line: Annotated[str, typer.Option(help="The business line whose knowledge they become, or `shared`.")],
    columns: Annotated[
        str | None,
        typer.Option(help="For tables of FAQ pairs: field=column, such as question=问题,answer=答案."),
    ] = None,
) -> None:
    """Read documents into a line's knowledge base; a running app finds them a moment later."""
    from pipelines.ingest_files import columns_of, ingest_files

    chosen = columns_of(columns)
    failed = asyncio.run(
        _with_services(Settings(), lambda services: ingest_files(services, paths, line, chosen))
    )
    if failed:
        typer.echo(f"{len(failed)} of {failed[0].total} files could not be read:", err=True)
        for event in failed:
            typer.echo(f"  {event.name}: {event.error}", err=True)
        raise typer.Exit(1)


@cli.command()
def export(
    out: Annotated[Path, typer.Argument(help="The CSV file to write.")],
    line: Annotated[str | None, typer.Option(help="Only this business line.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from this day on (UTC).")] = None,
) -> None:
    """Write the transcripts as CSV, for a spreadsheet or notebooks/."""
    from core.ports import TranscriptFilter
    from pipelines.export import transcripts_csv

    async def work(services: Services) -> int:
        start = since.replace(tzinfo=UTC) if since else None
        turns = await services.transcripts.turns(TranscriptFilter(line=line, since=start))
        out.write_bytes(b"".join(transcripts_csv(turns)))
        return len(turns)

    typer.echo(f"{asyncio.run(_with_services(Settings(), work))} turns written to {out}")


@keys_cli.command("create")
def key_create(
    name: Annotated[str, typer.Option(help="What the key is for, in your words.")],
    role: Annotated[str, typer.Option(help="caller, agent, manager, auditor or admin.")] = "caller",
    line: Annotated[str | None, typer.Option(help="Bind the key to one business line.")] = None,
) -> None:
    """Make a key and print it, this once, on the last line."""
    from gateway.auth import ROLES

    if role not in ROLES:
        raise InvalidRequest(f"There is no role {role!r}; choose one of {', '.join(ROLES)}.")
    key, text = asyncio.run(
        _with_services(Settings(), lambda services: services.keys.create(name, role, line))
    )
    typer.echo(f"Key {key.id} for {key.name} ({key.role}). It is not shown again:")
    typer.echo(text)


@keys_cli.command("list")
def key_list() -> None:
    """List the keys: never their text."""
    for key in asyncio.run(_with_services(Settings(), lambda services: services.keys.list())):
        state = "revoked" if key.revoked_at else "live"
        typer.echo(f"{key.id}  {key.role:8} {state:8} {key.line or '-':12} {key.name}")


@keys_cli.command("revoke")
def key_revoke(key_id: Annotated[str, typer.Argument(help="The id that `key list` shows.")]) -> None:
    """Revoke a key; it is refused within five seconds."""
    if not asyncio.run(_with_services(Settings(), lambda services: services.keys.revoke(key_id))):
        raise NotFound(f"There is no live key {key_id!r}.")
    typer.echo(f"Key {key_id} is revoked.")


async def _with_services(settings: Settings, work: Any) -> Any:
    """Run one command against the database, beside a running app or without one."""
    from knowledge.starter import starter_lines

    services = build_services(settings)
    await services.database.start()
    try:
        await plant_lines(
            services, starter_lines()
        )  # a command that names a line works before the first start
        return await work(services)
    finally:
        await services.index.aclose()
        await services.database.aclose()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; known errors end in one line and exit code 1."""
    from gateway.logs import configure_logs

    configure_logs()
    try:
        cli(args=arguments)
    except XiaoQError as error:
        typer.echo(f"Error: {error.message}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
