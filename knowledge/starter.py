"""The starter knowledge that a fresh machine begins with: business lines and their sample documents.

It does not store or index them.
"""

from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from core.errors import ConfigurationError
from core.line_fields import NewLine
from core.messages import BusinessLine

_FOLDER = Path(__file__).resolve().parent / "starter"


def starter_lines() -> list[BusinessLine]:
    """The lines of `starter/lines.yaml`, in its order; each is written as `line` is in a line's file."""
    import yaml

    path = _FOLDER / "lines.yaml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        written = [NewLine.model_validate(entry) for entry in entries]
        # One that searches other lines' bases alone has no documents of its own to be given.
        return [replace(one.line(), bases=tuple(one.bases or (one.id,))) for one in written]
    except (OSError, yaml.YAMLError, ValidationError, TypeError):
        raise ConfigurationError("knowledge/starter/lines.yaml is missing or damaged; restore it.") from None


def starter_files(base: str) -> list[Path]:
    """The sample documents of a base, by name; none for a base that has no samples."""
    folder = _FOLDER / base
    if folder.parent != _FOLDER or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
