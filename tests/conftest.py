"""What several rooms' tests share: one real PostgreSQL for the whole run, started when the first test asks; and that
a busy machine fails no test of properties, neither by a slow example nor by a slow search for one."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.postgres import RunningPostgres, running_postgres

settings.register_profile(
    "busy", settings.get_profile(settings.get_current_profile_name()), deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
settings.load_profile("busy")


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    with running_postgres() as server:
        yield server
