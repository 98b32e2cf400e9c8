"""The System tab's section on one customer: found by name or pseudonym, given out, erased, and noted in the audit."""

from pathlib import Path

import pytest

from app import build_services, close_index
from core.access import Principal
from core.messages import Question, StoredTurn
from core.ports import TranscriptFilter
from core.security import Act, AuditFilter
from core.settings import Settings
from pipelines.services import Services
from tests.pages.test_system import ADMIN, page, services

__all__ = ["services"]  # the fixture
MEI, LI = "mei@example.com", "<li>"


async def asked(services: Services, customer: str, text: str) -> None:
    owner = Principal("key", "caller", "k-1").owner(customer)
    await services.log.begin(Question(text, owner, "api", "r", customer=customer), "shop")


async def kept(services: Services) -> list[StoredTurn]:
    return [*await services.transcripts.turns(TranscriptFilter())]


async def test_what_is_kept_is_shown_in_figures_and_not_in_words(services: Services) -> None:
    await asked(services, MEI, "secret words")
    await asked(services, MEI, "more of them")
    async with page(services, ADMIN) as at:
        assert "Look up" in (await at.get("/system/customers")).text
        found = await at.post("/system/customers/find", json={"customer": f" {MEI} ", "reason": "request 7"})
        shown = found.json()["reveal"]
        assert "<dt>Conversations</dt><dd>2</dd>" in shown
        assert "<dt>Questions and answers</dt><dd>2</dd>" in shown
        assert "secret words" not in shown
        (pseudonym,) = await services.subjects.owners(MEI)
        assert pseudonym in shown
        by_pseudonym = await at.post("/system/customers/find", json={"customer": pseudonym})
        assert "<dd>2</dd>" in by_pseudonym.json()["reveal"]


async def test_everything_is_downloaded_and_noted(services: Services) -> None:
    await asked(services, MEI, "mine")
    await asked(services, LI, "not mine")
    async with page(services, ADMIN) as at:
        shown = (await at.post("/system/customers/find", json={"customer": MEI, "reason": "a&b"})).json()[
            "reveal"
        ]
        link = shown.split('href="')[1].split('"')[0].replace("&amp;", "&")
        given = await at.get(link)
        assert given.headers["content-disposition"] == 'attachment; filename="xiaoq-customer.json"'
        assert given.headers["cache-control"] == "no-store"
        assert [each["turns"][0]["question"] for each in given.json()["conversations"]] == ["mine"]
        (entry,) = await services.audit.entries(AuditFilter(act=Act.CUSTOMER_EXPORTED))
        assert (entry.actor, entry.reason) == (ADMIN.actor, "a&b")


async def test_erasing_asks_first_and_says_what_went(services: Services) -> None:
    await asked(services, LI, "gone soon")
    await asked(services, MEI, "stays")
    async with page(services, ADMIN, "zh") as at:
        shown = (await at.post("/system/customers/find", json={"customer": LI})).json()["reveal"]
        assert "<li>" not in shown
        assert 'data-customer="&lt;li&gt;"' in shown
        assert "密钥会一并销毁，任何人都无法恢复" in shown
        erased = (
            await at.post("/system/customers/erase", json={"customer": LI, "reason": "本人要求"})
        ).json()
        assert erased["reload"]
        assert "“<li>”的数据已永久删除（对话 1 · 问答 1），密钥已一并销毁" in erased["message"]
        assert [turn.question for turn in await kept(services)] == ["stays"]
        done, begun = await services.audit.entries(AuditFilter(act=Act.CUSTOMER_ERASED))
        assert (begun.reason, done.detail["state"]) == ("本人要求", "done")
        again = await at.post("/system/customers/erase", json={"customer": LI})
        assert again.status_code == 400
        assert "没有保存这位客户的任何数据" in again.json()["error"]["message"]


async def test_backups_that_do_not_follow_an_erasure_are_said_so(tmp_path: Path) -> None:
    away = tmp_path / "unplugged"
    settings = Settings(_env_file=None, data_dir=tmp_path / "data", engine="quoted", backup_dir=away)
    services = build_services(settings)
    await services.database.start()
    try:
        await asked(services, MEI, "mine")
        async with page(services, ADMIN) as at:
            told = await at.post("/system/customers/erase", json={"customer": MEI})
            assert "older backups may still be read" in told.json()["error"]["message"]
        assert await kept(services) == []
    finally:
        await services.ingest.aclose()
        await close_index(services)
        await services.engine.aclose()
        await services.database.aclose()


@pytest.mark.parametrize(
    ("customer", "said"), [("nobody", "Nothing is kept"), (" ", "Please give"), ("x" * 257, "Please give")]
)
async def test_who_is_not_there_is_said_so(services: Services, customer: str, said: str) -> None:
    await asked(services, "x" * 256, "not to be touched by a name that was cut")
    async with page(services, ADMIN) as at:
        for reply in (
            await at.post("/system/customers/find", json={"customer": customer}),
            await at.post("/system/customers/erase", json={"customer": customer}),
            await at.get("/system/customers/download", params={"customer": customer}),
        ):
            assert reply.status_code == 400
            assert said in reply.json()["error"]["message"]
    assert len(await kept(services)) == 1
    assert not await services.audit.entries(AuditFilter())


async def test_an_operator_of_one_line_may_not(services: Services) -> None:
    await asked(services, MEI, "mine")
    async with page(services, Principal("console", "admin", "op-1", "shop")) as at:
        assert "belongs to one business line" in (await at.get("/system/customers")).text
        for reply in (
            await at.post("/system/customers/find", json={"customer": MEI}),
            await at.post("/system/customers/erase", json={"customer": MEI}),
            await at.get("/system/customers/download", params={"customer": MEI}),
        ):
            assert reply.status_code == 403
    assert len(await kept(services)) == 1


@pytest.mark.parametrize("role", ["agent", "manager", "auditor"])
async def test_only_who_has_the_right_sees_the_section(services: Services, role: str) -> None:
    async with page(services, Principal("console", role)) as at:
        assert (await at.get("/system/customers")).status_code == 403
        assert (await at.post("/system/customers/erase", json={"customer": MEI})).status_code == 403
