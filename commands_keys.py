"""The `key` command: keys of programs, made, listed, limited and revoked beside a running app or without one.

It knows no part: `run` hands it the services.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from commands_storage import actor
from core.access import ROLES, SCOPES
from core.errors import InvalidRequest, NotFound
from core.limits import LIMIT_NAMES
from core.ports import NO_TERMS, ApiKey
from pipelines.services import Services

Run = Callable[[Callable[[Services], Awaitable[Any]]], Awaitable[Any]]

NEVER = "never"
LIFE = re.compile(r"(\d{1,4})([dwh])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

Expires = Annotated[
    str | None, typer.Option(help=f"From when on it is refused: 90d, 12w, 2027-01-31 (UTC), or {NEVER}.")
]
Scope = Annotated[
    list[str] | None,
    typer.Option(
        help=f"What alone it may be used for, repeated: {', '.join(SCOPES)}; `all` for all of them."
    ),
]
PerMinute = Annotated[
    int | None, typer.Option("--requests-per-minute", min=0, help="0 takes the limit away.")
]
PerDay = Annotated[int | None, typer.Option("--requests-per-day", min=0)]
TokensPerMinute = Annotated[
    int | None, typer.Option("--tokens-per-minute", min=0, help="Questions and answers together.")
]
TokensPerDay = Annotated[int | None, typer.Option("--tokens-per-day", min=0)]
Streams = Annotated[int | None, typer.Option("--streams", min=0, help="Streamed answers at once.")]
Budget = Annotated[
    int | None, typer.Option("--budget", min=0, help="Tokens it may use in all, what it has used included.")
]


def key_commands(run: Run) -> typer.Typer:
    """`key create|list|limit|revoke`."""
    keys = typer.Typer(help="Keys for programs that call the API.", no_args_is_help=True)

    def work(action: Callable[[Services], Awaitable[Any]]) -> Any:
        return asyncio.run(run(action))

    @keys.command("create")
    def create(
        name: Annotated[str, typer.Option(help="What the key is for, in your words.")],
        role: Annotated[str, typer.Option(help="caller, agent, manager, auditor or admin.")] = "caller",
        line: Annotated[str | None, typer.Option(help="Bind the key to one business line.")] = None,
        expires: Expires = None,
        scope: Scope = None,
        requests_per_minute: PerMinute = None,
        requests_per_day: PerDay = None,
        tokens_per_minute: TokensPerMinute = None,
        tokens_per_day: TokensPerDay = None,
        streams: Streams = None,
        budget: Budget = None,
    ) -> None:
        """Make a key and print it, this once, on the last line."""
        if role not in ROLES:
            raise InvalidRequest(f"There is no role {role!r}; choose one of {', '.join(ROLES)}.")
        limits = (requests_per_minute, requests_per_day, tokens_per_minute, tokens_per_day, streams, budget)
        changes = _changes(expires, scope, limits)

        async def action(services: Services) -> tuple[ApiKey, str]:
            from pipelines.audited import make_key
            from pipelines.key_terms import changed_terms

            if line and await services.lines.get(line) is None:
                raise NotFound(f"There is no business line {line!r}.")
            return await make_key(services, actor(), name, role, line, changed_terms(NO_TERMS, changes))

        key, text = work(action)
        typer.echo(f"Key {key.id} for {key.name} ({key.role}). It is not shown again:")
        typer.echo(text)

    @keys.command("list")
    def list_() -> None:
        """List the keys, their terms and their use: never their text."""
        for key in work(lambda services: services.keys.list()):
            typer.echo(f"{key.id}  {key.role:8} {_state(key):8} {key.line or '-':12} {key.name}")
            typer.echo(f"    {_use(key)}")

    @keys.command("limit")
    def limit(
        key_id: Annotated[str, typer.Argument(help="The id that `key list` shows.")],
        expires: Expires = None,
        scope: Scope = None,
        requests_per_minute: PerMinute = None,
        requests_per_day: PerDay = None,
        tokens_per_minute: TokensPerMinute = None,
        tokens_per_day: TokensPerDay = None,
        streams: Streams = None,
        budget: Budget = None,
    ) -> None:
        """Change what a key may be used for, within five seconds; what is not named stays, and 0 is no limit."""
        limits = (requests_per_minute, requests_per_day, tokens_per_minute, tokens_per_day, streams, budget)
        changes = _changes(expires, scope, limits)
        if not changes:
            raise InvalidRequest("Name what is to change, such as --requests-per-minute 60; see --help.")

        async def action(services: Services) -> ApiKey | None:
            from pipelines.audited import change_key

            return await change_key(services, actor(), key_id, changes)

        changed = work(action)
        if changed is None:
            raise NotFound(f"There is no live key {key_id!r}.")
        typer.echo(f"Key {key_id}: {_use(changed)}")

    @keys.command("revoke")
    def revoke(key_id: Annotated[str, typer.Argument(help="The id that `key list` shows.")]) -> None:
        """Revoke a key; it is refused within five seconds."""

        async def action(services: Services) -> bool:
            from pipelines.audited import revoke_key

            return await revoke_key(services, actor(), key_id)

        if not work(action):
            raise NotFound(f"There is no live key {key_id!r}.")
        typer.echo(f"Key {key_id} is revoked.")

    return keys


def _changes(
    expires: str | None, scopes: Sequence[str] | None, limits: Sequence[int | None]
) -> dict[str, Any]:
    """What the options name, as pipelines.key_terms takes it."""
    changes: dict[str, Any] = {
        name: value for name, value in zip(LIMIT_NAMES, limits, strict=True) if value is not None
    }
    if expires is not None:
        changes["expires_at"] = _moment(expires)
    if scopes:
        changes["scopes"] = [] if "all" in scopes else scopes
    return changes


def _moment(written: str) -> datetime | None:
    """When a life ends that is written as a span or as a day. Raises InvalidRequest."""
    if written == NEVER:
        return None
    if span := LIFE.fullmatch(written):
        return datetime.now(UTC) + int(span[1]) * UNITS[span[2]]
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        raise InvalidRequest(
            f"--expires takes a span such as 90d, a day such as 2027-01-31, or {NEVER}."
        ) from None


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return "revoked"
    expires_at = key.terms.expires_at
    return "expired" if expires_at and expires_at <= datetime.now(UTC) else "live"


def _use(key: ApiKey) -> str:
    """Use, expiry, scopes and limits in one line."""
    terms = key.terms
    limits = ((name.replace("_", " "), getattr(terms.limits, name)) for name in LIMIT_NAMES)
    parts = [
        f"used {key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never used",
        f"{key.tokens_used:,} tokens",
        f"expires {terms.expires_at:%Y-%m-%d %H:%M} UTC" if terms.expires_at else "",
        f"for {', '.join(terms.scopes)}" if terms.scopes else "",
        *(f"{name} {value:,}" for name, value in limits if value is not None),
    ]
    return "; ".join(part for part in parts if part)
