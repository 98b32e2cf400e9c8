"""The commands that answer an auditor or a customer: `verify-audit`.

They know no part: `run` hands them the services.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from commands_storage import actor, teller
from core.security import Verdict
from pipelines.services import Services

Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]


def privacy_commands(cli: typer.Typer, run: Run) -> None:
    """Put `verify-audit` among the commands."""

    def work(action: Callable[[Services], Awaitable[Any]]) -> Any:
        return asyncio.run(run(action))

    @cli.command("verify-audit")
    def verify_audit(
        anchor: Annotated[
            Path | None, typer.Option(help="A file of anchors, one `number digest time` a line.")
        ] = None,
    ) -> None:
        """Prove that nobody changed the audit, or name the first broken link; the last line is a new anchor."""
        from pipelines.audit_anchor import read_anchors
        from pipelines.audit_check import verify

        anchors = read_anchors(anchor) if anchor else ()
        verdict: Verdict = work(lambda services: verify(services, actor(), anchors, teller("entries")))
        if not verdict.whole:
            typer.echo(f"Error: {verdict.place} is where it breaks. {verdict.reason}", err=True)
            raise typer.Exit(1)
        held = f", {len(anchors)} anchor{'' if len(anchors) == 1 else 's'} held" if anchors else ""
        typer.echo(f"The audit is whole: {verdict.checked} entries{held}.")
        if verdict.anchor is not None:
            typer.echo(f"{verdict.anchor.number} {verdict.anchor.digest}")
