"""Real databases: a SQLite file in a temporary folder, and a PostgreSQL of its own for every test."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from storage.database import Database
from tests.support.keys import MASTER
from tests.support.postgres import RunningPostgres


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'xiaoq.db'}"


@pytest.fixture
def postgres_url(postgres: RunningPostgres) -> Iterator[str]:
    with postgres.database() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service)])
def url(request: pytest.FixtureRequest) -> str:
    """Every test that asks for it, or for `db`, runs on both."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    async with opened(url) as database:
        yield database


@pytest.fixture
async def sqlite_db(sqlite_url: str) -> AsyncIterator[Database]:
    """For what is of a file alone."""
    async with opened(sqlite_url) as database:
        yield database


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url, MASTER)
    await database.start()
    yield database
    await database.aclose()
