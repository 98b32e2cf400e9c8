"""The Prompts tab's business line, as managers see and change it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.access import Principal
from core.line_fields import LineFields, fields_of
from core.messages import BusinessLine
from knowledge.starter import starter_lines
from pages.chosen_line import line_names
from pages.prompts import prompts_routes
from pages.prompts_line_fields import GROUPS, print_of
from pages.prompts_line_words import LINE_WORDS, TONGUES
from pipelines.sentences import all_sentences
from pipelines.services import Services
from pipelines.upkeep import plant_lines
from tests.pages.console_site import page_of, services_in

MANAGER = Principal("console", "manager", "op-1")


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    async with services_in(tmp_path) as made:
        await plant_lines(made, starter_lines())
        yield made


def page(
    services: Services, principal: Principal = MANAGER, language: str = "en"
) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    return page_of(prompts_routes(services), principal, language, line="shop")


async def sent(services: Services, group: str, **fields: Any) -> dict[str, Any]:
    """What the browser sends for a group: the print of what it was shown, and its fields."""
    line = await services.lines.get("shop")
    assert line
    kind = next(each for each in GROUPS if each.name == group)
    named = {name.replace("__", "."): value for name, value in fields.items()}
    return {"group": group, "was": print_of(line, kind), **named}


CHANGES: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
    (
        "identity",
        {"names__zh": "新店", "names__en": " ", "contact__zh": "打 400-000-0002", "names__added": "Laden",
         "added": "de", "bases": ["shared", "bank"]},
        {"names": {"zh": "新店", "de": "Laden"}, "contact": {"zh": "打 400-000-0002"},
         "bases": ["shop", "shared", "bank"]},
    ),
    (
        "voice",
        {"persona": " 你是小柚。 ", "greeting__zh": "嗨", "suggestions__zh": "一\n\n 二 "},
        {"persona": "你是小柚。", "greeting": {"zh": "嗨"}, "suggestions": {"zh": ["一", "二"]}},
    ),
    (
        "hours",
        {"time_zone": "Europe/Berlin", "hours__mon": "9:00–12:00，13：00 至 18:00", "hours__sun": ""},
        {"time_zone": "Europe/Berlin", "hours": {"mon": ["09:00-12:00", "13:00-18:00"]}},
    ),
    (
        "languages",
        {"languages__pinned": "zh", "languages__forbidden": "de", "glossary": "Pomelo\n"},
        {"languages": {"pinned": "zh", "allowed": [], "forbidden": ["de"]}, "glossary": ["Pomelo"]},
    ),
    (
        "handoff",
        {"handoff__words": "投诉\n律师", "handoff__after_unanswered": "2", "handoff__keep_open": "yes"},
        {"handoff": {"words": ["投诉", "律师"], "after_unanswered": 2, "keep_open": True}},
    ),
    (
        "generation",
        {"generation__temperature": "0.3", "generation__top_p": "1", "generation__max_tokens": "8192",
         "generation__model": "shop-lora"},
        {"generation": {"temperature": 0.3, "top_p": 1, "max_tokens": 8192, "model": "shop-lora"}},
    ),
    (
        "frequent",
        {"frequent__cache": "yes", "frequent__cache_seconds": "90"},
        {"frequent": {"approved": False, "cache": True, "cache_seconds": 5400, "semantic": False, "threshold": None}},
    ),
)  # fmt: skip


@pytest.mark.parametrize(("group", "fields", "expected"), CHANGES)
async def test_a_group_is_changed_and_shown_as_it_is_now(
    services: Services, group: str, fields: Mapping[str, Any], expected: Mapping[str, Any]
) -> None:
    async with page(services) as at:
        told = await at.post("/prompts/line/change", json=await sent(services, group, **fields))
        assert told.status_code == 200, told.text
        (place,) = told.json()["replace"]
        shown = told.json()["replace"][place]
        assert place == f"xq-line-{group}"
        assert "Saved." in shown
        line = await services.lines.get("shop")
        assert line
        assert {name: fields_of(line)[name] for name in expected} == expected
        again = await at.post("/prompts/line/change", json=await sent(services, group, **fields))
        assert again.status_code == 200, "what was shown after saving can be saved again"


def test_the_groups_hold_every_field_of_a_line() -> None:
    assert {name for group in GROUPS for name in group.fields} == set(LineFields.model_fields) - {"archived"}
    assert {group for group, _, _ in CHANGES} == {group.name for group in GROUPS}


@pytest.mark.parametrize(
    ("group", "fields", "param", "said"),
    [
        ("identity", {}, "names", "请填写内容"),
        ("identity", {"names__zh": "x" * 501}, "names.zh", "最多 500 个字符"),
        ("identity", {"names__zh": "x", "names__added": "y"}, "names.added", "请选择语言"),
        ("hours", {"time_zone": "Asia/Peking"}, "time_zone", "没有这个时区"),
        ("hours", {"time_zone": "UTC", "hours__tue": "上午"}, "hours.tue", "09:00-18:00"),
        ("hours", {"time_zone": "UTC", "hours__tue": "09:00-09:00"}, "hours.tue", "不能相同"),
        ("languages", {"languages__pinned": "de", "languages__forbidden": "de"}, "languages.pinned", "又被禁用"),
        ("languages", {"languages__allowed": "de", "languages__forbidden": "de"}, "languages.forbidden", "又允许|既允许"),
        ("handoff", {"handoff__after_unanswered": "0"}, "handoff.after_unanswered", "不能小于 1"),
        ("handoff", {"handoff__after_unanswered": "两次"}, "handoff.after_unanswered", "请填整数"),
        ("generation", {"generation__temperature": "热"}, "generation.temperature", "请填数字"),
        ("generation", {"generation__max_tokens": "9000"}, "generation.max_tokens", "不能大于 8192"),
        ("generation", {"generation__top_p": "0"}, "generation.top_p", "要大于 0"),
        ("frequent", {"frequent__cache_seconds": "0"}, "frequent.cache_seconds", "不能小于 1"),
    ],
)  # fmt: skip
async def test_a_bad_value_is_said_at_its_field_in_the_readers_language(
    services: Services, group: str, fields: Mapping[str, Any], param: str, said: str
) -> None:
    before = await services.lines.get("shop")
    async with page(services, language="zh-CN") as at:
        refused = await at.post("/prompts/line/change", json=await sent(services, group, **fields))
    error = refused.json()["error"]
    assert (refused.status_code, error["param"]) == (400, param)
    assert any(part in error["message"] for part in said.split("|"))
    assert await services.lines.get("shop") == before


async def test_who_saves_what_somebody_else_changed_is_told(services: Services) -> None:
    late = await sent(services, "handoff", handoff__words="late")
    async with page(services) as at:
        first = await at.post(
            "/prompts/line/change", json=await sent(services, "handoff", handoff__words="first")
        )
        assert first.status_code == 200
        other = await at.post("/prompts/line/change", json=await sent(services, "voice", persona="x"))
        assert other.status_code == 200, "another group is another matter"
        refused = await at.post("/prompts/line/change", json=late)
        assert "Somebody has just changed" in refused.json()["error"]["message"]
        assert (await at.post("/prompts/line/change", json={"group": "none"})).status_code == 400


def test_lines_of_one_name_are_told_apart_by_their_ids() -> None:
    lines = [
        BusinessLine("shop", {"zh": "商城"}, ()),
        BusinessLine("shop2", {"zh": "商城"}, (), archived=True),
        BusinessLine("bank", {"en": "Bank"}, (), archived=True),
    ]
    assert line_names(lines, "zh") == {
        "shop": "商城（shop）", "shop2": "商城（shop2、已归档）", "bank": "Bank（已归档）",
    }  # fmt: skip
    assert line_names(lines, "en")["bank"] == "Bank (archived)"


async def test_a_new_line_keeps_the_hours_of_whoever_makes_it(services: Services) -> None:
    async with page(services) as at:
        fields = {"id": "outlet", "name": "Outlet"}
        await at.post("/prompts/line/create", json=fields, headers={"x-time-zone": "Asia/Shanghai"})
        await at.post(
            "/prompts/line/create", json=fields | {"id": "other"}, headers={"x-time-zone": "Mars/Base"}
        )
    zones = {line.id: line.time_zone for line in await services.lines.all()}
    assert (zones["outlet"], zones["other"]) == ("Asia/Shanghai", "UTC")


async def test_lines_are_made_copied_archived_and_brought_back(services: Services) -> None:
    async with page(services) as at:
        made = await at.post("/prompts/line/create", json={"id": "outlet", "name": "Outlet"})
        assert made.json() == {"message": "“Outlet” is ready.", "line": "outlet"}
        taken = await at.post("/prompts/line/create", json={"id": "outlet", "name": "Outlet"})
        assert (taken.json()["error"]["param"], "already" in taken.text) == ("id", True)
        for wrong in ("Outlet!", "shared"):
            refused = await at.post("/prompts/line/create", json={"id": wrong, "name": "x"})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, "id")
        copied = await at.post(
            "/prompts/line/copy", json={"id": "shop2", "name": "Two", "search_original": "yes"}
        )
        assert copied.json()["line"] == "shop2"
        copy = await services.lines.get("shop2")
        assert copy
        assert "shop" in copy.bases
        gone = await at.post("/prompts/line/archive", json={"archived": "yes"})
        assert "has been archived" in gone.json()["message"]
        shown = (await at.get("/prompts/line")).text
        assert "answers nobody" in shown
        assert "(archived)" in (await at.get("/prompts/frame")).text
        await at.post("/prompts/line/archive", json={"archived": "no"})
        line = await services.lines.get("shop")
        assert line
        assert not line.archived


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_the_default_line_cannot_be_archived(tmp_path: Path, language: str) -> None:
    async with services_in(tmp_path, default_line="shop") as services:
        await plant_lines(services, starter_lines())
        async with page(services, language=language) as at:
            shown = (await at.get("/prompts/line")).text
            assert "XIAOQ_DEFAULT_LINE" in shown
            assert "line/archive" not in shown
            kept = await at.post("/prompts/line/archive", json={"archived": "yes"})
            assert "XIAOQ_DEFAULT_LINE" in kept.json()["error"]["message"]
        line = await services.lines.get("shop")
        assert line
        assert not line.archived


async def test_a_line_is_exported_and_imported(services: Services) -> None:
    async with page(services) as at:
        file = await at.get("/prompts/line/export")
        assert file.headers["content-disposition"] == 'attachment; filename="line-shop.yaml"'
        headers = {"x-file-name": "line.yaml"}
        made = await at.post(
            "/prompts/line/import",
            params={"line": "shop", "id": "twin"},
            content=file.content,
            headers=headers,
        )
        assert made.json()["line"] == "twin", made.text
        wrong = file.content.replace(b"names:", b"title: x\n  names:", 1)
        for data, said in ((wrong, "line 5 of the file (line.title)"), (b"\xff", "cannot be read")):
            refused = await at.post(
                "/prompts/line/import", params={"id": "no"}, content=data, headers=headers
            )
            error = refused.json()["error"]
            assert (refused.status_code, error["param"]) == (400, "file")
            assert said in error["message"]
        assert await services.lines.get("no") is None


async def test_what_is_shown_is_escaped_and_whole(services: Services) -> None:
    async with page(services) as at:
        fields = await sent(services, "voice", persona="</textarea><script>alert(1)</script> {now} ${x}")
        await at.post("/prompts/line/change", json=fields)
        shown = (await at.get("/prompts/line")).text
    assert "<script>" not in shown
    assert "&lt;/textarea&gt;" in shown
    for group in GROUPS:
        assert f'id="xq-line-{group.name}"' in shown


async def test_a_manager_of_one_line_sees_it_alone(services: Services) -> None:
    bound = Principal("console", "manager", "op-2", "shop")
    async with page(services, bound) as at:
        shown = (await at.get("/prompts/line")).text
        assert "line/create" not in shown
        assert (await at.get("/prompts/line", params={"line": "bank"})).status_code == 403
        assert (await at.post("/prompts/line/create", json={"id": "x", "name": "x"})).status_code == 403
        fields = await sent(services, "identity", names__zh="x", bases=["bank"])
        refused = await at.post("/prompts/line/change", json=fields)
        assert refused.json()["error"]["param"] == "bases"


def test_every_language_has_a_name_and_both_tongues_every_word() -> None:
    assert set(TONGUES) == set(all_sentences())
    assert set(LINE_WORDS["zh"]) == set(LINE_WORDS["en"])
