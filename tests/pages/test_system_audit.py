"""The System tab's audit: verified whole or broken, read, filtered and paged, in the reader's language."""

import ast
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.access import Principal
from core.security import Act, AuditEntry, Verdict
from pages.console_words import WORDS, words
from pages.system_audit import PAGE, _object
from pages.system_audit_words import broken_place, broken_reason
from pipelines.services import Services
from tests.pages.test_system import page, services

__all__ = ["services"]  # the fixture
AUDITOR = Principal("console", "auditor", "op-1")


def altered(services: Services, change: str) -> None:
    """Somebody writes into the database behind XiaoQ's back."""
    with closing(
        sqlite3.connect(services.settings.data_dir / "xiaoq.db", isolation_level=None)
    ) as connection:
        assert connection.execute(change).rowcount > 0


async def test_a_whole_chain_says_what_was_checked_with_an_anchor_to_copy(services: Services) -> None:
    for _ in range(2):
        await services.audit.note("local:", Act.SIGNED_IN)
    async with page(services, AUDITOR) as at:
        anchor = await services.audit.anchor()
        assert anchor
        shown = (await at.post("/system/audit/verify", json={})).json()["reveal"]
        assert "All is whole." in shown
        assert "Audit entries checked: 2." in shown
        assert f'data-copy="2 {anchor.digest}"' in shown
        assert "Verified" in (await at.get("/system/audit/entries?act=verified")).text


async def test_a_broken_link_is_named_in_the_readers_language(services: Services) -> None:
    for reason in ("one", "two"):
        await services.audit.note("local:", Act.UNMASKED, reason=reason)
    altered(services, "UPDATE audit SET reason = 'none' WHERE number = 2")
    async with page(services, AUDITOR, "zh") as at:
        shown = (await at.post("/system/audit/verify", json={})).json()["reveal"]
        assert "第一处断裂在审计记录第 2 条" in shown
        assert "这条记录被改动" in shown
        assert "已核对 1 项" in shown
        assert "data-copy" not in shown
        assert "未通过" in (await at.get("/system/audit/entries")).text
    async with page(services, AUDITOR, "en") as at:
        shown = (await at.post("/system/audit/verify", json={})).json()["reveal"]
        assert "The first broken link is audit entry 2." in shown


async def test_anchors_that_cannot_be_read_are_said_so(services: Services, tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    file.write_text("no anchor\n")
    settings = services.settings.model_copy(update={"audit_anchor": file})
    async with page(replace(services, settings=settings), AUDITOR) as at:
        refused = await at.post("/system/audit/verify", json={})
        assert refused.status_code == 400
        assert "XIAOQ_AUDIT_ANCHOR" in refused.json()["error"]["message"]


async def test_entries_name_who_did_what_to_which_object_and_escape_it_all(services: Services) -> None:
    mei = await services.accounts.create("mei", "manager", "a rather long phrase")
    key, _ = await services.keys.create("<b>site", "admin")
    await services.audit.note(
        f"console:{mei.id}", Act.UNMASKED, object="conv-1", subject="chat:~abc", reason="<i>退款"
    )
    await services.audit.note(f"key:{key.id}", Act.KEY_REVOKED, object=key.id)
    await services.audit.note("xiaoq:retention", Act.RETENTION)
    await services.audit.note("stranger", Act.SIGN_IN_FAILED)
    await services.audit.note("martian:{x", Act.EXPORTED)
    async with page(services, AUDITOR, "zh") as at:
        shown = (await at.get("/system/audit", headers={"x-time-zone": "Asia/Shanghai"})).text
        for text in (">mei<", "查看隐去的个人信息", "conv-1", "<code>chat:~abc</code>", "&lt;i&gt;退款", "密钥“&lt;b&gt;site”",
                     ">小Q<", "到期清理", "未登录的人", "martian:&#123;x"):  # fmt: skip
            assert text in shown, text
        assert "<b>site" not in shown
        only = (await at.get("/system/audit/entries?act=retention&days=all")).text
        assert only.count("<tr>") == 2
        assert "到期清理" in only
        assert "没有符合条件的审计记录" in (await at.get("/system/audit/entries?act=restored")).text


async def test_times_are_in_the_readers_zone_and_a_spoiled_one_spoils_no_page(services: Services) -> None:
    await services.audit.note("local:", Act.BACKED_UP)
    altered(services, "UPDATE audit SET at = '2026-01-01 20:00:00.000000'")
    async with page(services, AUDITOR) as at:
        zone = {"x-time-zone": "Asia/Shanghai"}
        assert "2026-01-02 04:00" in (await at.get("/system/audit/entries?days=all", headers=zone)).text
        assert "No entries match" in (await at.get("/system/audit/entries?days=7")).text
        altered(services, "UPDATE audit SET at = 'x'")
        spoiled = await at.get("/system/audit/entries?days=all", headers={"x-time-zone": "America/New_York"})
        assert "Backed up" in spoiled.text


async def test_older_entries_are_a_press_away(services: Services) -> None:
    for number in range(PAGE + 3):
        await services.audit.note("local:", Act.EXPORTED, object=f"file-{number}.csv")
    async with page(services, AUDITOR) as at:
        first = (await at.get("/system/audit/entries?act=exported")).text
        assert f"file-{PAGE + 2}.csv" in first
        assert "file-2.csv" not in first
        assert "Back to the newest" not in first
        query = first.split('data-query="')[1].split('"')[0].replace("&amp;", "&")
        second = (await at.get(f"/system/audit/entries?{query}")).text
        assert [f"file-{number}.csv" in second for number in (3, 2, 1, 0)] == [False, True, True, True]
        assert "Older entries" not in second
        assert "Back to the newest" in second
        for nonsense in ("before=x", "before=-1", "before=" + "9" * 40, "days=x", "act=<b>"):
            assert (await at.get(f"/system/audit/entries?{nonsense}")).status_code == 200


@pytest.mark.parametrize("language", WORDS)
def test_every_act_has_its_words(language: str) -> None:
    assert all(words(language)[f"act_{act.value}"] for act in Act)


def test_every_reason_of_a_verification_is_said_in_chinese() -> None:
    reasons = set()
    for file in ("storage/audit.py", "storage/verify.py"):
        for node in ast.walk(ast.parse(Path(file).read_text(encoding="utf-8"))):
            name = getattr(node, "func", None) and ast.unparse(node.func).split(".")[-1]  # type: ignore[attr-defined]
            if name in ("broken", "_Broken", "Verdict"):
                told = node.args[-1]  # type: ignore[attr-defined]
                if isinstance(told, ast.Constant) and isinstance(told.value, str):
                    reasons.add(told.value)
    assert len(reasons) > 10
    reasons.add("Entries up to 12 were cut off: their digests were kept elsewhere.")
    for reason in reasons:
        assert broken_reason(Verdict(False, 0, "", reason), "zh") != reason, reason
        assert broken_reason(Verdict(False, 0, "", reason), "en") == reason


def test_a_place_of_another_kind_is_named_as_it_is() -> None:
    say = words("en")
    assert broken_place(Verdict(False, 0, "else {where}"), say) == "else {where}"
    assert broken_place(Verdict(False, 0, "key_ring"), say) == "the key ring"
    assert broken_place(Verdict(False, 0, "conversation {x}"), say) == "conversation {x}"


def test_an_object_is_shown_by_its_name() -> None:
    entry = AuditEntry(1, datetime.now(UTC), "local:", "key_created", "key-1", detail={"name": "site"})
    assert _object(entry, {"key-1": "site"}) == "site"
    assert _object(entry, {}) == "key-1<br>site"


@pytest.mark.parametrize("role", ["agent", "manager"])
async def test_only_auditors_see_the_section(services: Services, role: str) -> None:
    async with page(services, Principal("console", role)) as at:
        assert (await at.get("/system/audit")).status_code == 403
        assert (await at.post("/system/audit/verify", json={})).status_code == 403
