"""The starter knowledge that a fresh machine begins with: business lines and their sample documents.

It does not store or index them.
"""

from pathlib import Path

from core.errors import ConfigurationError
from core.messages import BusinessLine

_FOLDER = Path(__file__).resolve().parent / "starter"


def starter_lines() -> list[BusinessLine]:
    """The lines of `starter/lines.yaml`, in its order."""
    import yaml

    path = _FOLDER / "lines.yaml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = entries["lines"] if isinstance(entries, dict) else entries
        return [
            BusinessLine(
                id=str(entry["id"]),
                names=dict(entry["names"]),
                bases=tuple(entry["bases"]),
                persona=entry.get("persona"),
                greeting=dict(entry.get("greeting") or {}),
                suggestions={key: tuple(texts) for key, texts in (entry.get("suggestions") or {}).items()},
                contact=dict(entry.get("contact") or {}),
            )
            for entry in entries
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        raise ConfigurationError("knowledge/starter/lines.yaml is missing or damaged; restore it.") from None


def starter_files(base: str) -> list[Path]:
    """The sample documents of a base, by name; none for a base that has no samples."""
    folder = _FOLDER / base
    if folder.parent != _FOLDER or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
