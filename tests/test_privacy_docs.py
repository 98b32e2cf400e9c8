"""docs/privacy names commands, routes, tables and settings: each exists, and both languages name the same."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
from fastapi import FastAPI

from commands import cli
from core.settings import Settings
from gateway.api import routers
from storage.tables import metadata

FOLDER = Path(__file__).parents[1] / "docs" / "privacy"
ENGLISH = sorted(path.name for path in FOLDER.glob("*.md") if not path.name.endswith(".zh-CN.md"))
PAGES = sorted(path.name for path in FOLDER.glob("*.md"))


def code(page: str) -> list[str]:
    """Whatever stands in backticks, and the lines of blocks."""
    text = (FOLDER / page).read_text(encoding="utf-8")
    blocks = [line for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    return blocks + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def chinese(page: str) -> str:
    return page.replace(".md", ".zh-CN.md")


def known(command: Any, words: list[str]) -> None:
    """The command and its options, as an operator would type them."""
    while hasattr(command, "commands"):
        assert words, command.name
        assert words[0] in command.commands, words
        command, words = command.commands[words[0]], words[1:]
    options = {option for param in command.params for option in param.opts if option.startswith("--")}
    assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_setting_named_exists(page: str) -> None:
    for piece in code(page):
        if piece.startswith("python app.py "):
            known(typer.main.get_command(cli), piece.split()[2:])
        for setting in re.findall(r"XIAOQ_(\w+)", piece):
            assert setting.lower() in Settings.model_fields, setting


def test_every_route_named_exists() -> None:
    app = FastAPI()
    for router in routers:
        app.include_router(router)
    paths = app.openapi()["paths"]
    for page in PAGES:
        for piece in code(page):
            if found := re.fullmatch(r"(GET|POST|DELETE|PATCH|PUT) (/\S+)", piece):
                assert found[1].lower() in paths.get(found[2], {}), piece


def test_every_table_of_the_record_exists_and_none_that_holds_people_is_missing() -> None:
    named = {piece for piece in code("record-of-processing.md") if piece in metadata.tables}
    about_people = {
        "conversation", "customer", "turn", "source", "vault", "attachment", "feedback", "word_hit", "account", "session", "audit",
    }  # fmt: skip
    assert named == about_people


@pytest.mark.parametrize("page", ENGLISH)
def test_both_languages_say_the_same_and_that_it_is_no_legal_advice(page: str) -> None:
    assert sorted(code(page)) == sorted(code(chinese(page)))
    assert re.search(r"no(t)? legal advice", (FOLDER / page).read_text(encoding="utf-8"))
    assert "不构成法律意见" in (FOLDER / chinese(page)).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (FOLDER / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (FOLDER / target).is_file(), target
