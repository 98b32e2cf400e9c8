"""The System tab's routes, as operators of each role see them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from core.access import OPERATORS, Principal
from core.limits import Limits
from core.ports import KeyTerms
from pages.console_tabs import shown_tabs, who_html
from pages.console_words import WORDS
from pages.system import SECTIONS, system_routes
from pipelines.services import Services
from tests.pages.console_site import page_of, services_in

ADMIN = Principal("console", "admin")
PASSWORD = "a rather long phrase"


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with services_in(tmp_path) as made:
        yield made


def page(
    services: Services, principal: Principal, language: str = "en"
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return page_of(system_routes(services), principal, language)


async def test_an_operator_is_added_changed_and_disabled(services: Services) -> None:
    async with page(services, ADMIN) as at:
        assert "There are no accounts yet" in (await at.get("/system/operators")).text
        fields = {"name": "Mei", "role": "agent", "password": PASSWORD, "line": ""}
        made = await at.post("/system/operators/create", json=fields)
        assert made.json() == {"message": "mei is added.", "reload": True}
        account = await services.accounts.named("mei")
        assert account
        shown = (await at.get("/system/operators")).text
        assert "<strong>mei</strong>" in shown
        assert PASSWORD not in shown
        change = {"id": account.id, "role": "auditor", "line": "", "password": ""}
        assert "saved" in (await at.post("/system/operators/change", json=change)).json()["message"]
        assert await services.accounts.check("mei", PASSWORD), "an empty password changes none"
        cookie = await services.sessions.begin(account)
        assert (
            "disabled" in (await at.post("/system/operators/able", json={"id": account.id})).json()["message"]
        )
        assert await services.sessions.find(cookie) is None
        again = {"id": account.id, "enable": "yes"}
        assert "enabled" in (await at.post("/system/operators/able", json=again)).json()["message"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("name", "taken", "已经有了"), ("name", "a b", "字母、数字"), ("password", "short", "太容易被猜到"),
        ("role", "emperor", "没有这个角色"),
    ],
)  # fmt: skip
async def test_a_refusal_says_what_to_mend_in_the_readers_language(
    services: Services, field: str, value: str, said: str
) -> None:
    await services.accounts.create("taken", "agent", PASSWORD)
    fields = {"name": "mei", "role": "agent", "password": PASSWORD, "line": "", field: value}
    async with page(services, ADMIN, "zh-CN") as at:
        refused = await at.post("/system/operators/create", json=fields)
        assert refused.status_code == 400
        assert said in refused.json()["error"]["message"]


async def test_a_key_is_shown_once_and_revoked(services: Services) -> None:
    async with page(services, ADMIN) as at:
        fields = {"name": "<b>site</b>", "role": "caller", "line": ""}
        made = (await at.post("/system/keys/create", json=fields)).json()
        (key,) = await services.keys.list()
        text = made["reveal"].split("<code>")[1].split("</code>")[0]
        found = await services.keys.find(text)
        assert found
        assert found.id == key.id
        shown = (await at.get("/system/keys")).text
        assert text not in shown
        assert "<b>site" not in shown
        assert (await at.post("/system/keys/revoke", json={"id": key.id})).json()["message"]
        assert await services.keys.find(text) is None
        assert (await at.post("/system/keys/revoke", json={"id": key.id})).status_code == 400
        assert (await at.post("/system/keys/create", json={**fields, "name": " "})).status_code == 400


async def test_limits_are_set_shown_and_taken_away(services: Services) -> None:
    async with page(services, ADMIN) as at:
        fields = {
            "name": "shop site",
            "role": "caller",
            "line": "",
            "requests_per_minute": "60",
            "scopes": "chat",
        }
        assert (
            await at.post("/system/keys/create", json={**fields, "last_day": "2029-12-31"})
        ).status_code == 200
        (key,) = await services.keys.list()
        assert key.terms == KeyTerms(
            datetime(2030, 1, 1, tzinfo=UTC), ("chat",), Limits(requests_per_minute=60)
        )
        shown = (await at.get("/system/keys")).text
        assert (
            'name="requests_per_minute" min="1" max="1000000000000" step="1" inputmode="numeric" placeholder="No limit" value="60"'
            in shown
        )
        assert 'value="2029-12-31"' in shown
        assert 'value="chat" checked' in shown
        assert "Valid until 2029-12-31" in shown
        change = {"id": key.id, "requests_per_minute": "", "last_day": "", "token_budget": "5000"}
        assert "saved" in (await at.post("/system/keys/change", json=change)).json()["message"]
        (key,) = await services.keys.list()
        assert key.terms == KeyTerms(limits=Limits(token_budget=5_000))
        assert "0 of 5,000 tokens used" in (await at.get("/system/keys")).text


async def test_what_is_no_limit_is_refused_in_words(services: Services) -> None:
    async with page(services, ADMIN, "zh-CN") as at:
        fields = {"name": "网站", "role": "caller", "line": ""}
        for wrong, said in (
            ({"streams": "-1"}, "正整数"),
            ({"streams": "²"}, "正整数"),
            ({"tokens_per_day": "9" * 30}, "正整数"),
            ({"last_day": "2020-01-01"}, "有效期"),
            ({"last_day": "9999-12-31"}, "有效期"),
            ({"scopes": ["chat", "everything"]}, "接口"),
        ):
            refused = await at.post("/system/keys/create", json={**fields, **wrong})
            assert refused.status_code == 400
            assert said in refused.json()["error"]["message"]
        assert await services.keys.list() == []
        assert (await at.post("/system/keys/change", json={"id": "key-1", "streams": "1"})).status_code == 400


async def test_who_is_bound_to_a_line_stays_on_it(services: Services) -> None:
    from knowledge.starter import starter_lines
    from pipelines.upkeep import plant_lines

    await plant_lines(services, starter_lines())
    bound = Principal("console", "admin", "op-1", "shop", "li")
    elsewhere = await services.accounts.create("bank-agent", "agent", None, line="bank")
    await services.keys.create("everywhere", "admin")
    async with page(services, bound) as at:
        assert "bank-agent" not in (await at.get("/system/operators")).text
        assert "everywhere" not in (await at.get("/system/keys")).text
        fields = {"name": "mei", "role": "admin", "password": PASSWORD}
        assert (await at.post("/system/operators/create", json={**fields, "line": "bank"})).status_code == 403
        assert (await at.post("/system/operators/create", json=fields)).status_code == 200
        assert (await services.accounts.named("mei")).line == "shop"  # type: ignore[union-attr]
        change = {"id": elsewhere.id, "role": "admin", "line": "shop"}
        assert (await at.post("/system/operators/change", json=change)).status_code == 404
        unbind = {"id": (await services.accounts.named("mei")).id, "role": "admin", "line": ""}  # type: ignore[union-attr]
        assert (await at.post("/system/operators/change", json=unbind)).status_code == 403
        assert (await at.post("/system/keys/create", json={"name": "x", "role": "admin"})).status_code == 200
        assert (await services.keys.list())[-1].line == "shop"


@pytest.mark.parametrize("role", [*OPERATORS, "visitor"])
async def test_a_role_sees_its_own_sections_and_reaches_no_other(services: Services, role: str) -> None:
    principal = Principal("console", role, "op-1")
    async with page(services, principal) as at:
        frame = await at.get("/system/frame")
        mine = [make() for make in SECTIONS if principal.may(make().right)]
        assert frame.status_code == (200 if mine else 404)
        for section in (make() for make in SECTIONS):
            assert (f'data-section="{section.name}"' in frame.text) is (section in mine)
            expected = 200 if principal.may(section.right) else 403
            assert (await at.get(f"/system/{section.name}")).status_code == expected


def test_every_section_has_its_words() -> None:
    for section in (make() for make in SECTIONS):
        for language in WORDS:
            assert WORDS[language][f"system_{section.name}"]
            assert WORDS[language][f"system_{section.name}_purpose"]


def test_each_role_has_its_tabs() -> None:
    tabs = {role: list(shown_tabs(Principal("console", role))) for role in (*OPERATORS, "visitor", "caller")}
    assert tabs["agent"] == tabs["caller"] == ["chat"]
    assert tabs["manager"][:4] == ["chat", "knowledge", "prompts", "analytics"]
    assert tabs["auditor"][0] == "analytics"
    assert tabs["admin"] == ["chat", "knowledge", "prompts", "analytics", "system"]
    assert tabs["visitor"] == ["chat", "knowledge"]


def test_the_operators_name_stands_above_the_tabs_escaped() -> None:
    shown = who_html(Principal("console", "agent", "op-1", name="<i>mei"), "en")
    assert "&lt;i&gt;mei" in shown
    assert 'action="/logout"' in shown
    assert "/login" in who_html(Principal("visitor", "visitor", "x"), "en")
