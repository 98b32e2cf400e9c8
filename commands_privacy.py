"""The commands that answer an auditor or a customer: `verify-audit`, `erase`, `affected`, `export --customer`.

They know no part: `run` hands them the services.
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from commands_storage import actor, teller
from core.errors import InvalidRequest
from core.security import Verdict
from pipelines.services import Services

Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]


def privacy_commands(cli: typer.Typer, run: Run) -> None:
    """Put `verify-audit`, `erase` and `affected` among the commands."""

    def work(action: Callable[[Services], Awaitable[Any]]) -> Any:
        return asyncio.run(run(action))

    @cli.command("verify-audit")
    def verify_audit(
        anchor: Annotated[
            Path | None, typer.Option(help="A file of anchors, one `number digest time` a line.")
        ] = None,
    ) -> None:
        """Prove that nobody changed the audit or a stored row, or name the first broken link; prints a new anchor."""
        from pipelines.audit_anchor import read_anchors
        from pipelines.audit_check import verify

        anchors = read_anchors(anchor) if anchor else ()
        verdict: Verdict = work(
            lambda services: verify(services, actor(), anchors, teller("entries"), teller("conversations"))
        )
        if not verdict.whole:
            typer.echo(f"Error: {verdict.place} is where it breaks. {verdict.reason}", err=True)
            raise typer.Exit(1)
        held = f", {len(anchors)} anchor{'' if len(anchors) == 1 else 's'} held" if anchors else ""
        typer.echo(f"All is whole: {verdict.checked} entries and rows checked{held}.")
        if verdict.reason:
            typer.echo(verdict.reason)
        if verdict.anchor is not None:
            typer.echo(f"{verdict.anchor.number} {verdict.anchor.digest}")

    @cli.command()
    def erase(
        customer: Annotated[
            str | None, typer.Argument(help="As programs name them, or the pseudonym that transcripts show.")
        ] = None,
        named: Annotated[str | None, typer.Option("--customer", help="The same.")] = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        reason: Annotated[str, typer.Option(help="Why; the audit keeps it.")] = "",
    ) -> None:
        """Erase all that is kept of one customer, for good: rows, files, and the key that opens their backups."""
        wanted = named or customer
        if not wanted or (named and customer):
            raise InvalidRequest("Name one customer: `erase --customer ID`.")
        gone: Mapping[str, int] = work(lambda services: _erase(services, wanted, yes, reason))
        rows = ", ".join(f"{count} {table}" for table, count in gone.items() if count)
        typer.echo(f"Erased: {rows}. The audit keeps the pseudonym alone.")

    @cli.command()
    def affected(
        out: Annotated[Path, typer.Argument(help="The CSV file to write, one row a customer.")],
        since: Annotated[datetime | None, typer.Option(help="Only from then on (UTC).")] = None,
        until: Annotated[datetime | None, typer.Option(help="Only before then (UTC).")] = None,
        line: Annotated[str | None, typer.Option(help="Only this business line.")] = None,
        by: Annotated[
            str | None, typer.Option(help="Only what this actor of the audit took, such as key:key-….")
        ] = None,
    ) -> None:
        """List the customers that a breach affects: of a period, or those whose data one account or key took."""
        from core.ports import TranscriptFilter
        from pipelines.affected import affected as who
        from pipelines.affected import affected_csv

        start, end = (moment.replace(tzinfo=UTC) if moment else None for moment in (since, until))
        where = TranscriptFilter(since=start, until=end, line=line)
        rows = work(lambda services: who(services, actor(), where, by, teller("customers")))
        _write_private(out, affected_csv(rows))
        typer.echo(f"{len(rows)} customers written to {out}")


async def write_customer(services: Services, customer: str, out: Path, reason: str) -> int:
    """Write all of a customer as JSON that only its owner may read; gives how many conversations."""
    from pipelines.subject import export_customer

    data = await export_customer(services, actor(), customer, reason)
    text = json.dumps(data, ensure_ascii=False, indent=1)
    await asyncio.to_thread(_write_private, out, text.encode())
    return len(data["conversations"])


def _write_private(out: Path, data: bytes) -> None:
    try:
        with open(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
    except OSError:
        raise InvalidRequest(f"{out} cannot be written; check the folder and its rights.") from None


async def _erase(services: Services, customer: str, yes: bool, reason: str) -> Mapping[str, int]:
    from pipelines.subject import erase_customer, nothing_kept

    owners = await services.subjects.owners(customer)
    if not owners:
        raise nothing_kept()
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidRequest("There is no terminal to ask; add --yes to erase without a question.")
        typer.confirm(f"Erase everything of {', '.join(owners)} for good?", abort=True)
    return await erase_customer(services, actor(), customer, reason)
