"""The walls between the rooms, and the drawing of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "engines", "storage", "knowledge", "pipelines", "gateway", "pages")


def test_import_directions_hold() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_builds_nothing_heavy(room: str) -> None:
    """What is slow to import (facts: Gradio 2.5 s, torch 1.7 s) must not be paid by a command that needs none."""
    code = f"import sys, {room}; print([m for m in ('gradio','torch','pandas','faiss') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_drawing_names_only_files_that_exist() -> None:
    drawing = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    rooms = "|".join((*ROOMS, "tests"))
    named = re.findall(rf"`((?:{rooms})/[\w/]+\.py)`", drawing)
    assert len(named) > 8
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_room_is_in_the_drawing() -> None:
    drawing = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [room for room in ROOMS if f"{room}/" not in drawing] == []
