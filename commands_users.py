"""The `user` command: operators' accounts, made and changed beside a running app or without one.

It knows no part: `run` hands it the services.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from commands_storage import actor
from core.access import OPERATORS
from core.errors import InvalidRequest, NotFound
from core.security import Account
from pipelines.operators import alter_account, make_account
from pipelines.services import Services

Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]

FROM_STDIN = typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
LINE = typer.Option(help="Bind the account to one business line; '' unbinds it.")
NAME = typer.Argument(help="What the operator signs in with; an e-mail address will do.")


def user_commands(run: Run) -> typer.Typer:
    """`user create|list|password|role|disable|enable`."""
    users = typer.Typer(help="Accounts of operators who sign in to the console.", no_args_is_help=True)

    def work(action: Callable[[Services], Awaitable[Any]]) -> Any:
        return asyncio.run(run(action))

    @users.command("create")
    def create(
        name: Annotated[
            str, typer.Option(help="What the operator signs in with; an e-mail address will do.")
        ],
        role: Annotated[str, typer.Option(help=f"{', '.join(OPERATORS[:-1])} or {OPERATORS[-1]}.")] = "agent",
        line: Annotated[str | None, LINE] = None,
        openid: Annotated[
            bool, typer.Option("--openid", help="No password: the account opens by OpenID sign-in only.")
        ] = False,
        password_stdin: Annotated[bool, FROM_STDIN] = False,
    ) -> None:
        """Make an account; asks for its password, twice."""
        password = None if openid else _password(password_stdin)

        async def action(services: Services) -> Account:
            await _check_line(line, services)
            return await make_account(services, actor(), name, role, password, line)

        made = work(action)
        typer.echo(f"Account {made.name} ({made.role}) is made.")

    @users.command("list")
    def list_() -> None:
        """List the accounts."""
        for each in work(lambda services: services.accounts.list()):
            state = "disabled" if each.disabled_at else "live"
            last = f"{each.last_sign_in_at:%Y-%m-%d %H:%M} UTC" if each.last_sign_in_at else "never signed in"
            typer.echo(f"{each.name:32} {each.role:8} {each.line or '-':12} {state:9} {last}")

    @users.command("password")
    def password(name: Annotated[str, NAME], password_stdin: Annotated[bool, FROM_STDIN] = False) -> None:
        """Set a new password; whoever is signed in with the account is signed out."""
        chosen = _password(password_stdin)
        work(lambda services: _change(services, name, password=chosen))
        typer.echo(f"Account {name} has a new password; its sessions have ended.")

    @users.command("role")
    def role(
        name: Annotated[str, NAME],
        role: Annotated[str, typer.Argument(help="The new role; it holds at once.")],
        line: Annotated[str | None, LINE] = None,
    ) -> None:
        """Give an account another role, and another line where one is named."""

        async def action(services: Services) -> Account:
            await _check_line(line, services)
            return await _change(services, name, role=role, line=line)

        changed = work(action)
        typer.echo(f"Account {changed.name} is now {changed.role}, line {changed.line or '-'}.")

    @users.command("disable")
    def disable(name: Annotated[str, NAME]) -> None:
        """Close an account; whoever is signed in with it is signed out at once."""
        work(lambda services: _change(services, name, disabled=True))
        typer.echo(f"Account {name} is disabled; its sessions have ended.")

    @users.command("enable")
    def enable(name: Annotated[str, NAME]) -> None:
        """Open a disabled account again."""
        work(lambda services: _change(services, name, disabled=False))
        typer.echo(f"Account {name} is live.")

    return users


async def _change(services: Services, name: str, **changes: Any) -> Account:
    account = await services.accounts.named(name)
    if account is None:
        raise NotFound(f"There is no account {name!r}; `user list` shows them.")
    return await alter_account(services, actor(), account.id, **changes)


async def _check_line(line: str | None, services: Services) -> None:
    if line and await services.lines.get(line) is None:
        raise NotFound(f"There is no business line {line!r}.")


def _password(from_stdin: bool) -> str:
    """The new password: piped in, or typed twice without echo."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidRequest("There is no terminal to ask for a password; pipe it in with --password-stdin.")
    text: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return text
