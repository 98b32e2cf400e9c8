"""Retention over a real database: what has expired is gone everywhere, and no jump of a clock makes it go early."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from app import build_services, close_index
from core.messages import Question
from core.security import Act, AuditFilter
from core.settings import Settings
from core.words import WordHit
from pipelines.retention import SteadyClock, purge_and_note, purge_daily, running_seconds
from pipelines.services import Services
from storage.retention import purge

DAY = 86_400.0
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@dataclass
class Hands:
    """Two clocks on the wall and in the machine, set by hand."""

    wall: datetime = NOON
    counted: float = 1000.0

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.counted)

    def run(self, seconds: float, *, wall: float | None = None) -> None:
        """Time goes by; on the wall another amount where given."""
        self.counted += seconds
        self.wall += timedelta(seconds=seconds if wall is None else wall)


def test_a_steady_clock_is_believed_with_its_drift() -> None:
    hands = Hands()
    clock = hands.clock()
    for _ in range(100):
        hands.run(3600, wall=3630)
        assert clock.look() == hands.wall


@pytest.mark.parametrize("jump", [DAY, 3650 * DAY, 600.0])
def test_a_jump_forward_is_not_believed_until_it_has_held_for_a_day(jump: float) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.run(3600)
    clock.look()
    hands.run(3600, wall=3600 + jump)
    real = NOON + timedelta(hours=2)
    assert clock.look() == real
    for _ in range(23):
        hands.run(3600)
        real += timedelta(hours=1)
        assert clock.look() == real, "what expires meanwhile is purged in time"
    hands.run(3600)
    assert clock.look() == hands.wall, "a clock that held for a day is right"


def test_a_jump_that_is_taken_back_has_changed_nothing() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.run(60, wall=60 + DAY)
    assert clock.look() == NOON + timedelta(seconds=60)
    hands.run(60, wall=60 - DAY)
    assert clock.look() == hands.wall == NOON + timedelta(seconds=120)


def test_a_jump_back_is_followed_at_once_since_late_can_be_mended() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.run(60, wall=-30 * DAY)
    assert clock.look() == hands.wall
    hands.run(DAY)
    assert clock.look() == hands.wall


def test_the_machine_counts_seconds() -> None:
    assert running_seconds() <= running_seconds()
    assert SteadyClock().look() - datetime.now(UTC) < timedelta(seconds=5)


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    settings = Settings(_env_file=None, data_dir=tmp_path, engine="quoted", retention_days=30)
    made = build_services(settings)
    await made.database.start()
    yield made
    await close_index(made)
    await made.database.aclose()


async def conversation(services: Services, customer: str) -> str:
    """One with everything that can hang on it."""
    owner = f"key:k/{customer}"
    question = Question(f"canary {customer}", owner, "api", "r", customer=customer)
    turn = await services.log.begin(question, "shop")
    await services.log.rate(turn.id, owner, -1, f"canary {customer}")
    text = f"canary {customer}".encode()
    await services.attach.add(owner, "shop", "api", turn.conversation_id, "a.txt", text, customer)
    hit = WordHit(datetime.now(UTC), "shop", turn.id, "input", "w1", "w", "c", "flag")
    await services.words.note(
        [hit, WordHit(datetime.now(UTC), "shop", None, "input", "w1", "w", "c", "flag")]
    )
    return turn.conversation_id


def rows(services: Services) -> dict[str, int]:
    with closing(sqlite3.connect(services.settings.data_dir / "xiaoq.db")) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {
            table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
            for table in tables
        }


async def test_what_has_expired_is_gone_from_every_table_and_file_and_one_entry_says_so(
    services: Services,
) -> None:
    await conversation(services, "old")
    await services.sessions.begin(None)
    kept = ("audit", "alembic_version", "sqlite_sequence", "key_ring", "seal_total", "word_version", "line")
    empty = {table: 0 for table, count in rows(services).items() if count and table not in kept}
    assert {
        "conversation",
        "turn",
        "feedback",
        "attachment",
        "attachment_chunk",
        "subject",
        "word_hit",
    } <= set(empty)
    await services.audit.note("key:1", Act.TRANSCRIPT_READ, object="conv-old", subject="key:k/~old")
    now = datetime.now(UTC)
    assert await purge_and_note(services, now + timedelta(days=29, hours=23))
    assert rows(services)["conversation"] == 1
    assert await purge_and_note(services, now + timedelta(days=30, minutes=1))
    assert {table: count for table, count in rows(services).items() if table in empty} == empty
    last, before, read = await services.audit.entries(AuditFilter())
    assert (last.actor, last.act, last.detail["days"]) == ("xiaoq:retention", "retention", 30)
    assert {name: last.detail[name] for name in ("conversation", "subject", "word_hit")} == {
        "conversation": 1, "subject": 1, "word_hit": 1,
    }  # fmt: skip
    assert (before.detail["conversation"], before.detail["session"]) == (0, 1)
    assert read.subject == "key:k/~old", "the audit keeps its entries"
    assert (await services.verify_rows(None)).whole
    assert (await services.audit.verify()).whole


async def test_nothing_is_purged_early_when_the_wall_clock_jumps_a_day(services: Services) -> None:
    await conversation(services, "young")
    hands = Hands(wall=datetime.now(UTC) + timedelta(days=29, hours=1))
    clock = hands.clock()
    assert await purge_and_note(services, clock.look())
    hands.run(3600, wall=3600 + DAY)
    assert await purge_and_note(services, clock.look())
    assert rows(services)["conversation"] == 1
    for _ in range(21):
        hands.run(3600)
        await purge_and_note(services, clock.look())
    assert rows(services)["conversation"] == 1, "its thirty days are not over"
    for _ in range(2):
        hands.run(3600)
        await purge_and_note(services, clock.look())
    assert rows(services)["conversation"] == 0, "and when they are it goes, the clock still in doubt"
    hands.run(3600)
    assert clock.look() == hands.wall


async def test_conversations_that_are_kept_for_good_stay_whatever_their_age(services: Services) -> None:
    await conversation(services, "kept")

    async def forever(now: datetime) -> object:
        return await purge(services.database, 0, now)  # type: ignore[arg-type]

    unlimited = replace(services, purge=forever)  # type: ignore[arg-type]
    assert await purge_and_note(unlimited, datetime.now(UTC) + timedelta(days=9999))
    assert rows(services)["conversation"] == 1


async def test_a_purge_follows_the_last_one_within_a_day(services: Services) -> None:
    hands = Hands()

    def an_hour_later() -> datetime:
        hands.run(3600)
        return hands.wall

    clock = SteadyClock(an_hour_later, lambda: hands.counted)
    work = asyncio.create_task(purge_daily(services, clock, pause=0))
    async with asyncio.timeout(30):
        while (  # noqa: ASYNC110 - the audit has no event to wait for
            len(purges := await services.audit.entries(AuditFilter(act="retention"))) < 3
        ):
            await asyncio.sleep(0.05)
    work.cancel()
    await asyncio.wait([work])
    times = [datetime.fromisoformat(str(entry.detail["until"])) for entry in reversed(purges)][:3]
    assert [later - earlier for earlier, later in pairwise(times)] == [timedelta(hours=23)] * 2


async def test_a_purge_that_cannot_be_done_is_tried_again(services: Services) -> None:
    await services.database.aclose()
    assert not await purge_and_note(services, datetime.now(UTC))
