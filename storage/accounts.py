"""Operators' accounts: made, found, changed, and the check of a name and password. Knows no role's meaning."""

import asyncio
import re
import time
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, case, delete, insert, literal, or_, select, update
from sqlalchemy.exc import IntegrityError

from core.access import OPERATORS
from core.errors import Conflict, InvalidRequest, NotFound, Unfit
from core.security import Account
from storage.columns import UtcTime
from storage.database import Database
from storage.passwords import Passwords, check_password
from storage.tables import account, session

NAME = re.compile(r"[\w.@+-]{1,64}")
OPERATOR = "operator"
"""Names whoever comes by the operator's link; no account can be called that."""
FREE_FAILURES = 5
LONGEST_LOCK = timedelta(seconds=300)
LEAST_SECONDS = 0.5
"""A refusal takes at least this long: what was looked up and written on the way does not show."""


class SqlAccountStore:
    """core.security.AccountStore in a database."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._passwords = Passwords()

    async def create(
        self, name: str, role: str, password: str | None, *, line: str | None = None, oidc: str | None = None
    ) -> Account:
        """See the port. Without a password only an OpenID sign-in opens the account."""
        made = Account(
            f"op-{uuid4().hex}",
            plain(name),
            _role(role),
            datetime.now(UTC),
            line or None,
            oidc,
            has_password=password is not None,
        )
        if not NAME.fullmatch(made.name) or made.name == OPERATOR:
            raise Unfit(
                "A name has 1 to 64 letters, digits or . @ + - _, and is not 'operator'.", param="name"
            )
        statement = insert(account).values(
            id=made.id, name=made.name, role=made.role, line=made.line, oidc=oidc, created_at=made.created_at,
            password=await self._hashed(password, made.name), failures=0,
        )  # fmt: skip
        try:
            await self._db.write(lambda connection: connection.execute(statement).rowcount)
        except IntegrityError:
            raise Conflict(f"There is an account '{made.name}' already.", param="name") from None
        return made

    async def list(self) -> Sequence[Account]:
        query = select(account).order_by(account.c.name)
        return await self._db.read(lambda connection: [_account(row) for row in connection.execute(query)])

    async def get(self, account_id: str) -> Account | None:
        return _account_or_none(await self._row(account.c.id == account_id))

    async def named(self, name: str) -> Account | None:
        return _account_or_none(await self._row(account.c.name == plain(name)))

    async def of_oidc(self, oidc: str) -> Account | None:
        return _account_or_none(await self._row(account.c.oidc == oidc))

    async def check(self, name: str, password: str, *, known_device: bool = False) -> Account | None:
        """See the port. A try is counted before it is weighed, so that many at once do not slip by."""
        began = time.monotonic()
        row = await self._row(account.c.name == plain(name))
        live = row is not None and row.disabled_at is None
        counted = row is not None and await self._count_try(row.id, known_device)
        right = await self._passwords.match(row.password if row is not None and live else None, password)
        if row is not None and counted and right:
            await self.signed_in(row.id)
            return _account(row)
        await asyncio.sleep(max(0.0, began + LEAST_SECONDS - time.monotonic()))
        return None

    async def signed_in(self, account_id: str) -> None:
        statement = (
            update(account)
            .where(account.c.id == account_id)
            .values(failures=0, locked_until=None, last_sign_in_at=datetime.now(UTC))
        )
        await self._db.write(lambda connection: connection.execute(statement).rowcount)

    async def change(
        self,
        account_id: str,
        *,
        role: str | None = None,
        line: str | None = None,
        password: str | None = None,
        disabled: bool | None = None,
        oidc: str | None = None,
    ) -> Account:
        row = await self._row(account.c.id == account_id)
        if row is None:
            raise NotFound("There is no such account.", param="account")
        changes: dict[str, Any] = {}
        if role is not None:
            changes["role"] = _role(role)
        if line is not None:
            changes["line"] = line or None
        if password is not None:
            changes |= {
                "password": await self._hashed(password, row.name),
                "failures": 0,
                "locked_until": None,
            }
        if disabled is not None:
            changes["disabled_at"] = (row.disabled_at or datetime.now(UTC)) if disabled else None
        if oidc is not None:
            changes["oidc"] = oidc
        if changes:
            await self._apply(account_id, changes, ends_sessions=disabled is True or password is not None)
        changed = await self.get(account_id)
        if changed is None:
            raise NotFound("There is no such account.", param="account")
        return changed

    async def _apply(self, account_id: str, changes: dict[str, Any], *, ends_sessions: bool) -> None:
        statement = update(account).where(account.c.id == account_id).values(**changes)
        ending = delete(session).where(session.c.account_id == account_id)

        def work(connection: Any) -> None:
            connection.execute(statement)
            if ends_sessions:
                connection.execute(ending)

        try:
            await self._db.write(work)
        except IntegrityError:
            raise Conflict("Another account has this OpenID sign-in already.", param="oidc") from None

    async def _count_try(self, account_id: str, known_device: bool) -> bool:
        """Count one try, and lock from the free ones on; False where the account is locked now."""
        if known_device:
            return True
        now = datetime.now(UTC)
        column, steps = account.c, range(FREE_FAILURES - 1, FREE_FAILURES + 12)
        lock = case(
            *((column.failures == count, literal(now + _pause(count + 1), UtcTime())) for count in steps),
            (column.failures >= steps.stop, literal(now + LONGEST_LOCK, UtcTime())),
            else_=None,
        )
        open_now = or_(
            column.locked_until.is_(None),
            column.locked_until <= now,
            column.locked_until > now + LONGEST_LOCK,  # the clock was set back
        )
        statement = (
            update(account)
            .where(column.id == account_id, open_now)
            .values(failures=column.failures + 1, locked_until=lock)
        )
        return await self._db.write(lambda connection: connection.execute(statement).rowcount > 0)

    async def _hashed(self, password: str | None, name: str) -> str | None:
        if password is None:
            return None
        check_password(password, name)
        return await self._passwords.hashed(password)

    async def _row(self, condition: Any) -> Row[Any] | None:
        query = select(account).where(condition)
        return await self._db.read(lambda connection: connection.execute(query).first())


def plain(name: str) -> str:
    """A name as it is stored and looked for: one spelling, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", name).strip().lower()


def _pause(failures: int) -> timedelta:
    """2 s after the last free failure, doubled with each further one."""
    return min(timedelta(seconds=2 ** max(1, failures - FREE_FAILURES + 1)), LONGEST_LOCK)


def _role(role: str) -> str:
    if role not in OPERATORS:
        raise InvalidRequest(
            f"There is no role {role[:20]!r}; choose one of {', '.join(OPERATORS)}.", param="role"
        )
    return role


def _account_or_none(row: Row[Any] | None) -> Account | None:
    return None if row is None else _account(row)


def _account(row: Row[Any]) -> Account:
    return Account(
        id=row.id, name=row.name, role=row.role, line=row.line, oidc=row.oidc, created_at=row.created_at,
        disabled_at=row.disabled_at, last_sign_in_at=row.last_sign_in_at, locked_until=row.locked_until, has_password=row.password is not None,
    )  # fmt: skip
