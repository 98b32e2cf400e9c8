"""Operators' accounts and sessions: what opens them, what locks them, and what ends a session."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.errors import Conflict, InvalidRequest, NotFound
from core.security import AccountStore, SessionStore
from storage.accounts import FREE_FAILURES, LEAST_SECONDS, SqlAccountStore
from storage.database import Database
from storage.sessions import IDLE, LONGEST, SqlSessionStore
from storage.tables import account, session

PASSWORD = "a rather long phrase"


@pytest.fixture
def accounts(db: Database) -> SqlAccountStore:
    return SqlAccountStore(db)


@pytest.fixture
def sessions(db: Database) -> SqlSessionStore:
    return SqlSessionStore(db)


async def test_both_stores_are_their_ports(accounts: SqlAccountStore, sessions: SqlSessionStore) -> None:
    store: AccountStore = accounts
    kept: SessionStore = sessions
    assert isinstance(store, SqlAccountStore)
    assert isinstance(kept, SqlSessionStore)


async def test_a_name_and_password_open_the_account(accounts: SqlAccountStore, db: Database) -> None:
    made = await accounts.create(" Mei.Lin@Example.com ", "manager", PASSWORD, line="shop")
    assert (made.name, made.line) == ("mei.lin@example.com", "shop")
    opened = await accounts.check("MEI.LIN@example.com", PASSWORD)
    assert opened
    assert opened.id == made.id
    for name, password in (
        ("mei.lin@example.com", PASSWORD + "x"), ("mei.lin@example.com", ""), ("nobody", PASSWORD), ("", ""),
        ("mei.lin@example.com", "x" * 100_000), ("\udcff", PASSWORD),
    ):  # fmt: skip
        assert await accounts.check(name, password) is None
    stored = await db.read(lambda connection: connection.scalar(select(account.c.password)))
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


@pytest.mark.parametrize(
    ("name", "role", "password", "param"),
    [
        ("", "agent", PASSWORD, "name"), ("operator", "agent", PASSWORD, "name"), ("a b", "agent", PASSWORD, "name"),
        ("console:x", "agent", PASSWORD, "name"), ("x" * 65, "agent", PASSWORD, "name"), ("<b>", "agent", PASSWORD, "name"),
        ("mei", "caller", PASSWORD, "role"), ("mei", "visitor", PASSWORD, "role"),
        ("mei", "agent", "short", "password"), ("mei", "agent", "aaaaaaaaaaaaaaaa", "password"),
        ("mei", "agent", "my name is Mei", "password"), ("mei", "agent", "x1y2" * 100, "password"),
    ],
)  # fmt: skip
async def test_what_will_not_do_is_refused_by_name(
    accounts: SqlAccountStore, name: str, role: str, password: str, param: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        await accounts.create(name, role, password)
    assert refused.value.param == param
    assert await accounts.list() == []


async def test_a_name_and_an_openid_are_taken_once(accounts: SqlAccountStore) -> None:
    first = await accounts.create("mei", "agent", None, oidc="https://id.example|1")
    second = await accounts.create("王芳", "agent", None)
    with pytest.raises(Conflict):
        await accounts.create("ＭＥＩ", "agent", PASSWORD)
    with pytest.raises(Conflict):
        await accounts.change(second.id, oidc="https://id.example|1")
    assert await accounts.of_oidc("https://id.example|1") == first
    assert [each.name for each in await accounts.list()] == ["mei", "王芳"]
    with pytest.raises(NotFound):
        await accounts.change("op-none", role="agent")
    assert await accounts.check("mei", "") is None, "without a password only OpenID opens it"


async def test_a_changed_account_is_changed_and_nothing_else(accounts: SqlAccountStore) -> None:
    made = await accounts.create("mei", "agent", PASSWORD, line="shop")
    assert (await accounts.change(made.id, role="auditor")).line == "shop"
    assert (await accounts.change(made.id, line="")).line is None
    assert await accounts.check("mei", PASSWORD)
    await accounts.change(made.id, password="another long phrase")
    assert await accounts.check("mei", PASSWORD) is None
    assert await accounts.check("mei", "another long phrase")
    await accounts.change(made.id, disabled=True)
    assert await accounts.check("mei", "another long phrase") is None
    await accounts.change(made.id, disabled=False)
    assert await accounts.check("mei", "another long phrase")


async def test_guessing_locks_the_account_in_every_process_for_a_while(
    accounts: SqlAccountStore, db: Database
) -> None:
    made = await accounts.create("mei", "agent", PASSWORD)
    other = SqlAccountStore(db)
    await asyncio.gather(*(other.check("mei", f"guess {n}") for n in range(FREE_FAILURES + 3)))
    row = await db.read(lambda connection: connection.execute(select(account)).one())
    assert row.failures == FREE_FAILURES, "of many at once none slips by"
    await _set(db, made.id, locked_until=datetime.now(UTC) + timedelta(seconds=60))
    assert await accounts.check("mei", PASSWORD) is None, "locked"
    assert await accounts.check("mei", PASSWORD, known_device=True), "who was here before is not locked out"
    began = datetime.now(UTC)
    await asyncio.gather(*(other.check("mei", f"guess {n}") for n in range(FREE_FAILURES)))
    locked = (await accounts.named("mei") or made).locked_until
    assert locked
    assert timedelta(seconds=2) <= locked - began < timedelta(seconds=30)
    await _set(db, made.id, failures=40, locked_until=datetime.now(UTC) - timedelta(seconds=1))
    assert await accounts.check("mei", "guess") is None
    locked = (await accounts.named("mei") or made).locked_until
    assert locked
    assert timedelta(seconds=240) < locked - datetime.now(UTC) <= timedelta(seconds=300), "capped"
    await _set(db, made.id, failures=40, locked_until=datetime.now(UTC) + timedelta(days=1))
    assert await accounts.check("mei", PASSWORD), "a clock that was set back locks nobody out"


async def test_a_refusal_takes_the_same_time_for_every_name(accounts: SqlAccountStore) -> None:
    await accounts.create("mei", "agent", PASSWORD)
    gone = await accounts.create("gone", "agent", PASSWORD)
    await accounts.change(gone.id, disabled=True)
    # What else the machine does is no signal: it only adds to the least that a name takes, so that more rounds bring those of
    # three names together, unless one of them takes longer by itself.
    least = dict.fromkeys(("mei", "gone", "nobody"), float("inf"))
    for number in range(25):
        for name, before in least.items():
            began = time.monotonic()
            assert await accounts.check(name, "a wrong phrase") is None
            least[name] = min(before, time.monotonic() - began)
        if number >= 3 and max(least.values()) - min(least.values()) < 0.1:
            break
    assert max(least.values()) - min(least.values()) < 0.1
    assert min(least.values()) >= LEAST_SECONDS


async def test_a_session_is_kept_as_a_digest_and_ends_everywhere(
    accounts: SqlAccountStore, sessions: SqlSessionStore, db: Database
) -> None:
    made = await accounts.create("mei", "agent", PASSWORD, line="shop")
    cookie, operators = await sessions.begin(made), await sessions.begin(None)
    found = await sessions.find(cookie)
    assert found
    assert (found.account_id, found.role, found.name, found.line) == (made.id, "agent", "mei", "shop")
    link = await sessions.find(operators)
    assert link
    assert (link.account_id, link.role) == (None, "admin")
    assert found.csrf != link.csrf
    stored = await db.read(lambda connection: connection.execute(select(session)).all())
    assert cookie not in str(stored)
    for wrong in ("", "x" * 43, cookie[:-1], cookie + "x", "\udcff" * 43):
        assert await sessions.find(wrong) is None
    await SqlSessionStore(db).end(cookie)
    assert await sessions.find(cookie) is None
    assert await sessions.find(operators)


@pytest.mark.parametrize("change", [{"disabled": True}, {"password": "another long phrase"}])
async def test_a_disabling_and_a_new_password_end_all_sessions(
    accounts: SqlAccountStore, sessions: SqlSessionStore, change: dict[str, object]
) -> None:
    made, other = (
        await accounts.create("mei", "agent", PASSWORD),
        await accounts.create("li", "agent", PASSWORD),
    )
    cookies = [await sessions.begin(made), await sessions.begin(made)]
    kept = await sessions.begin(other)
    await accounts.change(made.id, **change)  # type: ignore[arg-type]
    await accounts.change(made.id, disabled=False)
    assert [await sessions.find(cookie) for cookie in cookies] == [None, None]
    assert await sessions.find(kept)


async def test_a_session_ends_when_idle_and_after_a_day_of_work(
    accounts: SqlAccountStore, sessions: SqlSessionStore, db: Database
) -> None:
    made = await accounts.create("mei", "agent", PASSWORD)
    cookie, now = await sessions.begin(made), datetime.now(UTC)
    await _times(db, begun_at=now - timedelta(hours=5), expires_at=now + timedelta(minutes=10))
    assert await sessions.find(cookie)
    found = await sessions.find(cookie)
    assert found
    assert found.expires_at > now + IDLE - timedelta(minutes=1), "use puts the end off"
    await _times(db, begun_at=now - LONGEST + timedelta(minutes=20), expires_at=now + timedelta(minutes=10))
    await sessions.find(cookie)
    found = await sessions.find(cookie)
    assert found
    assert found.expires_at <= now + timedelta(minutes=20), "but not beyond the longest"
    await _times(db, begun_at=now - IDLE, expires_at=now)
    assert await sessions.find(cookie) is None
    await sessions.begin(None)
    left = await db.read(lambda connection: connection.execute(select(session)).all())
    assert len(left) == 1, "outdated ones are cleared away"


async def _times(db: Database, **values: datetime) -> None:
    await db.write(lambda connection: connection.execute(update(session).values(**values)).rowcount)


async def _set(db: Database, account_id: str, **values: object) -> None:
    statement = update(account).where(account.c.id == account_id).values(**values)
    await db.write(lambda connection: connection.execute(statement).rowcount)
