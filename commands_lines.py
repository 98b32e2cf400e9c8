"""The `line` command: business lines written to a file and read from one, beside a running app or without one.

It knows no part: `run` hands it the services.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from commands_storage import actor
from core.access import Principal
from core.errors import InvalidRequest
from pipelines.services import Services

Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]


def line_commands(run: Run) -> typer.Typer:
    """`line list|export|import`."""
    lines = typer.Typer(
        help="Business lines: listed, written to a file, read from one.", no_args_is_help=True
    )

    def work(action: Callable[[Services], Awaitable[Any]]) -> Any:
        return asyncio.run(run(action))

    @lines.command("list")
    def list_() -> None:
        """List the lines."""
        for line in work(lambda services: services.lines.all()):
            state = "archived" if line.archived else "open"
            names = ", ".join(dict.fromkeys(line.names.values()))
            typer.echo(f"{line.id:<20} {state:<9} {names}")

    @lines.command("export")
    def export(
        line: Annotated[str, typer.Argument(help="The line's id.")],
        out: Annotated[Path, typer.Argument(help="The YAML file to write.")],
    ) -> None:
        """Write a line with its prompt, word lists and golden questions, without its documents."""
        from pipelines.line_copies import export_line

        text = work(lambda services: export_line(services, _here(), line))
        out.write_text(text, encoding="utf-8")
        typer.echo(f"The line {line} is written to {out}.")

    @lines.command("import")
    def import_(
        file: Annotated[
            Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The YAML file.")
        ],
        id: Annotated[str | None, typer.Option(help="Another id than the one in the file.")] = None,
    ) -> None:
        """Make a line from such a file, whole or not at all; its prompt becomes a draft."""
        from pipelines.line_copies import import_line
        from pipelines.line_yaml import LARGEST

        if file.stat().st_size > LARGEST:
            raise InvalidRequest(f"{file} is larger than {LARGEST:,} bytes.")
        made = work(lambda services: import_line(services, _here(), file.read_bytes(), id))
        typer.echo(f"The line {made.id} is made.")

    return lines


def _here() -> Principal:
    """Whoever has this machine's shell."""
    return Principal("local", "admin", actor())
