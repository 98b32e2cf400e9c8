"""The commands about keys and copies of the data: `rotate-key`.

They know no part: `run` hands them the services.
"""

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from core.security import Act
from pipelines.services import Services

Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]


def storage_commands(cli: typer.Typer, run: Run) -> None:
    """Put them among the commands."""

    def work(action: Callable[[Services], Awaitable[Any]]) -> Any:
        return asyncio.run(run(action))

    @cli.command("rotate-key")
    def rotate_key(
        finish: Annotated[
            bool,
            typer.Option(
                "--finish", help="Retire the old key, once all apps run with XIAOQ_NEW_MASTER_KEY's."
            ),
        ] = False,
    ) -> None:
        """Change the master key and re-wrap every customer's key, while the app serves; may be run again."""

        async def action(services: Services) -> bool:
            if finish:
                await services.rotation.finish(teller("keys"))
                done = True
            else:
                done = await services.rotation.rotate(teller("keys"))
            state = "done" if done else "second key added"
            await services.audit.note(actor(), Act.MASTER_KEY_ROTATED, detail={"state": state})
            return done

        if work(action):
            typer.echo(
                "The master key is changed; the old one opens nothing any more. Keep a copy of the new one."
            )
        else:
            typer.echo(
                "Both keys open the database now. Restart every app with XIAOQ_MASTER_KEY set to the new key, then "
                "run `python app.py rotate-key --finish` with it."
            )


def actor() -> str:
    """Who runs a command, as the audit names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a container may run as a number that has no name
        return f"cli:{os.getuid()}"


def teller(what: str) -> Callable[[int, int], None]:
    """Shows progress: one line that counts up on a terminal, else a line for every part of ten."""
    told = -1

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // max(total, 1)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done:,} of {total:,} {what}" + ("\n" if done >= total else ""))
        elif tenth > told:
            sys.stderr.write(f"{done:,} of {total:,} {what}\n")
        told = tenth
        sys.stderr.flush()

    return tell
