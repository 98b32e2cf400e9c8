"""Lists in the docs are checked against the code they list."""

import re
from pathlib import Path

from core.settings import Settings
from gateway.refused import WHY
from gateway.schema import ChatRequest
from gateway.text_schema import CompletionRequest, EmbeddingRequest

ROOT = Path(__file__).parents[1]


def test_every_setting_is_documented_with_its_description() -> None:
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(XIAOQ_\w+)` \| .*? \| (.*) \|$", page, re.MULTILINE))
    expected = {f"XIAOQ_{name.upper()}": field.description for name, field in Settings.model_fields.items()}
    assert rows == expected


def test_both_readmes_name_the_two_commands() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "make run" in text
        assert "make test" in text
        for picture in re.findall(r"!\[.*?\]\((.*?)\)", text):
            assert (ROOT / picture).is_file(), picture


def test_the_locks_hold_hashes_for_every_pin() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        pins = re.findall(r"^[a-z0-9][\w.\-\[\],]*==\S+.*$", text, re.MULTILINE)
        assert pins
        assert all(pin.endswith("\\") for pin in pins), name


def test_every_field_of_openais_api_is_on_its_page() -> None:
    page = (ROOT / "docs/openai.md").read_text(encoding="utf-8")
    taken = {
        name
        for request in (ChatRequest, CompletionRequest, EmbeddingRequest)
        for name in request.model_fields
    }
    missing = {name for name in taken | set(WHY) if f"`{name}`" not in page and f"`{name}." not in page}
    assert not missing
    assert not taken & set(WHY)
