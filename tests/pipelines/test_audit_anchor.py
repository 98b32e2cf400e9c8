"""The audit's last link, kept elsewhere while the app runs and once more when it stops."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import build_services, close_index
from core.security import Act, AuditFilter
from core.settings import Settings
from pipelines.audit_anchor import anchor_hourly, read_anchors, write_anchor
from pipelines.audit_check import verify
from pipelines.services import Services
from pipelines.snapshots import note_recovery


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    file, data = tmp_path / "elsewhere.txt", tmp_path / "data"
    made = build_services(Settings(_env_file=None, data_dir=data, engine="quoted", audit_anchor=file))
    await made.database.start()
    yield made
    await close_index(made)
    await made.database.aclose()


async def test_it_is_written_at_start_and_at_stop_where_it_changed(services: Services) -> None:
    file = services.settings.audit_anchor
    assert file is not None
    await services.audit.note("a", Act.EXPORTED)
    work = asyncio.create_task(anchor_hourly(services))
    async with asyncio.timeout(60):
        while not file.exists():  # noqa: ASYNC110 - a file has no event to wait for
            await asyncio.sleep(0.01)
    await services.audit.note("b", Act.EXPORTED)
    work.cancel()
    await asyncio.wait([work])
    assert [anchor.number for anchor in read_anchors(file)] == [1, 2]
    again = asyncio.create_task(anchor_hourly(services))
    await asyncio.sleep(0.1)
    again.cancel()
    await asyncio.wait([again])
    assert {anchor.number for anchor in read_anchors(file)} == {1, 2}


async def test_a_verification_holds_the_chain_against_the_file_by_itself(services: Services) -> None:
    file = services.settings.audit_anchor
    assert file is not None
    await services.audit.note("a", Act.EXPORTED)
    assert (await verify(services, "me")).whole, "there is no file yet"
    file.write_text(f"1 {'0' * 64} 2026-11-25T12:00:00Z\n")
    verdict = await verify(services, "me")
    assert (verdict.whole, verdict.place) == (False, "audit 1")


async def test_after_a_recovery_it_says_which_entries_are_gone(tmp_path: Path) -> None:
    file, data = tmp_path / "elsewhere.txt", tmp_path / "data"
    settings = Settings(_env_file=None, data_dir=data, engine="quoted", audit_anchor=file)
    services = build_services(settings)
    await services.database.start()
    await services.audit.note("a", Act.EXPORTED)
    await write_anchor(services, None)
    assert await services.snapshots.keep()
    for _ in range(3):
        await services.audit.note("b", Act.EXPORTED)
    await write_anchor(services, None)
    await close_index(services)
    await services.database.aclose()
    (data / "xiaoq.db").write_bytes(b"not a database")
    await asyncio.sleep(1)  # anchors name whole seconds
    again = build_services(settings)
    await again.database.start()
    await note_recovery(again)
    verdict = await verify(again, "me")
    assert verdict.whole
    assert verdict.reason.startswith("Entries 2 to 4 of before the restore of")
    restored = await again.audit.entries(AuditFilter(act=Act.RESTORED.value))
    assert [(one.number, one.actor, one.reason) for one in restored] == [(2, "xiaoq:recovery", "damaged")]
    file.write_text(file.read_text() + f"2 {'0' * 64} 2099-01-01T00:00:00Z\n")
    assert not (await verify(again, "me")).whole, "an anchor from after the restore counts"
    await close_index(again)
    await again.database.aclose()
