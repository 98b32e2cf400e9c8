"""XiaoQ's command line: serve, or one command against the database beside a running app or without one.

It makes no part: app.py does.
"""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from app import (
    build_services,
    close_index,
    create_app,
    create_worker,
    on_space,
    restore_backup,
    start_answering,
)
from commands_evaluate import evaluate_command
from commands_keys import key_commands
from commands_lines import line_commands
from commands_privacy import privacy_commands, write_customer
from commands_storage import actor, storage_commands
from commands_users import user_commands
from core.allocator import hold_little
from core.errors import ConfigurationError, InvalidRequest, NotFound, XiaoQError
from core.settings import Settings
from pipelines.services import Services
from pipelines.snapshots import note_recovery
from pipelines.upkeep import plant_lines

cli = typer.Typer(
    name="app.py",
    help="XiaoQ answers a company's customers from its own documents. Without a command it serves.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@cli.callback(invoke_without_command=True)
def serve(context: typer.Context) -> None:
    """Serve the console, the customer's page and the API."""
    if context.invoked_subcommand is None:
        from gateway.server import reserve, serve_forever
        from gateway.supervisor import check_workers, serve_together

        settings = _settings()
        if on_space() and "host" not in settings.model_fields_set:
            settings = settings.model_copy(update={"host": "0.0.0.0"})  # noqa: S104 - a Space's proxy is outside
        token = secrets.token_urlsafe(24)
        check_workers(settings.workers)
        listener = reserve(settings)
        if settings.workers == 1:
            serve_forever(create_app(settings, token), settings, token, listener)
            return
        raise typer.Exit(
            serve_together(
                settings,
                token,
                listener,
                lambda seat: create_app(settings, token, seat),
                lambda seat: create_worker(settings, seat),
            )
        )


@cli.command()
def doctor() -> None:
    """Check that this machine can serve, and name what is in the way."""
    from pipelines.doctor import examine

    settings = _settings()
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
        _with_services(_settings(), lambda services: ingest_files(services, actor(), paths, line, chosen))
    )
    if failed:
        typer.echo(f"{len(failed)} of {failed[0].total} files could not be read:", err=True)
        for event in failed:
            typer.echo(f"  {event.name}: {event.error}", err=True)
        raise typer.Exit(1)


@cli.command()
def warm(
    line: Annotated[str, typer.Option(help="The business line whose questions are taken.")],
    top: Annotated[int, typer.Option(min=1, max=200, help="How many of the most asked questions.")] = 50,
) -> None:
    """Make the answers to what a line was asked most into the cache that processes share (XIAOQ_REDIS_URL)."""
    from pipelines.warming import warm as warm_line

    settings = _settings()
    if settings.redis_url is None:
        raise InvalidRequest(
            "Without XIAOQ_REDIS_URL the cache lies in the serving process: make answers ahead in its Prompts tab."
        )

    async def work(services: Services) -> str:
        found = await services.lines.get(line)
        if found is None:
            raise NotFound(f"There is no business line {line!r}.")
        await start_answering(services)
        try:
            done = await warm_line(services, found, top)
        finally:
            await services.engine.aclose()
            await services.frequent.aclose()
            await services.counters.aclose()
        return f"{done.total} questions looked at, {done.made} answers made"

    typer.echo(asyncio.run(_with_services(settings, work)))


@cli.command()
def export(
    out: Annotated[Path, typer.Argument(help="The file to write: CSV, or JSON for one customer.")],
    line: Annotated[str | None, typer.Option(help="Only this business line.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from this day on (UTC).")] = None,
    customer: Annotated[
        str | None, typer.Option(help="All that is kept of one customer, as JSON, in their own words.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; the audit keeps it.")] = "",
) -> None:
    """Write the transcripts as CSV, for a spreadsheet or notebooks/; or all data of one customer as JSON."""
    if customer is not None:
        if line or since:
            raise InvalidRequest("--customer takes everything of the customer: leave --line and --since out.")
        found = asyncio.run(
            _with_services(_settings(), lambda services: write_customer(services, customer, out, reason))
        )
        typer.echo(f"{found} conversations of the customer written to {out}")
        return
    from core.ports import TranscriptFilter
    from pipelines.audited import turns_to_export
    from pipelines.export import transcripts_csv

    async def work(services: Services) -> int:
        start = since.replace(tzinfo=UTC) if since else None
        where = TranscriptFilter(line=line, since=start)
        turns = await turns_to_export(services, actor(), where, "transcripts.csv")
        out.write_bytes(b"".join(transcripts_csv(turns)))
        return len(turns)

    typer.echo(f"{asyncio.run(_with_services(_settings(), work))} turns written to {out}")


storage_commands(
    cli,
    lambda work: _with_services(_settings(), work),
    lambda file, progress: restore_backup(_settings(), file, progress),
)
privacy_commands(cli, lambda work: _with_services(_settings(), work))
evaluate_command(cli, lambda work: asyncio.run(_with_services(_settings(), work)))
cli.add_typer(key_commands(lambda work: _with_services(_settings(), work)), name="key")
cli.add_typer(line_commands(lambda work: _with_services(_settings(), work)), name="line")
cli.add_typer(user_commands(lambda work: _with_services(_settings(), work)), name="user")


async def _with_services(settings: Settings, work: Any) -> Any:
    """Run one command against the database, beside a running app or without one."""
    from knowledge.starter import starter_lines

    services = build_services(settings)
    await services.database.start()
    try:
        await note_recovery(services)
        # a command that names a line works before the first start
        await plant_lines(services, starter_lines())
        return await work(services)
    finally:
        await close_index(services)
        await services.database.aclose()


def _settings() -> Settings:
    """Raises ConfigurationError, which names what is set wrongly and not to what: that may be a key."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            f"XIAOQ_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}" for fault in error.errors()
        ]
        raise ConfigurationError(f"The settings are wrong. {'; '.join(wrong)}.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; known errors, and a path that leads nowhere, end in one line and exit code 1."""
    from gateway.logs import configure_logs

    hold_little()
    configure_logs()
    try:
        cli(args=arguments)
    except XiaoQError as error:
        typer.echo(f"Error: {error.message}", err=True)
        return 1
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
        if error.filename is None:
            raise
        typer.echo(f"Error: {error.filename} cannot be opened: {error.strerror}.", err=True)
        return 1
    return 0
