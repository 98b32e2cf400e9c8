"""The commands about keys and copies of the data: `rotate-key`, `backup`, `restore`.

They know no part: `run` hands them the services.
"""

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from core.security import Act
from pipelines.services import Services

Restore = Callable[[Path, Callable[[int, int], None]], Awaitable[Any]]
Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]


def storage_commands(cli: typer.Typer, run: Run, put_back: Restore) -> None:
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
            await services.snapshots.renew_keys()
            await services.backups.renew_keys()
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

    @cli.command()
    def backup(
        target: Annotated[
            Path | None, typer.Argument(help="A file that ends in .xqb, or a folder; else XIAOQ_BACKUP_DIR.")
        ] = None,
    ) -> None:
        """Copy the whole database, encrypted, while the app serves; its keys go beside it, into keys.xqk."""

        async def action(services: Services) -> Path:
            file: Path = await services.backups.make(target, teller("bytes"))
            await services.audit.note(actor(), Act.BACKED_UP, object=file.name)
            return file

        file = work(action)
        typer.echo(
            f"Backed up to {file}. It opens with keys.xqk beside it and the master key, which is in neither."
        )

    @cli.command()
    def restore(
        file: Annotated[Path, typer.Argument(help="A backup, with keys.xqk beside it.")],
    ) -> None:
        """Put a backup in the database's place, once all of it has been checked; no app may run."""
        restored = asyncio.run(put_back(file, teller("bytes")))

        async def note(services: Services) -> None:
            await services.audit.note(
                actor(), Act.RESTORED, object=file.name, detail={"turns": restored.turns}
            )

        work(note)
        typer.echo(
            f"Restored {restored.turns} turns. Erased since, and left out: {restored.erased} customers."
        )
        if restored.aside is not None:
            typer.echo(f"The database that was there is kept as {restored.aside}.")


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
