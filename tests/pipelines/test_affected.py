"""Who is affected by a breach, over a real database: by period, by line, and by what one actor took."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import build_services, close_index
from core.messages import Question
from core.ports import TranscriptFilter
from core.security import AuditFilter
from core.settings import Settings
from pipelines.affected import affected, affected_csv
from pipelines.audited import open_conversation, turns_to_export, unmask_conversation
from pipelines.services import Services
from pipelines.subject import export_customer

THIEF = "key:key-stolen"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    made = build_services(Settings(_env_file=None, data_dir=tmp_path, engine="quoted"))
    await made.database.start()
    yield made
    await close_index(made)
    await made.database.aclose()


async def conversation(services: Services, customer: str, line: str = "shop") -> str:
    question = Question("怎么退货?", f"key:k/{customer}", "api", "r", customer=customer)
    return (await services.log.begin(question, line)).conversation_id


async def names(services: Services, where: TranscriptFilter, by: str | None = None) -> list[str]:
    return sorted(row.customer for row in await affected(services, "cli:me", where, by))


async def test_a_period_and_a_line_list_their_customers(services: Services) -> None:
    before = datetime.now(UTC)
    for customer, line in (("ann", "shop"), ("ann", "bank"), ("=bob", "shop"), ("eve", "bank")):
        await conversation(services, customer, line)
    own = Question("trial", "console:operator", "console", "r")
    await services.log.begin(own, "shop")
    await services.log.begin(Question("nameless", "key:k/", "api", "r"), "shop")
    after = datetime.now(UTC) + timedelta(seconds=1)
    assert await names(services, TranscriptFilter(since=before, until=after)) == ["", "=bob", "ann", "eve"]
    assert await names(services, TranscriptFilter(since=after)) == []
    assert await names(services, TranscriptFilter(until=before)) == []
    assert await names(services, TranscriptFilter(line="bank")) == ["ann", "eve"]
    told: list[tuple[int, int]] = []
    rows = await affected(services, "cli:me", TranscriptFilter(), None, lambda *done: told.append(done))
    assert told[-1] == (4, 4)
    (ann,) = (row for row in rows if row.customer == "ann")
    assert (ann.conversations, ann.lines) == (2, ["bank", "shop"])
    read = list(csv.DictReader(io.StringIO(affected_csv(rows).decode("utf-8-sig"))))
    assert {row["customer"] for row in read} == {"", "'=bob", "ann", "eve"}
    assert all("~" in row["pseudonym"] or row["pseudonym"] == "key:k/" for row in read)
    entry = (await services.audit.entries(AuditFilter(limit=1)))[0]
    assert (entry.actor, entry.act, entry.object, entry.detail) == (
        "cli:me", "exported", "affected.csv", {"rows": 4},
    )  # fmt: skip


async def test_what_an_actor_took_lists_those_whose_it_was(services: Services) -> None:
    ids = {name: await conversation(services, name) for name in ("read", "plain", "given", "left", "others")}
    banker = await conversation(services, "banker", "bank")
    before = datetime.now(UTC)
    await open_conversation(services, THIEF, ids["read"])
    await unmask_conversation(services, THIEF, ids["plain"], "because")
    await export_customer(services, THIEF, "given")
    await open_conversation(services, "key:other", ids["others"])
    everything = TranscriptFilter(since=before)
    assert await names(services, everything, THIEF) == ["given", "plain", "read"]
    assert await names(services, everything, "key:other") == ["others"]
    assert await names(services, TranscriptFilter(until=before), THIEF) == []
    await turns_to_export(services, THIEF, TranscriptFilter(line="bank", text="退货"), "transcripts.csv")
    await conversation(services, "later", "bank")
    assert await names(services, everything, THIEF) == ["banker", "given", "plain", "read"]
    assert await names(services, TranscriptFilter(since=before, line="bank"), THIEF) == ["banker"]
    assert banker
