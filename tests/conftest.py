"""What several rooms' tests share: one real PostgreSQL for the whole run, started when the first test asks."""

from collections.abc import Iterator

import pytest

from tests.support.postgres import RunningPostgres, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    with running_postgres() as server:
        yield server
